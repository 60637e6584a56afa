// The time field of what this client sends: no two alike, so that equal readings of one second stay two reports and a
// late answer shows which question it belongs to.

import { encodeTimeMs } from "../protocol/time.ts";

/** Hands out the times of one client's messages. */
export class MessageTimes {
  #last = 0;

  /** @param time the time of day in ms since 1970 */
  constructor(readonly time: () => number) {}

  /** The time as the wire writes it, to the millisecond; a millisecond later than the last where that was the same. */
  distinct(): string {
    const now = this.time();
    // A clock that was set back by more than a minute is believed.
    this.#last = now <= this.#last && this.#last - now < 60_000 ? this.#last + 1 : now;
    return encodeTimeMs(this.#last);
  }
}
