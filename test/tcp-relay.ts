// A relay between a client and a server over TCP, which a test makes silent, deaf, slow or cuts, or leads to another server.
// Knows no protocol.

import type { Socket, TCPSocketListener } from "bun";

/**
 * `open`: all passes. `stalled`: what is said waits until it is open again. `silent`: nothing passes, and nothing is closed.
 * `mute`: what the server says is thrown away. `closed`: new connections are refused by an end.
 */
export type RelayMode = "open" | "stalled" | "silent" | "mute" | "closed";

type Pair = {
  client: Socket<Pair>;
  server: Socket<Pair> | null;
  /** What waits for either side: it is not connected yet, takes no more for now, or the relay is stalled. */
  readonly toServer: Buffer[];
  readonly toClient: Buffer[];
};

export class TcpRelay {
  /** Called with what a client says, before it is passed on. */
  onSaid: (bytes: Buffer) => void = () => {};
  #mode: RelayMode = "open";
  readonly #pairs = new Set<Pair>();
  readonly #listener: TCPSocketListener<Pair>;

  /** @param to the port of the server, on this machine; that of another one for later connections */
  constructor(public to: number) {
    this.#listener = Bun.listen<Pair>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (client) => this.#connect(client),
        data: ({ data: pair }, bytes) => {
          this.onSaid(bytes);
          if (this.#mode === "silent" || this.#mode === "closed") return;
          pair.toServer.push(Buffer.from(bytes));
          this.#pass(pair);
        },
        drain: ({ data: pair }) => this.#pass(pair),
        close: ({ data: pair }) => {
          // A client that gives a silent connection up is not seen by the server behind it.
          if (pair === undefined || this.#mode === "silent") return;
          this.#pairs.delete(pair);
          pair.server?.end();
        },
        error: () => {},
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  get mode(): RelayMode {
    return this.#mode;
  }

  set mode(mode: RelayMode) {
    this.#mode = mode;
    for (const pair of this.#pairs) this.#pass(pair);
  }

  /** Cuts all connections, on both sides. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.terminate();
      server?.terminate();
    }
    this.#pairs.clear();
  }

  /** Cuts the clients' sides only: the server does not know it. */
  forget(): void {
    for (const { client } of this.#pairs) client.terminate();
  }

  close(): void {
    this.mode = "closed";
    this.cut();
    this.#listener.stop(true);
  }

  #connect(client: Socket<Pair>): void {
    if (this.#mode === "closed") {
      client.end();
      return;
    }
    const pair: Pair = { client, server: null, toServer: [], toClient: [] };
    client.data = pair;
    this.#pairs.add(pair);
    const connecting = Bun.connect<Pair>({
      hostname: "127.0.0.1",
      port: this.to,
      data: pair,
      socket: {
        data: (_, bytes) => {
          if (this.#mode !== "open" && this.#mode !== "stalled") return;
          pair.toClient.push(Buffer.from(bytes));
          this.#pass(pair);
        },
        drain: () => this.#pass(pair),
        close: () => void client.end(),
        error: () => {},
      },
    });
    void connecting.then(
      (server) => {
        pair.server = server;
        // Its client may have gone meanwhile.
        if (this.#pairs.has(pair)) this.#pass(pair);
        else server.terminate();
      },
      () => client.end(),
    );
  }

  #pass({ client, server, toServer, toClient }: Pair): void {
    if (this.#mode === "stalled") return;
    if (server !== null) write(server, toServer);
    write(client, toClient);
  }
}

/** Writes what waits, as far as the socket takes it. */
function write(socket: Socket<Pair>, waiting: Buffer[]): void {
  for (let [bytes] = waiting; bytes !== undefined; [bytes] = waiting) {
    const written = Math.max(0, socket.write(bytes));
    if (written < bytes.length) {
      waiting[0] = bytes.subarray(written);
      return;
    }
    waiting.shift();
  }
}
