// The open commands of one device, in memory: which of them is sent, when, and again. Sends nothing, and knows no session.

import { commandStatus } from "../../protocol/commands.ts";
import { digestOf } from "../../protocol/digest.ts";
import { encode } from "../../protocol/encode.ts";
import type { CommandRow, CommandTouch } from "../rows.ts";

/** A command is sent again after this long, so many times; then only after a packet of the device. */
const repeatMs = 2_000;
const repeats = 3;
/** A packet begins a new round at most this long after the last one began, ms. */
const roundMs = 8_000;
/** One that the device has is in the way of the next for this long, ms. */
const answerMs = 30_000;

/** An open command. */
export class OpenCommand {
  /** Its STATUS, and the SHA-256 of it in lower-case hex, by which an ACK names it. */
  readonly text: string;
  readonly hash: string;
  sendings: number;
  sent: number | null;
  delivered: number | null;
  /** When the device said that it has it, by the monotonic clock, ms; null: it is to be sent. */
  deliveredAt: number | null;
  /** A step that ends it is under way. */
  isEnding = false;
  /** Its row in the store is older than this, and queued for writing. */
  isTouched = false;

  constructor(
    private readonly stored: CommandRow,
    uptimeMs: number,
  ) {
    this.text = encode(commandStatus(stored.number, stored.message));
    this.hash = digestOf(Buffer.from(this.text));
    this.sendings = stored.sendings;
    this.sent = stored.sent;
    this.delivered = stored.delivered;
    this.deliveredAt = stored.delivered === null ? null : uptimeMs;
  }

  get number(): number {
    return this.stored.number;
  }

  get device(): string {
    return this.stored.device;
  }

  get due(): number {
    return this.stored.due;
  }

  get message(): string {
    return this.stored.message;
  }

  /** What is known of it that its row may lack. */
  get touch(): CommandTouch {
    const { number, sendings, sent, delivered } = this;
    return { number, sendings, sent, delivered };
  }

  /** Its row as it will be written. */
  get row(): CommandRow {
    return { ...this.stored, ...this.touch };
  }
}

export class CommandQueue {
  #open: OpenCommand[] = [];
  /** When the last round began, and when the command is sent again, by the monotonic clock, ms. */
  #roundAt = Number.NEGATIVE_INFINITY;
  #nextAt = Number.POSITIVE_INFINITY;
  #left = 0;
  /** The number of the command that the round is of. */
  #roundOf = 0;

  get open(): readonly OpenCommand[] {
    return this.#open;
  }

  /** Takes over the open commands of the device as they are stored; what is known of one stays. */
  load(rows: readonly CommandRow[], uptimeMs: number): void {
    const known = new Map(this.#open.map((one) => [one.number, one]));
    this.#open = rows.map((row) => known.get(row.number) ?? new OpenCommand(row, uptimeMs));
  }

  /** The device has logged in: it may have restarted, so what it has and has not answered is sent again. */
  begin(): void {
    for (const one of this.#open) one.deliveredAt = null;
    this.#roundAt = Number.NEGATIVE_INFINITY;
  }

  find(number: number): OpenCommand | undefined {
    return this.#open.find((one) => one.number === number);
  }

  remove(number: number): void {
    this.#open = this.#open.filter((one) => one.number !== number);
  }

  /** The command that the device is to carry out now, whether it has it or not. @param service the time of service, ms */
  current(uptimeMs: number, service: number): OpenCommand | undefined {
    for (const one of this.#open) {
      const { deliveredAt, due, isEnding } = one;
      if (isEnding || due <= service) continue;
      if (deliveredAt === null || uptimeMs - deliveredAt < answerMs) return one;
    }
    return undefined;
  }

  /**
   * The command to send now, if there is one.
   * @param why `packet`: the device was heard, so it listens. `time`: a repeat may be due, or a command may be in nobody's way any more
   */
  toSend(why: "packet" | "time", uptimeMs: number, service: number): OpenCommand | undefined {
    const one = this.current(uptimeMs, service);
    if (one === undefined || one.deliveredAt !== null) return undefined;
    if (this.#roundOf !== one.number) return this.#beginRound(one, uptimeMs);
    if (why === "packet") {
      return uptimeMs - this.#roundAt < roundMs ? undefined : this.#beginRound(one, uptimeMs);
    }
    if (this.#left === 0 || uptimeMs < this.#nextAt) return undefined;
    this.#left--;
    this.#nextAt += repeatMs;
    return one;
  }

  /** The device has asked for its command, and gets it in the answer: it is not sent besides. */
  asked(one: OpenCommand, uptimeMs: number): void {
    this.#beginRound(one, uptimeMs);
    this.#left = 0;
  }

  #beginRound(one: OpenCommand, uptimeMs: number): OpenCommand {
    this.#roundOf = one.number;
    this.#roundAt = uptimeMs;
    this.#nextAt = uptimeMs + repeatMs;
    this.#left = repeats;
    return one;
  }
}
