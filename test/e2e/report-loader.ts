// A load of reports with a window, which records the acknowledged ones. Each report has a number that determines its
// datagram, so that it can be sent again byte for byte.

import { type Identity, data } from "./datagrams.ts";
import { until } from "./polling.ts";
import { ackOf, hashOf } from "./raw-device.ts";

const windowMax = 64;
const time = "2026-11-22:09:00:00";

export class ReportLoader implements Disposable {
  /** The number of reports sent at least once: numbers 0 to below this. */
  issued = 0;
  /** Numbers of reports that were answered 50 since the last `forget`. */
  acked: number[] = [];
  /** Codes of answers other than 50. */
  readonly otherCodes: string[] = [];
  readonly #pending = new Map<string, number>();
  #refills = false;

  private constructor(
    private readonly socket: Bun.udp.Socket<"buffer">,
    private readonly devices: readonly Identity[],
    public serverPort: number,
  ) {}

  /** Opens a load from devices that are logged in at 127.0.0.1. */
  static async open(devices: readonly Identity[], serverPort: number): Promise<ReportLoader> {
    let loader: ReportLoader | null = null;
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      binaryType: "buffer",
      socket: {
        data: (_socket, bytes) => loader?.hear(bytes.toString("latin1")),
        error() {},
      },
    });
    loader = new ReportLoader(socket, devices, serverPort);
    return loader;
  }

  /** The message of a report. */
  static messageOf(number: number): string {
    return `reading ${number}`;
  }

  /** Numbers of reports that were sent and not yet acknowledged. */
  get pending(): number[] {
    return [...this.#pending.values()];
  }

  /** Sends new reports within the window until `count` more are acknowledged; leaves the others unanswered. */
  async untilAcked(count: number): Promise<void> {
    const goal = this.acked.length + count;
    this.#refills = true;
    this.#refill();
    await until(`${count} acknowledged reports`, () => this.acked.length >= goal);
    this.#refills = false;
  }

  /** Sends these reports repeatedly until all pending ones are acknowledged. */
  async resend(numbers: readonly number[]): Promise<void> {
    for (const number of numbers) this.#pending.set(hashOf(this.#datagramOf(number)), number);
    let sentAt = Number.NEGATIVE_INFINITY;
    await until("reports that were sent again to be acknowledged", () => {
      if (performance.now() - sentAt > 200) {
        for (const number of this.#pending.values()) this.#send(number);
        sentAt = performance.now();
      }
      return this.#pending.size === 0;
    });
  }

  /** Empties the list of acknowledged numbers. */
  forget(): void {
    this.acked = [];
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }

  private hear(text: string): void {
    const ack = ackOf(text);
    const number = this.#pending.get(ack?.hash ?? "");
    if (ack === null || number === undefined) return;
    if (ack.code === "50") {
      this.#pending.delete(ack.hash);
      this.acked.push(number);
    } else {
      this.otherCodes.push(ack.code);
    }
    if (this.#refills) this.#refill();
  }

  #refill(): void {
    while (this.#pending.size < windowMax) {
      const number = this.issued++;
      this.#pending.set(hashOf(this.#datagramOf(number)), number);
      this.#send(number);
    }
  }

  #send(number: number): void {
    try {
      this.socket.send(this.#datagramOf(number), this.serverPort, "127.0.0.1");
    } catch {
      // The server was just killed.
    }
  }

  #datagramOf(number: number): string {
    const device = this.devices[number % this.devices.length] as Identity;
    return data(device, ReportLoader.messageOf(number), { time });
  }
}
