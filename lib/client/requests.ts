// The requests of this client: one outstanding at a time, or reports that share a packet; repeated on schedule with the
// same bytes, and matched to their answers by hash (ACK) or time (DATA) and by source. Never reads a clock: calls that need the time get it, in ms.

import { ack } from "../protocol/codes.ts";
import { digestOf } from "../protocol/digest.ts";
import { encode } from "../protocol/encode.ts";
import type { Ack, Address, Data } from "../protocol/messages.ts";
import { answersQuery } from "./answers.ts";
import { type Channel, type Delivery, type Receipt, sameHost } from "./channel.ts";
import { firstOf, Msgids } from "./msgids.ts";
import type { Outcome } from "./outcome.ts";
import {
  type EncodedRequest,
  type OnOutcomes,
  Outstanding,
  type Submitted,
} from "./outstanding.ts";
import { type RetrySchedule, retrySchedule } from "./retry-schedule.ts";

/** Called once, when the request has ended; `now` in ms. */
export type OnOutcome = (outcome: Outcome, now: number) => void;

/** How `receiveData` classifies a DATA: answer of the server, of a device, to an ended QUERY, or no answer. */
export type DataKind = "server-answer" | "device-answer" | "late" | "other";

/** How many times of ended QUERYs are kept: a late or repeated answer must not be taken for that of the next QUERY. */
const endedTimesMax = 16;
/** Who answers nothing but 93 for so long is no better than one who is silent, ms: a server that is busy recovers sooner. */
const busyMs = 15_000;

