// How soon the agent logs in again after it lost its session: at once, unless sessions are lost again and again, as when
// two devices use one id. Never reads a clock.

/** Implementation constants: three sessions lost within a minute are no accident. */
const lostMax = 3;
const windowMs = 60_000;
/** The pauses then, each twice the one before; a session that lasts longer than the longest is not contested. */
const pauseMsMin = 60_000;
const pauseMsMax = 600_000;
/** A session that is lost within this time of its LOGIN would be lost again: a short pause, so as not to loop. */
const sessionMsMin = 1_000;
const shortPauseMs = 10_000;

export class LostSessions {
  #openedAt = -Infinity;
  #lostAt: number[] = [];
  #pauseMs = 0;

  /** Notes a LOGIN that succeeded. */
  opened(now: number): void {
    this.#openedAt = now;
  }

  /**
   * Notes that the session was lost.
   * @returns the pause before the next LOGIN, in ms, and how many sessions were lost within a minute; 0 if they are not
   *   contested
   */
  lost(now: number): { readonly lost: number; readonly pauseMs: number } {
    this.#lostAt = [...this.#lostAt.filter((at) => now - at < windowMs), now];
    if (now - this.#openedAt > pauseMsMax) this.#pauseMs = 0;
    if (this.#pauseMs > 0 || this.#lostAt.length >= lostMax) {
      this.#pauseMs = Math.min(pauseMsMax, Math.max(pauseMsMin, this.#pauseMs * 2));
      return { lost: this.#lostAt.length, pauseMs: this.#pauseMs };
    }
    return { lost: 0, pauseMs: now - this.#openedAt < sessionMsMin ? shortPauseMs : 0 };
  }
}
