// The requests that are under way: one, or as many as share a packet. Knows which of them have an outcome, and how often
// they were sent. Never sends, and never reads a clock.

import { ack } from "../protocol/codes.ts";
import type { Ack, Address, Message } from "../protocol/messages.ts";
import type { Outcome } from "./outcome.ts";
import type { RetrySchedule } from "./retry-schedule.ts";

/** An encoded request. All its sendings have the same bytes and the same msgid. */
export type EncodedRequest = {
  readonly msgid: bigint;
  readonly message: Exclude<Message, Ack>;
  readonly text: string;
  readonly hash: string;
  readonly to: Address;
};

/** Called once, when all requests that were submitted together have ended: their outcomes in order; `now` in ms. */
export type OnOutcomes = (outcomes: readonly Outcome[], now: number) => void;

/** Requests that are sent together; a packet holds them. */
export type Submitted = {
  readonly requests: readonly EncodedRequest[];
  readonly timeoutMs: number;
  readonly onOutcomes: OnOutcomes;
};

/** `busy`: number of sendings that were answered with 93, and so were not carried out. */
type Entry = {
  readonly request: EncodedRequest;
  busy: number;
  /** Why, in the words of the last 93. */
  busyReason: string;
  outcome: Outcome | null;
};

/** The codes after which a report was not stored, and may be sent again. */
const laterCodes: readonly string[] = [ack.dataRefused, ack.storageFailed, ack.encryptionRequired];

export class Outstanding {
  /** Number of sendings of the current schedule, and of those before it. */
  sendings = 0;
  #sendingsBefore = 0;
  retryAt: number;
  /** When it was last sent, ms. */
  sentAt: number;
  /** When the wait for whom it is sent to began: with the first sending there, or their last answer, ms. */
  waitsSince: number;
  readonly giveUpAt: number;
  readonly #entries: readonly Entry[];

  /** @param begunAt when it is first sent, ms */
  constructor(
    readonly submitted: Submitted,
    readonly begunAt: number,
    public schedule: RetrySchedule,
  ) {
    this.retryAt = begunAt;
    this.sentAt = begunAt;
    this.waitsSince = begunAt;
    this.giveUpAt = begunAt + submitted.timeoutMs;
    this.#entries = submitted.requests.map((request) => ({
      request,
      busy: 0,
      busyReason: "",
      outcome: null,
    }));
  }

  /** The requests without an outcome, in order. */
  get open(): EncodedRequest[] {
    return this.#entries.filter(({ outcome }) => outcome === null).map(({ request }) => request);
  }

  /** The first request. */
  get first(): EncodedRequest {
    return (this.#entries[0] as Entry).request;
  }

  /** Whether it was sent once, and nothing is known of it: the time of its answer is that of a round trip. */
  get isFresh(): boolean {
    return (
      this.#sendingsInAll === 1 &&
      this.#entries.every(({ busy, outcome }) => busy === 0 && outcome === null)
    );
  }

  /** Whether it was sent more than once. */
  get isRepeated(): boolean {
    return this.#sendingsInAll > 1;
  }

  /** When whom it is sent to counts as silent, ms; null if that one asks for relief. */
  get silentAt(): number | null {
    const isBusy = this.#entries.some(({ busy }) => busy > 0);
    return isBusy ? null : this.waitsSince + this.schedule.silentMs;
  }

  /** Whether it has no sending left. */
  get isExhausted(): boolean {
    return this.sendings >= this.schedule.sendings;
  }

  get isDone(): boolean {
    return this.#entries.every(({ outcome }) => outcome !== null);
  }

  /** Begins a new schedule with the next sending. */
  hurry(schedule: RetrySchedule): void {
    this.#sendingsBefore += this.sendings;
    this.sendings = 0;
    this.schedule = schedule;
  }

  /** The last sending was none, for lack of a link; the channel has made up for it. */
  resent(schedule: RetrySchedule, now: number): void {
    this.#sendingsBefore += this.sendings - 1;
    this.sendings = 1;
    this.schedule = schedule;
    this.sentAt = now;
    this.waitsSince = now;
    this.retryAt = now + schedule.waitMs(1);
  }

  /** Doubles the waits after the next sending: the server asks for relief. */
  #relent(): void {
    if (this.#entries.some(({ busy }) => busy > 0)) return;
    this.#sendingsBefore += this.sendings - 1;
    this.sendings = 1;
    this.schedule = this.schedule.doubling();
  }

  /** Notes an answer. A 93 is no outcome: the request is repeated on schedule (protocol §6.5). */
  answer(request: EncodedRequest, code: string, reason: string): void {
    const answered = this.#entries.find((entry) => entry.request === request);
    if (answered === undefined) return;
    if (code === ack.busy) {
      this.#relent();
      answered.busy = Math.min(answered.busy + 1, this.#sendingsInAll);
      answered.busyReason = reason;
      return;
    }
    // A report that can be stored later must not come after those of its packet: all end that have no answer yet.
    const ended = laterCodes.includes(code) ? this.#entries : [answered];
    for (const entry of ended) {
      const repeated = this.#sendingsInAll - entry.busy > 1;
      entry.outcome ??= { kind: "ack", code, reason, repeated };
    }
  }

  /**
   * The outcomes, in order. Without an answer it is silence, or 93 if that was the only answer.
   * @param closed whether the system says that nobody listens
   */
  outcomes(closed = false): Outcome[] {
    return this.#entries.map((entry) => entry.outcome ?? this.#withoutAnswer(entry, closed));
  }

  #withoutAnswer({ busy, busyReason: reason }: Entry, closed: boolean): Outcome {
    const sendings = this.#sendingsInAll;
    if (busy > 0) return { kind: "ack", code: ack.busy, reason, repeated: sendings - busy > 1 };
    return closed ? { kind: "silent", sendings, closed } : { kind: "silent", sendings };
  }

  get #sendingsInAll(): number {
    return this.#sendingsBefore + this.sendings;
  }
}