/** The requests of one client to the server and to other devices. */
export class Requests {
  /** ACKs and DATAs that look like an answer but match no outstanding request: late or forged. */
  ignored = 0;
  /** Called before each sending after the first; `sending` is its number, from 2, `waitedMs` the time since the first. */
  onRetry: (request: EncodedRequest, sending: number, waitedMs: number) => void = () => {};
  /** Called with the reason of each 93; empty if it has none. */
  onBusy: (reason: string) => void = () => {};
  readonly #msgids: Msgids;
  #outstanding: Outstanding | null = null;
  #waiting: Submitted[] = [];
  #endedTimes: string[] = [];
  /** Since when the server has answered with nothing but 93, ms; null if it has answered otherwise. */
  #busySince: number | null = null;

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
    const onOutcomes: OnOutcomes = ([outcome], at) => onOutcome(outcome as Outcome, at);
    this.submitAll([request], now, onOutcomes, timeoutMs);
  }

  /**
   * Sends requests in one packet, like one request: they have one schedule, and only those without an answer are repeated.
   * @param requests at least one, at most as many as `Channel.countInPacket` says
   * @param onOutcomes called once, when all have ended
   */
  submitAll(
    requests: readonly EncodedRequest[],
    now: number,
    onOutcomes: OnOutcomes,
    timeoutMs = Infinity,
  ): void {
    this.#waiting.push({ requests, timeoutMs, onOutcomes });
    this.#startNext(now);
  }

  /** Repeats a request whose answer is overdue at once, with a new schedule: the server may be back. */
  hurry(now: number): void {
    this.channel.hurry();
    const outstanding = this.#outstanding;
    if (outstanding === null || !outstanding.isRepeated) return;
    outstanding.hurry(this.#scheduleOf(outstanding.first));
    this.#send(outstanding, now);
  }

  /**
   * When `to` counts as silent: the outstanding request goes there, and had no answer for so long, or there were only answers
   * of 93 for long; null for never, in ms.
   */
  silentAt(to: Address): number | null {
    const outstanding = this.#outstanding;
    if (outstanding?.first.to !== to) return null;
    if (this.#busySince === null) return outstanding.silentAt;
    return Math.min(outstanding.silentAt ?? Infinity, this.#busySince + busyMs);
  }

  /** Whether all that the server answers now is that it is busy. */
  get isServerBusy(): boolean {
    return this.#busySince !== null;
  }

  /** The server is there, though it has not answered the outstanding request. */
  heard(now: number): void {
    if (this.#outstanding !== null) this.#outstanding.waitsSince = now;
  }

  /** `to` means another host now: a request that goes there is sent at once, the same bytes with a new schedule. */
  moved(to: Address, now: number): void {
    const outstanding = this.#outstanding;
    if (outstanding?.first.to !== to) return;
    this.#busySince = null;
    outstanding.hurry(this.#scheduleOf(outstanding.first));
    outstanding.waitsSince = now;
    this.#send(outstanding, now);
  }

  /** The channel has sent these requests itself, over a new link: their waits begin now, as they are measured now. */
  resent(msgids: readonly bigint[], now: number): void {
    const outstanding = this.#outstanding;
    if (outstanding === null || !outstanding.open.some(({ msgid }) => msgids.includes(msgid)))
      return;
    outstanding.resent(this.#scheduleOf(outstanding.first), now);
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
    if (now >= outstanding.giveUpAt || outstanding.isExhausted) {
      this.#end(outstanding.outcomes(), now);
      return;
    }
    this.onRetry(outstanding.first, outstanding.sendings + 1, now - outstanding.begunAt);
    this.#send(outstanding, now);
  }

  /** Ends the outstanding requests without an answer: nobody listens where they were sent. */
  refuse(now: number): void {
    if (this.#outstanding !== null) this.#end(this.#outstanding.outcomes(true), now);
  }

  /**
   * Takes a received ACK.
   * @returns whether it answers an outstanding request; one that does not is late or forged, and is counted
   */
  receiveAck(message: Ack, delivery: Delivery, now: number): boolean {
    const request = this.#outstanding?.open.find(
      (open) => message.hash === open.hash && isFrom(delivery, open, true),
    );
    return this.#receiveAnswer(request, message.code, message.reason, now);
  }

  /** Takes a RECEIPT: all these requests got the code. Those that are not outstanding are late, and are counted. */
  receiveReceipt({ code, msgids }: Receipt, now: number): void {
    for (const msgid of msgids) {
      const request = this.#outstanding?.open.find((open) => open.msgid === msgid);
      this.#receiveAnswer(request, code, "", now);
    }
  }

  #receiveAnswer(
    request: EncodedRequest | undefined,
    code: string,
    reason: string,
    now: number,
  ): boolean {
    const outstanding = this.#outstanding;
    if (outstanding === null || request === undefined) {
      this.ignored++;
      return false;
    }
    if (outstanding.isFresh && code !== ack.busy && isQuick(request)) {
      this.channel.roundTrip.measured(now - outstanding.sentAt);
    }
    outstanding.waitsSince = now;
    this.#busySince = code === ack.busy ? (this.#busySince ?? now) : null;
    if (code === ack.busy) this.onBusy(reason);
    outstanding.answer(request, code, reason);
    if (outstanding.isDone) this.#end(outstanding.outcomes(), now);
    return true;
  }

  /**
   * Takes a received DATA.
   * @returns whether it answers the outstanding QUERY, answers an ended one (`late`), or is for the device (`other`)
   */
  receiveData(message: Data, delivery: Delivery, now: number): DataKind {
    const outstanding = this.#outstanding;
    const asked = outstanding?.first.message;
    const question = asked?.type === "QUERY" ? asked : null;
    // A QUERY that was given up may be submitted again with the same time; its answer is not late then.
    if (message.time !== question?.time && this.#endedTimes.includes(message.time)) {
      this.ignored++;
      return "late";
    }
    if (outstanding === null || question === null) return "other";
    // A device may answer from any port; the server answers from the port that was asked.
    if (!isFrom(delivery, outstanding.first, question.address === null)) return "other";
    if (!answersQuery(question, message)) return "other";
    const { code, message: text } = message;
    this.#end([{ kind: "answer", code, message: text, from: delivery.from }], now);
    return question.address === null ? "server-answer" : "device-answer";
  }

  #startNext(now: number): void {
    if (this.#outstanding !== null) return;
    const next = this.#waiting.shift();
    const [first] = next?.requests ?? [];
    if (next === undefined || first === undefined) return;
    this.#outstanding = new Outstanding(next, now, this.#scheduleOf(first));
    this.#send(this.#outstanding, now);
  }

  #send(outstanding: Outstanding, now: number): void {
    outstanding.sendings++;
    outstanding.sentAt = now;
    outstanding.retryAt = now + outstanding.schedule.waitMs(outstanding.sendings);
    this.channel.send(outstanding.open, outstanding.first.to);
  }

  /** The schedule of a request: as round trips were measured, if it goes to the server and costs it no password check. */
  #scheduleOf(request: EncodedRequest): RetrySchedule {
    const waitMs = isQuick(request) ? this.channel.roundTrip.waitMs : null;
    return retrySchedule(this.random(), waitMs ?? undefined);
  }

  #end(outcomes: readonly Outcome[], now: number): void {
    const ended = this.#outstanding;
    this.#outstanding = null;
    if (ended === null) return;
    if (isQuick(ended.first)) {
      const isSilent = outcomes.every(({ kind }) => kind === "silent");
      if (!isSilent && ended.isRepeated) this.channel.roundTrip.repeated(now - ended.sentAt);
      else if (isSilent && ended.isExhausted) this.channel.roundTrip.forget();
    }
    if (ended.first.message.type === "QUERY") {
      const { time } = ended.first.message;
      this.#endedTimes = [time, ...this.#endedTimes].slice(0, endedTimesMax);
    }
    ended.submitted.onOutcomes(outcomes, now);
    this.#startNext(now);
  }
}

/** Whether the server answers it without a password check: heartbeats and reports. */
function isQuick({ message: { type } }: EncodedRequest): boolean {
  return type === "STATUS" || type === "DATA";
}

/** Whether a delivery comes from the host that was asked and, where the channel knows it, answers this request. */
function isFrom(delivery: Delivery, request: EncodedRequest, samePort: boolean): boolean {
  if (delivery.answers !== null && delivery.answers !== request.msgid) return false;
  if (samePort && delivery.from.port !== request.to.port) return false;
  return sameHost(delivery.from.ip, request.to.ip);
}
