// The queue of the operator's questions to devices (protocol §4.9): an addressed QUERY goes out, the device's DATA
// comes back. Each device has one open question at a time, which is repeated and then given up. Never sends anything.

import type { Data } from "../protocol/messages.ts";
import { decodeTime, encodeTimeMs } from "../protocol/time.ts";
import type { Endpoint } from "./operation.ts";
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
  readonly answerTo: Endpoint;
  readonly onResult: (result: AskResult) => void;
};

/**
 * A question in the queue. The answer is matched by `time`, the time field of the QUERY; over a link each repeat has
 * the same `msgid`. `begun` and `sent` are the times of the first and the latest sending by the monotonic clock, ms; null
 * before that.
 */
export type OpenAsk = {
  readonly ask: Ask;
  time: string;
  msgid: bigint;
  begun: number | null;
  sent: number;
};

/** An answer to a question older than this is no longer expected. */
const lateAnswerMs = 60_000;

export class Asks {
  readonly #byDevice = new Map<string, OpenAsk[]>();
  /** The time of the latest question, ms. No two questions have the same, so that each answer matches one question. */
  #lastTime = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Appends a question to its device's queue. False if the limit of all questions is reached. */
  add(ask: Ask): boolean {
    if (this.#size >= limits.asks) return false;
    const open = { ask, time: "", msgid: 0n, begun: null, sent: 0 };
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
        this.#end(id, { kind: "no-answer" });
        open = this.#byDevice.get(id)?.[0];
      }
      if (open === undefined) continue;
      if (open.begun === null) this.#begin(open, now, uptimeMs);
      else if (uptimeMs - open.sent < limits.askRepeatMs) continue;
      open.sent = uptimeMs;
      due.push(open);
    }
    return due;
  }

  /**
   * Ends the device's open question if this DATA answers it: if it repeats the question's time, or if it is in the
   * addressed form, was not stored before, and does not have the time of an earlier question (a late answer to that).
   * @param repeated whether the same DATA was stored before
   * @returns whether it was the answer
   */
  answer(data: Data, repeated: boolean): boolean {
    const open = this.#byDevice.get(data.id)?.[0];
    if (open === undefined || open.begun === null) return false;
    if (data.time !== open.time) {
      if (data.address === null || repeated || isShortlyBefore(data.time, open.time)) return false;
    }
    const { code, time, message } = data;
    this.#end(data.id, { kind: "answer", code, time, message });
    return true;
  }

  /** Ends all questions to a device that has no session any more. */
  drop(id: string): void {
    while (this.#byDevice.has(id)) this.#end(id, { kind: "not-logged-in" });
  }

  #begin(open: OpenAsk, now: number, uptimeMs: number): void {
    open.begun = uptimeMs;
    this.#lastTime = Math.max(now, this.#lastTime + 1);
    open.time = encodeTimeMs(this.#lastTime);
    open.msgid = BigInt(this.#lastTime);
  }

  #end(id: string, result: AskResult): void {
    const queue = this.#byDevice.get(id);
    const open = queue?.shift();
    if (queue === undefined || open === undefined) return;
    if (queue.length === 0) this.#byDevice.delete(id);
    this.#size--;
    open.ask.onResult(result);
  }
}

function isOver({ begun }: OpenAsk, uptimeMs: number): boolean {
  return begun !== null && uptimeMs - begun >= limits.askTimeoutMs;
}

/** Whether a time has the format of the question's and is less than `lateAnswerMs` before it: an earlier question's. */
function isShortlyBefore(time: string, asked: string): boolean {
  const [at, askedAt] = [decodeTime(time), decodeTime(asked)];
  if (at === null || askedAt === null || time.length !== asked.length) return false;
  return at < askedAt && askedAt - at < lateAnswerMs;
}
