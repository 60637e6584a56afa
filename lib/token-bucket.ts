// Rate limits: a token bucket, and a bounded table with one bucket for each key. The caller passes the
// time of a monotonic clock, in ms.

import { BoundedMap } from "./bounded-map.ts";

/** A bucket of tokens. */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  /**
   * @param perSecond tokens added in a second
   * @param burst the most tokens it holds; it begins full
   */
  constructor(
    readonly perSecond: number,
    readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes a token. False if there is none. */
  take(now: number): boolean {
    const gained = ((now - this.#filledAt) / 1000) * this.perSecond;
    this.#tokens = Math.min(this.burst, this.#tokens + gained);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** A bucket for each key. At most `keysMax` are remembered; the least recently used is forgotten first. */
export class KeyedBuckets {
  readonly #buckets: BoundedMap<string, TokenBucket>;

  constructor(
    readonly perSecond: number,
    readonly burst: number,
    keysMax: number,
  ) {
    this.#buckets = new BoundedMap(keysMax);
  }

  /** Takes a token from this key's bucket. False if there is none. */
  take(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.perSecond, this.burst, now);
    this.#buckets.renew(key, bucket);
    return bucket.take(now);
  }
}
