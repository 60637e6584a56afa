// Limits how many lines a log gets from what peers cause, and counts those that are left out. Writes no line.

import { TokenBucket } from "../token-bucket.ts";

export class LineLimit {
  readonly #bucket: TokenBucket;
  #left = 0;

  /**
   * @param perSecond lines a second
   * @param burst lines at once
   * @param now a monotonic clock, ms
   */
  constructor(perSecond: number, burst: number, now: number) {
    this.#bucket = new TokenBucket(perSecond, burst, now);
  }

  /**
   * Whether a line may be written now.
   * @returns how many were left out since the last one that was written; null if this one is left out, too
   */
  take(now: number): number | null {
    if (!this.#bucket.take(now)) {
      this.#left++;
      return null;
    }
    const left = this.#left;
    this.#left = 0;
    return left;
  }
}
