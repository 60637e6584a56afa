// A load of reports from text devices that use several servers, each one of them at a time and the next when that is silent.
// Records what was acknowledged and when. Each device has one report under way, so its order is that of the numbers.

import { data, type Identity } from "./datagrams.ts";
import { until } from "./polling.ts";
import { ackOf, hashOf } from "./raw-device.ts";

const tickMs = 20;
/** A report is sent again after this time without an answer; after the second repeat it goes to the next server. */
const repeatMs = 400;
const repeatsMax = 2;
/** A report that was refused for now goes again after this time; after so many times to the next server. */
const busyMs = 150;
const busyMax = 8;
const time = "2026-11-22:09:00:00";

type Sent = {
  readonly number: number;
  readonly datagram: string;
  readonly hash: string;
  /** When it is sent again, by the monotonic clock, ms. */
  due: number;
  repeats: number;
  refusals: number;
};

type Device = { readonly identity: Identity; server: number; sent: Sent | null; readyAt: number };

export class ChaosLoad implements Disposable {
  /** How many reports each device has sent: the numbers from 0 on. */
  readonly issued = new Map<string, number>();
  /** The numbers that were acknowledged, in that order. */
  readonly acked = new Map<string, number[]>();
  /** Answers other than 50, 93 and 95, with what was answered. */
  readonly strange: string[] = [];
  /** How often a device was told to come again. */
  refusals = 0;
  /** How often a device went to the next server. */
  moves = 0;
  /** The longest time without any acknowledgement, ms. */
  longestGapMs = 0;
  #lastAckAt = performance.now();
  #isIssuing = false;
  readonly #devices: Device[];
  readonly #byHash = new Map<string, Device>();
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(
    private readonly socket: Bun.udp.Socket<"buffer">,
    private readonly ports: readonly number[],
    identities: readonly Identity[],
    private readonly everyMs: number,
  ) {
    this.#devices = identities.map((identity, i) => ({
      identity,
      server: i % ports.length,
      sent: null,
      readyAt: 0,
    }));
    for (const { id } of identities) {
      this.issued.set(id, 0);
      this.acked.set(id, []);
    }
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /**
   * @param ports those of the servers
   * @param identities devices that are logged in at 127.0.0.1
   * @param everyMs the time between a device's acknowledged report and its next one
   */
  static async open(
    ports: readonly number[],
    identities: readonly Identity[],
    everyMs: number,
  ): Promise<ChaosLoad> {
    let load: ChaosLoad | null = null;
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      binaryType: "buffer",
      socket: {
        data: (_socket, bytes) => load?.hear(bytes.toString("latin1")),
        error() {},
      },
    });
    load = new ChaosLoad(socket, ports, identities, everyMs);
    return load;
  }

  /** The message of a report. */
  static messageOf(number: number): string {
    return `reading ${number}`;
  }

  get ackedCount(): number {
    let count = 0;
    for (const numbers of this.acked.values()) count += numbers.length;
    return count;
  }

  begin(): void {
    this.#isIssuing = true;
    this.#lastAckAt = performance.now();
  }

  /** Sends nothing new, and waits until all that was sent is acknowledged. */
  async finish(withinMs: number): Promise<void> {
    this.#isIssuing = false;
    const isDone = () => this.#devices.every(({ sent }) => sent === null);
    await until("the last reports to be acknowledged", isDone, withinMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.socket.close();
  }

  private hear(text: string): void {
    const ack = ackOf(text);
    const device = this.#byHash.get(ack?.hash ?? "");
    const sent = device?.sent;
    if (ack === null || device === undefined || sent === undefined || sent === null) return;
    const now = performance.now();
    if (ack.code === "50") {
      this.acked.get(device.identity.id)?.push(sent.number);
      this.#byHash.delete(sent.hash);
      device.sent = null;
      device.readyAt = now + this.everyMs;
      this.longestGapMs = Math.max(this.longestGapMs, now - this.#lastAckAt);
      this.#lastAckAt = now;
      return;
    }
    if (ack.code !== "93" && ack.code !== "95") this.strange.push(text);
    this.refusals++;
    sent.due = now + busyMs;
    if (++sent.refusals % busyMax === 0) this.#move(device);
  }

  #tick(): void {
    const now = performance.now();
    for (const device of this.#devices) {
      if (device.sent === null && this.#isIssuing && now >= device.readyAt) this.#issue(device);
      const { sent } = device;
      if (sent === null || now < sent.due) continue;
      if (sent.repeats++ > repeatsMax) {
        sent.repeats = 1;
        this.#move(device);
      }
      sent.due = now + repeatMs;
      this.#sendTo(this.ports[device.server] as number, sent.datagram);
    }
  }

  #issue(device: Device): void {
    const { id } = device.identity;
    const number = this.issued.get(id) as number;
    this.issued.set(id, number + 1);
    const datagram = data(device.identity, ChaosLoad.messageOf(number), { time });
    const hash = hashOf(datagram);
    device.sent = { number, datagram, hash, due: 0, repeats: 0, refusals: 0 };
    this.#byHash.set(hash, device);
  }

  #move(device: Device): void {
    device.server = (device.server + 1) % this.ports.length;
    this.moves++;
  }

  #sendTo(port: number, datagram: string): void {
    try {
      this.socket.send(datagram, port, "127.0.0.1");
    } catch {
      // The server was just killed.
    }
  }
}
