// A relay between one client and the server that loses a share of the datagrams, by a seed.

import { SeededRandom } from "./seeded-random.ts";

type Socket = Bun.udp.Socket<"buffer">;

/** Listens on a port of its own, and passes datagrams on in both directions. */
export class LossyRelay implements Disposable {
  readonly #random: SeededRandom;
  #client = 0;

  private constructor(
    readonly near: Socket,
    readonly far: Socket,
    readonly serverPort: number,
    readonly loss: number,
    seed: number,
  ) {
    this.#random = new SeededRandom(seed);
  }

  /** @param loss share of the datagrams that are lost, in each direction */
  static async open(serverPort: number, loss: number, seed: number): Promise<LossyRelay> {
    const socket = (take: (bytes: Buffer, port: number) => void) =>
      Bun.udpSocket({
        hostname: "127.0.0.1",
        port: 0,
        socket: { data: (_socket, bytes, port) => take(bytes, port), error() {} },
      });
    const near = await socket((bytes, port) => relay.#toServer(bytes, port));
    const far = await socket((bytes) => relay.#toClient(bytes));
    const relay = new LossyRelay(near, far, serverPort, loss, seed);
    return relay;
  }

  /** The port that clients send to. */
  get port(): number {
    return this.near.port;
  }

  #toServer(bytes: Buffer, port: number): void {
    this.#client = port;
    if (this.#random.next() >= this.loss) this.far.send(bytes, this.serverPort, "127.0.0.1");
  }

  #toClient(bytes: Buffer): void {
    if (this.#random.next() >= this.loss) this.near.send(bytes, this.#client, "127.0.0.1");
  }

  [Symbol.dispose](): void {
    this.near.close();
    this.far.close();
  }
}
