// The requests of this client: one outstanding at a time, repeated on schedule with the same bytes, and matched to its
// answer by hash (ACK) or time (DATA) and by source. Never reads a clock: calls that need the time get it, in ms.

import { ack } from "../protocol/codes.ts";
import { digestOf } from "../protocol/digest.ts";
import { encode } from "../protocol/encode.ts";
import type { Ack, Address, Data, Message } from "../protocol/messages.ts";
import { answersQuery } from "./answers.ts";
import { type Channel, type Delivery, sameHost } from "./channel.ts";
import { firstOf, Msgids } from "./msgids.ts";
import type { Outcome } from "./outcome.ts";
import { type RetrySchedule, retrySchedule } from "./retry-schedule.ts";
import { RoundTrip } from "./round-trip.ts";

/** An encoded request. All its sendings have the same bytes and the same msgid. */
export type EncodedRequest = {
  readonly msgid: bigint;
  readonly message: Exclude<Message, Ack>;
  readonly text: string;
  readonly hash: string;
  readonly to: Address;
};

/** Called once, when the request has ended; `now` in ms. */
export type OnOutcome = (outcome: Outcome, now: number) => void;

/** How `receiveData` classifies a DATA: answer of the server, of a device, to an ended QUERY, or no answer. */
export type DataKind = "server-answer" | "device-answer" | "late" | "other";

type Submitted = {
  readonly request: EncodedRequest;
  readonly timeoutMs: number;
  readonly onOutcome: OnOutcome;
};

type Outstanding = Submitted & {
  schedule: RetrySchedule;
  /** Number of sendings of the current schedule, and of the schedules that `hurry` ended. */
  sendings: number;
  hurried: number;
  /** Number of sendings that were answered with 93, and so were not carried out. */
  busy: number;
  retryAt: number;
  /** When it was first sent. */
  readonly begunAt: number;
  readonly giveUpAt: number;
};

/** How many times of ended QUERYs are kept: a late or repeated answer must not be taken for that of the next QUERY. */
const endedTimesMax = 16;

/** The requests of one client to the server and to other devices. */
export class Requests {
  /** ACKs and DATAs that look like an answer but match no outstanding request: late or forged. */
  ignored = 0;
  /** Called before each sending after the first; `sending` is its number, from 2, `waitedMs` the time since the first. */
  onRetry: (request: EncodedRequest, sending: number, waitedMs: number) => void = () => {};
  readonly #roundTrip = new RoundTrip();
  readonly #msgids: Msgids;
  #outstanding: Outstanding | null = null;
  #waiting: Submitted[] = [];
  #endedTimes: string[] = [];

  /**
   * @param channel sends the messages
   * @param random returns a random number from 0 to 1
   */
  constructor(
    readonly channel: Channel,
    readonly random: () => number,
  ) {
    this.#msgids = new Msgids((random() * 2 ** 32) >>> 0, firstOf.requests);
  }

  /**
   * Encodes a message and gives it a msgid; sends nothing.
   * @param message the request; the caller has checked its fields
   * @param to the server, or the device for an addressed QUERY
   * @param msgid that of the same request before a restart; left out for a new request
   */
  prepare(
    message: EncodedRequest["message"],
    to: Address,
    msgid = this.#msgids.next(),
  ): EncodedRequest {
    const text = encode(message);
    return { msgid, message, text, hash: digestOf(Buffer.from(text)), to };
  }

  /**
   * Sends a request now, or as soon as the requests before it have ended. A request that has ended may be submitted
   * again; its bytes and msgid stay the same.
   * @param timeoutMs ends the request after this time from its first sending; Infinity for the whole retry schedule
   * @param onOutcome called once, from `receiveAck`, `receiveData` or `tick`, never before this call returns
   */
  submit(request: EncodedRequest, now: number, onOutcome: OnOutcome, timeoutMs = Infinity): void {
    this.#waiting.push({ request, timeoutMs, onOutcome });
    this.#startNext(now);
  }

  /** Repeats a request whose answer is overdue at once, with a new schedule: the server may be back. */
  hurry(now: number): void {
    this.channel.hurry();
    const outstanding = this.#outstanding;
    if (outstanding === null || outstanding.sendings < 2) return;
    outstanding.hurried += outstanding.sendings;
    outstanding.sendings = 0;
    outstanding.schedule = this.#scheduleOf(outstanding.request);
    this.#send(outstanding, now);
  }

  /** Drops the outstanding and all waiting requests without calling their `onOutcome`. */
  cancelAll(): void {
    this.#waiting = [];
    this.#outstanding = null;
  }

  /** Whether no request is outstanding. */
  get idle(): boolean {
    return this.#outstanding === null;
  }

  /** When `tick` is to be called next, in ms; null for never. */
  get wakeAt(): number | null {
    const outstanding = this.#outstanding;
    return outstanding === null ? null : Math.min(outstanding.retryAt, outstanding.giveUpAt);
  }

