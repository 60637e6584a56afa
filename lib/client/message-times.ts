// The time field of the messages that this client sends. Times differ where a message needs it: two equal readings within
// one millisecond stay two reports, and a late answer shows which QUERY it belongs to. Never reads a clock itself.

import { encodeTimeMs } from "../protocol/time.ts";

/** A clock that was set back by a minute or more is followed, or the times would stay wrong for that long. */
const followedMs = 60_000;
/** Messages of one millisecond that are remembered; after these its time is used up. */
const messagesMax = 1_000;

/** Generates the times of one client's messages. */
export class MessageTimes {
  #last = 0;
  /** The messages that have the last time; null if it may not be used again. */
  #messages: Set<string> | null = null;

  /** @param time the time of day in ms since 1970 */
  constructor(readonly time: () => number) {}

  /** The current time in the form of the wire, to the millisecond; at least one millisecond after the previous one. */
  distinct(): string {
    const now = this.#now();
    this.#advance(now === this.#last ? now + 1 : now);
    this.#messages = null;
    return encodeTimeMs(this.#last);
  }

  /** The current time, also for several messages: for those of which something else says that they are several. */
  current(): string {
    const now = this.#now();
    if (now !== this.#last) this.#advance(now);
    return encodeTimeMs(this.#last);
  }

  /**
   * The current time, also for several messages that differ: with a time of its own for each, those of a quick device would
   * be ahead of the clock. One more millisecond only if this message, or one of `distinct`, has it already.
   * @param message what else tells the reports apart
   */
  distinctFor(message: string): string {
    this.current();
    const messages = this.#messages;
    if (messages === null || messages.has(message) || messages.size >= messagesMax) {
      this.#advance(this.#last + 1);
    }
    this.#messages?.add(message);
    return encodeTimeMs(this.#last);
  }

  /** The time of day, or the last time if that is ahead of it. */
  #now(): number {
    const now = this.time();
    return now < this.#last && this.#last - now < followedMs ? this.#last : now;
  }

  #advance(to: number): void {
    this.#last = to;
    this.#messages = new Set();
  }
}
