// The requests of this client: one outstanding at a time, sent again on schedule, byte for byte the same, and tied to
// its answer by hash and source. Reads no clock: every call that needs one is given the time, in ms.

import { ack } from "../protocol/codes.ts";
import { encode } from "../protocol/encode.ts";
import type { Ack, Address, Data, Message } from "../protocol/messages.ts";
import { answersQuery } from "./answers.ts";
import { type Channel, type Delivery, sameHost } from "./channel.ts";
import type { Outcome } from "./outcome.ts";
import { retriesMax, type RetrySchedule, retrySchedule } from "./retry-schedule.ts";

/** A message ready to be sent, as often as it takes: its bytes and its number never change. */
export type Request = {
  readonly number: number;
  readonly message: Exclude<Message, Ack>;
  readonly text: string;
  readonly hash: string;
  readonly to: Address;
};

/** Called once, when the request has ended. */
export type OnOutcome = (outcome: Outcome, now: number) => void;

/** What an incoming DATA is to the requests. */
export type DataKind = "server-answer" | "device-answer" | "late" | "other";

type Submitted = {
  readonly request: Request;
  readonly timeoutMs: number;
  readonly onOutcome: OnOutcome;
};

type Outstanding = Submitted & {
  readonly schedule: RetrySchedule;
  sendings: number;
  /** How many sendings were answered with 93: those were not carried out. */
  busy: number;
  retryAt: number;
  readonly giveUpAt: number;
};

/** Times of QUERYs that have ended; their late or repeated answers must not pass for the answer to the next one. */
const endedTimesMax = 16;

/** The requests of one client towards the server and other devices. */
export class Requests {
  /** Datagrams that looked like an answer and were none: late, forged or to nothing that was asked. */
  ignored = 0;
  /** Called before each sending after the first, so that a person can be told. */
  onRetry: (request: Request, sending: number) => void = () => {};
  #numbers = 0;
  #outstanding: Outstanding | null = null;
  #waiting: Submitted[] = [];
  #endedTimes: string[] = [];

  /**
   * @param channel what carries the messages
   * @param random a source of numbers from 0 to 1
   */
  constructor(
    readonly channel: Channel,
    readonly random: () => number,
  ) {}

  /**
   * Writes a message once and for all.
   * @param message what is asked; its fields have been checked
   * @param to the server, or the device for an addressed QUERY
   */
  prepare(message: Request["message"], to: Address): Request {
    const text = encode(message);
    return { number: ++this.#numbers, message, text, hash: hashOf(text), to };
  }

  /**
   * Sends a request now, or as soon as those before it have ended. A request that ended may be submitted again: its
   * bytes and number stay the same.
   * @param timeoutMs ends it as silent after this long, from its first sending; Infinity for the whole schedule
   * @param onOutcome called once, later than this call returns or from within `receive` and `tick`
   */
  submit(request: Request, now: number, onOutcome: OnOutcome, timeoutMs = Infinity): void {
    this.#waiting.push({ request, timeoutMs, onOutcome });
    this.#startNext(now);
  }

  /** Forgets everything outstanding and waiting; their callers are not called. */
  cancelAll(): void {
    this.#waiting = [];
    this.#outstanding = null;
  }

  /** Whether nothing is outstanding or waiting. */
  get idle(): boolean {
    return this.#outstanding === null;
  }

  /** When `tick` wants to be called, in ms; null for never. */
  get wakeAt(): number | null {
    const outstanding = this.#outstanding;
    return outstanding === null ? null : Math.min(outstanding.retryAt, outstanding.giveUpAt);
  }

  /** Sends again or gives up what is due. */
  tick(now: number): void {
    const outstanding = this.#outstanding;
    if (outstanding === null || now < Math.min(outstanding.retryAt, outstanding.giveUpAt)) return;
    if (now >= outstanding.giveUpAt || outstanding.sendings > retriesMax) {
      this.#end(this.#withoutAnswer(outstanding), now);
      return;
    }
    this.onRetry(outstanding.request, outstanding.sendings + 1);
    this.#send(outstanding, now);
  }

  /**
   * Takes an ACK that came in.
   * @returns whether it answers the outstanding request; a late or forged one does not, and is counted
   */
  receiveAck(message: Ack, delivery: Delivery, now: number): boolean {
    const outstanding = this.#outstanding;
    const fits =
      outstanding !== null &&
      message.hash === outstanding.request.hash &&
      isFrom(delivery, outstanding.request, true);
    if (!fits) {
      this.ignored++;
      return false;
    }
    if (message.code === ack.busy) {
      // protocol §3: not carried out, try again later; the schedule says when.
      outstanding.busy = Math.min(outstanding.busy + 1, outstanding.sendings);
      return true;
    }
    const repeated = outstanding.sendings - outstanding.busy > 1;
    this.#end({ kind: "ack", code: message.code, reason: message.reason, repeated }, now);
    return true;
  }

  /**
   * Takes a DATA that came in.
   * @returns what it is: the answer to the outstanding QUERY, an answer already taken, or a message to this device
   */
  receiveData(message: Data, delivery: Delivery, now: number): DataKind {
    const outstanding = this.#outstanding;
    const asked = outstanding?.request.message;
    const question = asked?.type === "QUERY" ? asked : null;
    // A question that was given up may be asked once more, as the same request.
    if (message.time !== question?.time && this.#endedTimes.includes(message.time)) {
      this.ignored++;
      return "late";
    }
    if (outstanding === null || question === null) return "other";
    // A device may answer from any of its ports; the server answers from the one that was asked.
    if (!isFrom(delivery, outstanding.request, question.address === null)) return "other";
    if (!answersQuery(question, message)) return "other";
    const { code, message: text } = message;
    this.#end({ kind: "answer", code, message: text, from: delivery.from }, now);
    return question.address === null ? "server-answer" : "device-answer";
  }

  #startNext(now: number): void {
    if (this.#outstanding !== null) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#outstanding = {
      ...next,
      schedule: retrySchedule(this.random()),
      sendings: 0,
      busy: 0,
      retryAt: now,
      giveUpAt: now + next.timeoutMs,
    };
    this.#send(this.#outstanding, now);
  }

  #send(outstanding: Outstanding, now: number): void {
    outstanding.sendings++;
    outstanding.retryAt = now + outstanding.schedule.waitMs(outstanding.sendings);
    const { text, to, number } = outstanding.request;
    this.channel.send(text, to, number);
  }

  #withoutAnswer(outstanding: Outstanding): Outcome {
    const { busy, sendings } = outstanding;
    if (busy === 0) return { kind: "silent", sendings };
    return { kind: "ack", code: ack.busy, reason: "", repeated: sendings - busy > 1 };
  }

  #end(outcome: Outcome, now: number): void {
    const ended = this.#outstanding;
    this.#outstanding = null;
    if (ended?.request.message.type === "QUERY") {
      const { time } = ended.request.message;
      this.#endedTimes = [time, ...this.#endedTimes].slice(0, endedTimesMax);
    }
    ended?.onOutcome(outcome, now);
    this.#startNext(now);
  }
}

/** Whether a delivery comes from whom the request went to, by address, and by request number where it is known. */
function isFrom(delivery: Delivery, request: Request, samePort: boolean): boolean {
  if (delivery.answers !== null && delivery.answers !== request.number) return false;
  if (samePort && delivery.from.port !== request.to.port) return false;
  return sameHost(delivery.from.ip, request.to.ip);
}

/** Lower-case hex SHA-256 of a text as it leaves (clause 1). */
function hashOf(text: string): string {
  return Bun.SHA256.hash(text, "hex");
}
