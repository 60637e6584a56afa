// The operator's questions to devices: an addressed QUERY goes out, the device's DATA comes back. One at a time a
// device, bounded, sent again, given up. Sends nothing itself.

import type { Data } from "../protocol/messages.ts";
import { decodeTime, encodeTimeMs } from "../protocol/time.ts";
import type { Endpoint } from "./operation.ts";
import { limits } from "./policy.ts";

/** What became of a question. */
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
  /** What is asked about, in the form of an id. */
  readonly target: string;
  /** Where the device is to send its answer: this server, as the device reaches it. */
  readonly answerTo: Endpoint;
  readonly onResult: (result: AskResult) => void;
};

/** A question under way: its QUERY's time ties the answer to it. Over a link every repeat has the same msgid. */
export type OpenAsk = {
  readonly ask: Ask;
  time: string;
  msgid: bigint;
  begun: number;
  sent: number;
};

/** Questions further back than this have no answers on the way any more. */
const lateAnswerMs = 60_000;

export class Asks {
  readonly #byDevice = new Map<string, OpenAsk[]>();
  /** The time of the last question, ms: no two have the same, so that none takes the answer to another. */
  #lastTime = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a question behind others to the same device, or says there is no room. */
  add(ask: Ask): boolean {
    if (this.#size >= limits.asks) return false;
    const open = { ask, time: "", msgid: 0n, begun: 0, sent: 0 };
    const queue = this.#byDevice.get(ask.id);
    if (queue === undefined) this.#byDevice.set(ask.id, [open]);
    else queue.push(open);
    this.#size++;
    return true;
  }

  /** The questions that are to be sent now, for the first time or again; those given up are ended. */
  due(now: number): OpenAsk[] {
    const due: OpenAsk[] = [];
    for (const [id, queue] of this.#byDevice) {
      let open = queue[0];
      if (open !== undefined && open.begun > 0 && now - open.begun >= limits.askTimeoutMs) {
        this.#end(id, { kind: "no-answer" });
        open = this.#byDevice.get(id)?.[0];
      }
      if (open === undefined) continue;
      if (open.begun === 0) this.#begin(open, now);
      else if (now - open.sent < limits.askRepeatMs) continue;
      open.sent = now;
      due.push(open);
    }
    return due;
  }

  /**
   * Takes a DATA of the device for the answer where it is one. One in the addressed form needs not bear the question's
   * time, but then it must be new and not bear an earlier question's: a late answer to that answers nothing.
   * @param repeated whether it was stored before
   */
  answer(data: Data, repeated: boolean): boolean {
    const open = this.#byDevice.get(data.id)?.[0];
    if (open === undefined || open.begun === 0) return false;
    if (data.time !== open.time) {
      if (data.address === null || repeated || isShortlyBefore(data.time, open.time)) return false;
    }
    const { code, time, message } = data;
    this.#end(data.id, { kind: "answer", code, time, message });
    return true;
  }

  /** Ends all questions to a device that is gone. */
  drop(id: string): void {
    while (this.#byDevice.has(id)) this.#end(id, { kind: "not-logged-in" });
  }

  #begin(open: OpenAsk, now: number): void {
    open.begun = now;
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

/** Whether a time that is written as questions bear it is before this question's. */
function isShortlyBefore(time: string, asked: string): boolean {
  const [at, askedAt] = [decodeTime(time), decodeTime(asked)];
  if (at === null || askedAt === null || time.length !== asked.length) return false;
  return at < askedAt && askedAt - at < lateAnswerMs;
}
