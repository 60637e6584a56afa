// A relay between one client and the server that loses, repeats and reorders a share of the datagrams, by a seed. Knows
// nothing of what they contain.

import { type Faults, LossyLane } from "./lossy-lane.ts";

type Socket = Bun.udp.Socket<"buffer">;

/** A datagram that nothing overtakes comes out after this time. */
const holdMs = 5;

/** Listens on a port of its own, and passes datagrams on in both directions. */
export class LossyRelay implements Disposable {
  readonly #toServer: LossyLane;
  readonly #toClient: LossyLane;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #client = 0;

  private constructor(
    readonly near: Socket,
    readonly far: Socket,
    readonly serverPort: number,
    faults: Faults,
    seed: number,
  ) {
    this.#toServer = new LossyLane(faults, seed);
    this.#toClient = new LossyLane(faults, seed + 1);
  }

  /**
   * @param loss share of the datagrams that are lost, in each direction
   * @param others what else happens to them; nothing by default
   */
  static async open(
    serverPort: number,
    loss: number,
    seed: number,
    others: Partial<Omit<Faults, "loss">> = {},
  ): Promise<LossyRelay> {
    const socket = (take: (bytes: Buffer, port: number) => void) =>
      Bun.udpSocket({
        hostname: "127.0.0.1",
        port: 0,
        socket: { data: (_socket, bytes, port) => take(bytes, port), error() {} },
      });
    const near = await socket((bytes, port) => relay.#takeFromClient(bytes, port));
    const far = await socket((bytes) => relay.#takeFromServer(bytes));
    const faults = { loss, repeat: 0, reorder: 0, ...others };
    const relay = new LossyRelay(near, far, serverPort, faults, seed);
    return relay;
  }

  /** The port that clients send to. */
  get port(): number {
    return this.near.port;
  }

  #takeFromClient(bytes: Buffer, port: number): void {
    this.#client = port;
    this.#pass(this.#toServer, bytes, (out) => this.far.send(out, this.serverPort, "127.0.0.1"));
  }

  #takeFromServer(bytes: Buffer): void {
    this.#pass(this.#toClient, bytes, (out) => this.near.send(out, this.#client, "127.0.0.1"));
  }

  #pass(lane: LossyLane, bytes: Buffer, send: (out: Uint8Array) => void): void {
    const wasHolding = lane.isHolding;
    for (const out of lane.pass(bytes)) send(out);
    if (wasHolding || !lane.isHolding) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const out of lane.release()) send(out);
    }, holdMs);
    this.#timers.add(timer);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.near.close();
    this.far.close();
  }
}
