// How long requests wait for their replies, from arrival to sending, for the metrics. A store that gives its results later
// has the requests of one batch, while those of the turns after it wait for the next. Reads no clock.

import { Histogram } from "../../server/histogram.ts";

/** Datagrams, and when the oldest of them arrived, in ms of the monotonic clock. */
type Waiting = { readonly count: number; readonly oldestAt: number };

export class ReplyTimes {
  /** Times from arrival to reply, in seconds. */
  readonly latency = new Histogram();
  /** What was received and is not with the store. */
  #received: Waiting | null = null;
  #storing: Waiting | null = null;

  /** @param oldestAt when the oldest arrived, ms */
  receive(count: number, oldestAt: number): void {
    const { count: before, oldestAt: first } = this.#received ?? { count: 0, oldestAt };
    this.#received = { count: before + count, oldestAt: first };
  }

  /** The store gives the results of what was received later. */
  store(): void {
    this.#storing = this.#received;
    this.#received = null;
  }

  /** What is with the store is replied to, or else what was received. @param now ms */
  reply(now: number): void {
    const replied = this.#storing ?? this.#received;
    if (replied === null) return;
    if (this.#storing === null) this.#received = null;
    else this.#storing = null;
    if (replied.count > 0) this.latency.observe((now - replied.oldestAt) / 1000, replied.count);
  }

  /** What was received is replied to, although a batch is with the store. @param now ms */
  replyAtOnce(now: number): void {
    const storing = this.#storing;
    this.#storing = null;
    this.reply(now);
    this.#storing = storing;
  }
}
