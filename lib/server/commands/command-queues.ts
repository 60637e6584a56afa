// The open commands of all devices with a session here, in memory, and which of their rows are older than that. The rows are the
// truth: a device that another node hears takes its queue along. Sends nothing and stores nothing.

import type { EngineClock } from "../engine-clock.ts";
import type { CommandRow, CommandTouch, StoredCommands } from "../rows.ts";
import { CommandQueue, type OpenCommand } from "./command-queue.ts";
import { ServiceClock } from "./service-clock.ts";

export class CommandQueues {
  readonly #byDevice = new Map<string, CommandQueue>();
  /** By the hash of their STATUS. */
  readonly #byHash = new Map<string, OpenCommand>();
  #touched: OpenCommand[] = [];
  readonly service: ServiceClock;

  constructor(
    private readonly clock: EngineClock,
    stored: StoredCommands | null,
  ) {
    const { wallMs: wall, uptimeMs: monotonic } = clock;
    this.service = new ServiceClock(stored?.service ?? null, { wall, monotonic });
  }

  /** The time of service, ms. */
  get serviceMs(): number {
    return this.service.at(this.clock.uptimeMs);
  }

  /** Whether a device has an open command. */
  has(id: string): boolean {
    return this.#byDevice.has(id);
  }

  /** The devices that have open commands. */
  devices(): MapIterator<string> {
    return this.#byDevice.keys();
  }

  /** Takes over the open commands of a device as they are stored. @param isLogin whether it has logged in just now */
  load(id: string, rows: readonly CommandRow[], isLogin: boolean): void {
    const queue = this.#byDevice.get(id) ?? new CommandQueue();
    for (const { hash } of queue.open) this.#byHash.delete(hash);
    queue.load(rows, this.clock.uptimeMs);
    if (isLogin) queue.begin();
    for (const one of queue.open) this.#byHash.set(one.hash, one);
    if (rows.length === 0) this.#byDevice.delete(id);
    else this.#byDevice.set(id, queue);
  }

  /** A command was queued for a device with a session here. */
  add(row: CommandRow): void {
    const open = this.#byDevice.get(row.device)?.open ?? [];
    if (open.some(({ number }) => number === row.number)) return;
    this.load(row.device, [...open.map((one) => one.row), row], false);
  }

  /** A command has ended. */
  remove(device: string, number: number): void {
    const queue = this.#byDevice.get(device);
    const one = queue?.find(number);
    if (queue === undefined || one === undefined) return;
    this.#byHash.delete(one.hash);
    queue.remove(number);
    if (queue.open.length === 0) this.#byDevice.delete(device);
  }

  /** A device has no session here any more. */
  drop(id: string): void {
    for (const { hash } of this.#byDevice.get(id)?.open ?? []) this.#byHash.delete(hash);
    this.#byDevice.delete(id);
  }

  /** The numbers of a device's open commands, ascending, separated by commas. */
  numbersOf(id: string): string {
    return (this.#byDevice.get(id)?.open ?? []).map(({ number }) => number).join(",");
  }

  find(device: string, number: number): OpenCommand | undefined {
    return this.#byDevice.get(device)?.find(number);
  }

  /** The command whose STATUS has this hash. */
  withHash(hash: string): OpenCommand | undefined {
    return this.#byHash.get(hash);
  }

  /** As `CommandQueue.current`. */
  current(id: string): OpenCommand | undefined {
    return this.#byDevice.get(id)?.current(this.clock.uptimeMs, this.serviceMs);
  }

  /** As `CommandQueue.toSend`; the caller sends it. */
  toSend(id: string, why: "packet" | "time"): OpenCommand | undefined {
    return this.#byDevice.get(id)?.toSend(why, this.clock.uptimeMs, this.serviceMs);
  }

  /** The device gets its command in the answer to its QUERY. */
  asked(one: OpenCommand): void {
    this.#byDevice.get(one.device)?.asked(one, this.clock.uptimeMs);
  }

  /** A command was sent. */
  noteSent(one: OpenCommand): void {
    one.sendings++;
    one.sent = this.clock.wallMs;
    this.#touch(one);
  }

  /** The device has said that it has a command. False if it had said so before. */
  noteDelivered(one: OpenCommand): boolean {
    const isFirst = one.delivered === null;
    one.deliveredAt ??= this.clock.uptimeMs;
    one.delivered ??= this.clock.wallMs;
    if (isFirst) this.#touch(one);
    return isFirst;
  }

  /** Those that are too late and are not being ended. */
  overdue(): OpenCommand[] {
    const { serviceMs } = this;
    const found: OpenCommand[] = [];
    for (const { open } of this.#byDevice.values()) {
      for (const one of open) if (one.due <= serviceMs && !one.isEnding) found.push(one);
    }
    return found;
  }

  /** Takes some of the touches that are due. */
  takeTouches(most: number): (CommandTouch & { readonly device: string })[] {
    return this.#touched.splice(0, most).map((one) => {
      one.isTouched = false;
      return Object.assign(one.touch, { device: one.device });
    });
  }

  /** The touches of these commands could not be written. */
  touchAgain(touches: readonly { readonly device: string; readonly number: number }[]): void {
    for (const { device, number } of touches) {
      const one = this.find(device, number);
      if (one !== undefined) this.#touch(one);
    }
  }

  #touch(one: OpenCommand): void {
    if (one.isTouched) return;
    one.isTouched = true;
    this.#touched.push(one);
  }
}
