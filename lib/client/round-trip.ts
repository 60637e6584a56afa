// How long an answer takes, as measured (RFC 6298): the first wait of a request follows from it. Never reads a clock.

/** RFC 6298 section 2; the least wait is shorter than its 1 s, as RFC 8961 allows where it is measured. */
const waitMsMin = 200;
const smoothing = { mean: 1 / 8, deviation: 1 / 4 } as const;
/** An answer that comes this soon after a repeat, or as soon as measured, is the answer to it, ms. */
const promptMs = 20;
/** How often the wait may stay doubled: from the least one to the one without measurement. */
const doublingsMax = 4;

export class RoundTrip {
  #meanMs: number | null = null;
  #deviationMs = 0;
  #doublings = 0;

  /** The wait for an answer to the next request, ms; null as long as nothing was measured. */
  get waitMs(): number | null {
    if (this.#meanMs === null) return null;
    return Math.max(waitMsMin, this.#likelyMs(this.#meanMs)) * 2 ** this.#doublings;
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
   * A request was answered after a repeat: which sending the answer is for cannot be told, so nothing is measured (Karn's
   * rule). If it came as fast as one to the last sending, those before were lost: losses are no reason to wait longer. Else
   * the network may be slower than measured: the next request begins with twice the wait, until one is answered at once
   * (RFC 6298 section 5).
   * @param sinceLastMs the time from the last sending to the answer
   */
  repeated(sinceLastMs: number): void {
    const likelyMs = this.#meanMs === null ? 0 : this.#likelyMs(this.#meanMs);
    const isPrompt = sinceLastMs <= Math.max(promptMs, likelyMs);
    this.#doublings = isPrompt ? 0 : Math.min(doublingsMax, this.#doublings + 1);
  }

  /** Forgets what was measured: the way to the server may be another one. */
  forget(): void {
    this.#meanMs = null;
    this.#doublings = 0;
  }

  #likelyMs(meanMs: number): number {
    return meanMs + 4 * this.#deviationMs;
  }
}
