// How long an answer takes, as measured (RFC 6298): the first wait of a request follows from it. Never reads a clock.

/** RFC 6298 section 2; the least wait is shorter than its 1 s, as RFC 8961 allows where it is measured. */
const waitMsMin = 200;
const smoothing = { mean: 1 / 8, deviation: 1 / 4 } as const;
/** How often the wait may stay doubled after a repeat: a network that loses much is not a slow one. */
const doublingsMax = 2;

export class RoundTrip {
  #meanMs: number | null = null;
  #deviationMs = 0;
  #doublings = 0;

  /** The wait for an answer to the next request, ms; null as long as nothing was measured. */
  get waitMs(): number | null {
    if (this.#meanMs === null) return null;
    const measured = Math.max(waitMsMin, this.#meanMs + 4 * this.#deviationMs);
    return measured * 2 ** this.#doublings;
  }

  /** A request was answered after its only sending. @param ms the time from the one to the other */
  measured(ms: number): void {
    this.#doublings = 0;
    if (this.#meanMs === null) {
      this.#meanMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    const error = ms - this.#meanMs;
    this.#deviationMs += smoothing.deviation * (Math.abs(error) - this.#deviationMs);
    this.#meanMs += smoothing.mean * error;
  }

  /**
   * A request was repeated: which sending an answer is for cannot be told, so nothing is measured (Karn's rule), and the
   * next request begins with a longer wait until one is answered at once (RFC 6298 section 5).
   */
  repeated(): void {
    this.#doublings = Math.min(doublingsMax, this.#doublings + 1);
  }

  /** Forgets what was measured: the way to the server may be another one. */
  forget(): void {
    this.#meanMs = null;
    this.#doublings = 0;
  }
}
