// The time field of the messages that this client sends. All times differ, so that two equal readings within one
// millisecond stay two reports, and a late answer shows which QUERY it belongs to. Never reads a clock itself.

import { encodeTimeMs } from "../protocol/time.ts";

/** Generates the times of one client's messages. */
export class MessageTimes {
  #last = 0;

  /** @param time the time of day in ms since 1970 */
  constructor(readonly time: () => number) {}

  /** The current time in the form of the wire, to the millisecond; at least one millisecond after the previous one. */
  distinct(): string {
    const now = this.time();
    // A clock that was set back by a minute or more is followed, or the times would stay wrong for that long.
    this.#last = now <= this.#last && this.#last - now < 60_000 ? this.#last + 1 : now;
    return encodeTimeMs(this.#last);
  }
}
