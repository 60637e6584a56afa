// What a session shows of its device's clock, and from it when a report was measured (protocol §4.6). Reckons with the
// monotonic clock, so that a step of the server's wall clock moves no report. Pure.

import type { Moment } from "../moment.ts";

/**
 * Two heartbeats in a row that came by more than this later than the offset allows show that the device's clock was set
 * back, ms. One may have been sent again and again while the server was away.
 */
const clockStepMs = 60_000;
/** How long the smallest offset counts, ms: one to two such spans. Else a slow clock would be wrong by all its drift. */
const spanMs = 3_600_000;
/**
 * A clock that shows the same time three times, each this much later than the one before, stands still, ms. Twice would
 * not tell: a report can wait while a heartbeat of the same second arrived.
 */
const stillMs = 10_000;
/** A report with an older time is taken for one without a time, ms: its clock was not set when it was measured. */
const ageMsMax = 366 * 86_400_000;
/** A wall clock that is set back by less does not put a report before the one before it, ms. */
const jitterMs = 1_000;

export class DeviceClock {
  /** The smallest monotonic time of receipt minus device time in this span and in the one before, ms. */
  #offset = Number.POSITIVE_INFINITY;
  #offsetBefore = Number.POSITIVE_INFINITY;
  #spanBegan = Number.NEGATIVE_INFINITY;
  /** Whether one late heartbeat does not show that the clock was set back. */
  #isSure = true;
  /** The time and the offset of a heartbeat that came too late for the smallest offset. */
  #late = { time: Number.NaN, offset: Number.NaN };
  /** The device's time as last shown, when, and how often it was the same after `stillMs`. */
  #shown = Number.NaN;
  #shownAt = 0;
  #stills = 0;
  /** When the last report was measured, by the monotonic and by the wall clock, ms. */
  #last = Number.NEGATIVE_INFINITY;
  #lastWall = Number.NEGATIVE_INFINITY;

  /**
   * Takes up what is stored.
   * @param offset as from `offsetAt`, or null
   * @param isSure as in `follow`
   */
  restore(offset: number | null, { wall, monotonic }: Moment, isSure = true): void {
    if (offset !== null) this.#offset = offset - wall + monotonic;
    this.#isSure = isSure;
  }

  /**
   * Continues after the device's earlier session: no report was measured before the last one of that, and the offset is
   * most likely the same.
   * @param isSure false after a LOGIN: the device may have started again, with another clock; its next heartbeat shows it
   */
  follow(before: DeviceClock, isSure: boolean): void {
    this.#last = before.#last;
    this.#lastWall = before.#lastWall;
    this.#offset = before.#smallest();
    this.#isSure = isSure;
  }

  /** The smallest time of receipt minus device time, by the wall clock, in whole ms; null if it is not known. */
  offsetAt({ wall, monotonic }: Moment): number | null {
    const offset = this.#smallest();
    return Number.isFinite(offset) ? Math.round(offset + wall - monotonic) : null;
  }

  /**
   * When a report that is received now was measured, in whole ms since 1970: never after now, and never before the
   * device's report before it unless the wall clock was set back meanwhile.
   * @param time the device's time, ms since 1970, or null if it cannot be read
   * @param wall the wall clock, ms since 1970
   * @param monotonic the monotonic clock, ms
   */
  measured(time: number | null, wall: number, monotonic: number): number {
    let at = monotonic;
    if (time !== null) {
      this.#noticeStill(time, monotonic);
      const own = time + this.#smallest();
      // Also false if there is no offset: then it is infinite.
      if (own < monotonic && monotonic - own <= ageMsMax && this.#stills < 2) at = own;
    }
    if (at < this.#last) at = this.#last;
    let atWall = Math.round(wall - (monotonic - at));
    // Two readings of both clocks can differ by a millisecond.
    if (atWall < this.#lastWall && atWall > this.#lastWall - jitterMs) atWall = this.#lastWall;
    return Math.min(atWall, wall);
  }

  /**
   * Notes that a report was measured: none of the device's later ones was measured before it. Not for an answer.
   * @param at as from `measured`, which was called with the same readings of both clocks
   */
  keepOrder(at: number, wall: number, monotonic: number): void {
    const last = monotonic - (wall - at);
    // Rounded to a millisecond, `at` may seem to be before the report before it.
    if (last < this.#last - 1) return;
    this.#last = Math.max(this.#last, last);
    this.#lastWall = at;
  }

  /**
   * Learns from a report, which may have waited; not from an answer.
   * @param monotonic when it was received, ms
   */
  learn(time: number | null, monotonic: number): void {
    if (time !== null && monotonic - time < this.#offset) this.#offset = monotonic - time;
  }

  /**
   * Learns from a heartbeat, which shows the device's time of now unless it was sent again.
   * @param monotonic when it was received, ms
   */
  hear(time: number | null, monotonic: number): void {
    if (time === null) return;
    this.#noticeStill(time, monotonic);
    const offset = monotonic - time;
    if (offset - this.#smallest() > clockStepMs) return this.#hearLate(time, offset);
    this.#isSure = true;
    this.#late = { time: Number.NaN, offset: Number.NaN };
    if (monotonic - this.#spanBegan <= spanMs) this.#offset = Math.min(this.#offset, offset);
    else {
      this.#offsetBefore = this.#offset;
      this.#offset = offset;
      this.#spanBegan = monotonic;
    }
  }

  #hearLate(time: number, offset: number): void {
    const late = this.#late;
    if (time === late.time) return;
    this.#late = { time, offset };
    if (this.#isSure && !(Math.abs(offset - late.offset) <= clockStepMs)) return;
    this.#isSure = true;
    this.#offset = this.#offsetBefore = offset;
  }

  #noticeStill(time: number, monotonic: number): void {
    if (time !== this.#shown) {
      this.#shown = time;
      this.#shownAt = monotonic;
      this.#stills = 0;
    } else if (monotonic - this.#shownAt > stillMs) {
      this.#shownAt = monotonic;
      this.#stills++;
    }
  }

  #smallest(): number {
    return this.#offset < this.#offsetBefore ? this.#offset : this.#offsetBefore;
  }
}