  /** Repeats the outstanding request, or gives it up, if that is due. */
  tick(now: number): void {
    const outstanding = this.#outstanding;
    if (outstanding === null || now < Math.min(outstanding.retryAt, outstanding.giveUpAt)) return;
    if (now >= outstanding.giveUpAt || outstanding.sendings >= outstanding.schedule.sendings) {
      this.#end(this.#withoutAnswer(outstanding), now);
      return;
    }
    if (outstanding.sendings === 1 && isQuick(outstanding.request)) this.#roundTrip.repeated();
    this.onRetry(outstanding.request, outstanding.sendings + 1, now - outstanding.begunAt);
    this.#send(outstanding, now);
  }

  /** Ends the outstanding request without an answer: nobody listens where it was sent. */
  refuse(now: number): void {
    const outstanding = this.#outstanding;
    if (outstanding === null) return;
    const outcome = this.#withoutAnswer(outstanding);
    this.#end(outcome.kind === "silent" ? { ...outcome, closed: true } : outcome, now);
  }

  /**
   * Takes a received ACK.
   * @returns whether it answers the outstanding request; one that does not is late or forged, and is counted
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
      // protocol §6.5: 93 means not carried out. The request stays outstanding and is repeated on schedule.
      outstanding.busy = Math.min(outstanding.busy + 1, sendingsOf(outstanding));
      return true;
    }
    const repeated = sendingsOf(outstanding) - outstanding.busy > 1;
    this.#measure(outstanding, now);
    this.#end({ kind: "ack", code: message.code, reason: message.reason, repeated }, now);
    return true;
  }

  /**
   * Takes a received DATA.
   * @returns whether it answers the outstanding QUERY, answers an ended one (`late`), or is for the device (`other`)
   */
  receiveData(message: Data, delivery: Delivery, now: number): DataKind {
    const outstanding = this.#outstanding;
    const asked = outstanding?.request.message;
    const question = asked?.type === "QUERY" ? asked : null;
    // A QUERY that was given up may be submitted again with the same time; its answer is not late then.
    if (message.time !== question?.time && this.#endedTimes.includes(message.time)) {
      this.ignored++;
      return "late";
    }
    if (outstanding === null || question === null) return "other";
    // A device may answer from any port; the server answers from the port that was asked.
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
      schedule: this.#scheduleOf(next.request),
      sendings: 0,
      hurried: 0,
      busy: 0,
      retryAt: now,
      begunAt: now,
      giveUpAt: now + next.timeoutMs,
    };
    this.#send(this.#outstanding, now);
  }

  #send(outstanding: Outstanding, now: number): void {
    outstanding.sendings++;
    outstanding.retryAt = now + outstanding.schedule.waitMs(outstanding.sendings);
    const { text, to, msgid } = outstanding.request;
    this.channel.send(text, to, msgid);
  }

  /** The schedule of a request: as round trips were measured, if it goes to the server and costs it no password check. */
  #scheduleOf(request: EncodedRequest): RetrySchedule {
    const waitMs = isQuick(request) ? this.#roundTrip.waitMs : null;
    return retrySchedule(this.random(), waitMs ?? undefined);
  }

  #measure(outstanding: Outstanding, now: number): void {
    const isOnlySending = sendingsOf(outstanding) === 1 && outstanding.busy === 0;
    if (isOnlySending && isQuick(outstanding.request)) {
      this.#roundTrip.measured(now - outstanding.begunAt);
    }
  }

  #withoutAnswer(outstanding: Outstanding): Outcome {
    const { busy } = outstanding;
    const sendings = sendingsOf(outstanding);
    if (busy === 0) return { kind: "silent", sendings };
    return { kind: "ack", code: ack.busy, reason: "", repeated: sendings - busy > 1 };
  }

  #end(outcome: Outcome, now: number): void {
    const ended = this.#outstanding;
    this.#outstanding = null;
    if (outcome.kind === "silent") this.#roundTrip.forget();
    if (ended?.request.message.type === "QUERY") {
      const { time } = ended.request.message;
      this.#endedTimes = [time, ...this.#endedTimes].slice(0, endedTimesMax);
    }
    ended?.onOutcome(outcome, now);
    this.#startNext(now);
  }
}

/** Whether the server answers it without a password check: heartbeats and reports. */
function isQuick({ message: { type } }: EncodedRequest): boolean {
  return type === "STATUS" || type === "DATA";
}

function sendingsOf({ hurried, sendings }: Outstanding): number {
  return hurried + sendings;
}

/** Whether a delivery comes from the host that was asked and, where the channel knows it, answers this request. */
function isFrom(delivery: Delivery, request: EncodedRequest, samePort: boolean): boolean {
  if (delivery.answers !== null && delivery.answers !== request.msgid) return false;
  if (samePort && delivery.from.port !== request.to.port) return false;
  return sameHost(delivery.from.ip, request.to.ip);
}
