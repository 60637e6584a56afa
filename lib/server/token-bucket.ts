// Limits how often something may happen: a bucket that fills at a steady rate and holds a burst; and one a key,
// bounded. The caller brings the time.

/** A bucket of tokens. */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  /**
   * @param perSecond tokens that come in a second
   * @param burst tokens it holds at most
   * @param now milliseconds
   */
  constructor(
    readonly perSecond: number,
    readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes a token if there is one. */
  take(now: number): boolean {
    const gained = ((now - this.#filledAt) / 1000) * this.perSecond;
    if (gained > 0) this.#tokens = Math.min(this.burst, this.#tokens + gained);
    // A clock that was set back starts to count again from there.
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Whether it would be full, and so need not be remembered. */
  isFull(now: number): boolean {
    return this.#tokens + ((now - this.#filledAt) / 1000) * this.perSecond >= this.burst;
  }
}

/** A bucket for each key, of which it remembers a bounded number: the longest unused are forgotten first. */
export class KeyedBuckets {
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(
    readonly perSecond: number,
    readonly burst: number,
    readonly keysMax: number,
  ) {}

  /** Takes a token of this key's bucket if there is one. */
  take(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.perSecond, this.burst, now);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.keysMax) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return bucket.take(now);
  }
}
