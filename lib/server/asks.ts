// The queue of the operator's questions to devices (protocol §4.9): an addressed QUERY goes out, the device's DATA
// comes back. Each device has one open question at a time, which is repeated and then given up. Never sends anything.

import { BoundedMap } from "../bounded-map.ts";
import { encodeTimeMs } from "../protocol/time.ts";
import type { Address } from "../protocol/messages.ts";
import type { Asker } from "./rows.ts";
import { limits } from "./policy.ts";

/** The result of a question. `busy`: there is no room for it, or the store failed. */
export type AskResult =
  | {
      readonly kind: "answer";
      readonly code: string;
      readonly time: string;
      readonly message: string;
    }
  | { readonly kind: "unknown" | "not-logged-in" | "no-answer" | "busy" };

/** A question to a device. */
export type Ask = {
  readonly id: string;
  /** Two digits. */
  readonly code: string;
  /** The target of the QUERY, in the form of an id. */
  readonly target: string;
  /** Where the device sends its answer: the address at which it reaches this server. */
  readonly answerTo: Address;
  readonly by: Asker;
  readonly onResult: (result: AskResult) => void;
};

/**
 * A question in the queue. The answer is matched by `time`, the time field of the QUERY; over a link each repeat has
 * the same `msgid`. `begun` and `sent` are the times of the first and the latest sending by the monotonic clock, ms; null
 * before that. `number` is that of its row, 0 until it is stored.
 */
export type OpenAsk = {
  readonly ask: Ask;
  time: string;
  msgid: bigint;
  begun: number | null;
  sent: number;
  number: number;
};

/** For this long after a question was given up, an addressed DATA with an unknown time counts as its late answer. */
const lateAnswerMs = 60_000;

export class Asks {
  readonly #byDevice = new Map<string, OpenAsk[]>();
  /** The latest question of a device if it was given up, in the order they were. */
  readonly #givenUp = new BoundedMap<string, { readonly number: number; readonly at: number }>(
    limits.asks,
  );
  /** The time of the latest question, ms. No two questions have the same, so that each answer matches one question. */
  #lastTime = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Appends a question to its device's queue. False if the limit of all questions is reached. */
  add(ask: Ask): boolean {
    if (this.#size >= limits.asks) return false;
    const open = { ask, time: "", msgid: 0n, begun: null, sent: 0, number: 0 };
    const queue = this.#byDevice.get(ask.id);
    if (queue === undefined) this.#byDevice.set(ask.id, [open]);
    else queue.push(open);
    this.#size++;
    return true;
  }

  /**
   * Ends the questions whose time is up, and returns those to send now, for the first time or again.
   * @param now ms since 1970
   * @param uptimeMs by the monotonic clock
   */
  due(now: number, uptimeMs: number): OpenAsk[] {
    const due: OpenAsk[] = [];
    for (const [id, queue] of this.#byDevice) {
      let open = queue[0];
      if (open !== undefined && isOver(open, uptimeMs)) {
        this.#end(id, { kind: "no-answer" }, uptimeMs);
        open = this.#byDevice.get(id)?.[0];
      }
      if (open === undefined) continue;
      if (open.begun === null) this.#begin(open, now, uptimeMs);
      else if (open.number === 0 || uptimeMs - open.sent < limits.askRepeatMs) continue;
      open.sent = uptimeMs;
      due.push(open);
    }
    return due;
  }

  /** Whether the question is the one that its device is to answer now. */
  isOpen(open: OpenAsk): boolean {
    return this.#byDevice.get(open.ask.id)?.[0] === open;
  }

  /** The number of the question that an addressed DATA of this device answers, whatever its time; 0 for none. */
  answerable(id: string, uptimeMs: number): number {
    const open = this.#byDevice.get(id)?.[0];
    if (open !== undefined && open.number > 0) return open.number;
    const ended = this.#givenUp.get(id);
    return ended !== undefined && uptimeMs - ended.at < lateAnswerMs ? ended.number : 0;
  }

  /** Ends the device's question of this number with its answer, if it is still open. */
  answer(id: string, question: number, answer: AskResult, uptimeMs: number): void {
    if (this.#byDevice.get(id)?.[0]?.number === question) this.#end(id, answer, uptimeMs);
  }

  /** Ends a question that could not be stored. */
  fail(open: OpenAsk, uptimeMs: number): void {
    if (this.isOpen(open)) this.#end(open.ask.id, { kind: "busy" }, uptimeMs);
  }

  /** Ends all questions to a device that has no session any more. */
  drop(id: string, uptimeMs: number): void {
    while (this.#byDevice.has(id)) this.#end(id, { kind: "not-logged-in" }, uptimeMs);
  }

  #begin(open: OpenAsk, now: number, uptimeMs: number): void {
    open.begun = uptimeMs;
    this.#lastTime = Math.max(now, this.#lastTime + 1);
    open.time = encodeTimeMs(this.#lastTime);
    open.msgid = BigInt(this.#lastTime);
  }

  #end(id: string, result: AskResult, uptimeMs: number): void {
    const queue = this.#byDevice.get(id);
    const open = queue?.shift();
    if (queue === undefined || open === undefined) return;
    if (queue.length === 0) this.#byDevice.delete(id);
    this.#size--;
    // One that was never sent has no answer, and the one before it may still get its own.
    if (open.number > 0) this.#remember(id, result.kind === "answer" ? 0 : open.number, uptimeMs);
    open.ask.onResult(result);
  }

  /** Remembers which question was given up last; 0 for none. */
  #remember(id: string, number: number, at: number): void {
    if (number === 0) this.#givenUp.delete(id);
    else this.#givenUp.renew(id, { number, at });
  }
}

function isOver({ begun }: OpenAsk, uptimeMs: number): boolean {
  return begun !== null && uptimeMs - begun >= limits.askTimeoutMs;
}
