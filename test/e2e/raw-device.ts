// A device made of a bare UDP socket: sends any bytes from a chosen source address and hears what comes back. Follows
// no protocol by itself.

import { deadlineMs, until, within } from "./polling.ts";

/** The fields of an ACK. */
export type Ack = {
  readonly code: string;
  readonly id: string;
  readonly time: string;
  readonly hash: string;
  readonly reason: string | undefined;
};

export class RawDevice implements Disposable {
  /** Every received datagram that `next` has not taken yet. */
  readonly heard: string[] = [];
  #waiting: ((text: string) => void) | null = null;

  private constructor(
    private readonly socket: Bun.udp.Socket<"buffer">,
    private readonly serverPort: number,
    private readonly serverIp: string,
  ) {}

  /**
   * Opens a device.
   * @param from its source address; the system chooses the port by default
   */
  static async open(serverPort: number, from = "127.0.0.1", port = 0): Promise<RawDevice> {
    const to = from.includes(":") ? from : "127.0.0.1";
    let device: RawDevice | null = null;
    const socket = await Bun.udpSocket({
      hostname: from,
      port,
      binaryType: "buffer",
      socket: {
        data: (_socket, bytes) => device?.hear(bytes.toString("utf8")),
        error() {},
      },
    });
    device = new RawDevice(socket, serverPort, to);
    return device;
  }

  get port(): number {
    return this.socket.port;
  }

  send(datagram: string | Uint8Array): void {
    this.socket.send(datagram, this.serverPort, this.serverIp);
  }

  /** Sends many datagrams; waits while the system's send buffer is full. */
  async sendAll(datagrams: readonly (string | Uint8Array)[]): Promise<void> {
    for (let at = 0; at < datagrams.length;) {
      const chunk = datagrams.slice(at, at + 200);
      const batch = chunk.flatMap((it) => [it, this.serverPort, this.serverIp]);
      at += this.socket.sendMany(batch);
      if (at < datagrams.length) await new Promise(setImmediate);
    }
  }

  /** The oldest datagram that was not taken yet, or the next one to arrive. */
  next(what = "a datagram"): Promise<string> {
    const early = this.heard.shift();
    if (early !== undefined) return Promise.resolve(early);
    return within(what, new Promise<string>((resolve) => (this.#waiting = resolve)));
  }

  /** Sends a datagram; returns the next one that arrives. */
  ask(datagram: string | Uint8Array): Promise<string> {
    this.send(datagram);
    return this.next(`an answer to ${JSON.stringify(datagram.toString().slice(0, 80))}`);
  }

  /** Sends a datagram; returns the ACK that arrives, after a check that it has this datagram's hash. */
  async ack(datagram: string | Uint8Array): Promise<Ack> {
    const reply = await this.ask(datagram);
    const ack = ackOf(reply);
    if (ack?.hash !== hashOf(datagram)) throw new Error(`no ACK of what was sent: ${reply}`);
    return ack;
  }

  /** Like `ack`, but returns the code only. */
  async code(datagram: string | Uint8Array): Promise<string> {
    return (await this.ack(datagram)).code;
  }

  /** Sends repeatedly until the ACK arrives: for tests in which other traffic may cause losses. */
  async persist(datagram: string | Uint8Array, everyMs = 100): Promise<string> {
    const hash = hashOf(datagram);
    let sentAt = Number.NEGATIVE_INFINITY;
    return until(
      "an answer to a datagram sent again and again",
      () => {
        if (performance.now() - sentAt > everyMs) {
          this.send(datagram);
          sentAt = performance.now();
        }
        const acks = this.heard.splice(0).map(ackOf);
        return acks.find((ack) => ack?.hash === hash)?.code;
      },
      deadlineMs,
    );
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }

  private hear(text: string): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.heard.push(text);
    else waiting(text);
  }
}

/** The fields of an ACK; null for any other text. */
export function ackOf(text: string): Ack | null {
  const [verb, code, id, time, hash, reason] = text.split("\t");
  if (verb !== "ACK" || hash === undefined) return null;
  return { code, id, time, hash, reason } as Ack;
}

/** The hash that the ACK of this datagram carries. */
export function hashOf(datagram: string | Uint8Array): string {
  return Bun.SHA256.hash(datagram, "hex");
}
