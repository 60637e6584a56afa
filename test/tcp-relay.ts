// A relay between a client and a server over TCP, which a test makes silent, deaf or cuts. Knows no protocol.

import type { Socket, TCPSocketListener } from "bun";

/**
 * `open`: all passes. `silent`: nothing passes, and nothing is closed. `mute`: what the server says is thrown away.
 * `closed`: new connections are refused by an end.
 */
export type RelayMode = "open" | "silent" | "mute" | "closed";

type Pair = { client: Socket<Pair>; server: Socket<Pair> | null; waiting: Buffer[] };

export class TcpRelay {
  mode: RelayMode = "open";
  /** Called with what a client says, before it is passed on. */
  onSaid: (bytes: Buffer) => void = () => {};
  readonly #pairs = new Set<Pair>();
  readonly #listener: TCPSocketListener<Pair>;

  /** @param port that of the server, on this machine */
  constructor(private readonly to: number) {
    this.#listener = Bun.listen<Pair>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (client) => this.#connect(client),
        data: ({ data: pair }, bytes) => {
          this.onSaid(bytes);
          if (this.mode === "silent" || this.mode === "closed") return;
          if (pair.server === null) pair.waiting.push(Buffer.from(bytes));
          else pair.server.write(bytes);
        },
        close: ({ data: pair }) => {
          // A client that gives a silent connection up is not seen by the server behind it.
          if (this.mode !== "silent") pair?.server?.end();
        },
        error: () => {},
      },
    });
  }

  get port(): number {
    return this.#listener.port;
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
    if (this.mode === "closed") {
      client.end();
      return;
    }
    const pair: Pair = { client, server: null, waiting: [] };
    client.data = pair;
    this.#pairs.add(pair);
    const connecting = Bun.connect<Pair>({
      hostname: "127.0.0.1",
      port: this.to,
      data: pair,
      socket: {
        data: (_, bytes) => {
          if (this.mode === "open") client.write(bytes);
        },
        close: () => void client.end(),
        error: () => {},
      },
    });
    void connecting.then(
      (server) => {
        pair.server = server;
        for (const bytes of pair.waiting.splice(0)) server.write(bytes);
      },
      () => client.end(),
    );
  }
}
