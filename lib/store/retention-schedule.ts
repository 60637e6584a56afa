// Owns when old reports are removed. The wall clock may be wrong, and alone never decides that data goes: after a step of
// it, or if it is far from the newest report at the start, or if most reports would go, the removal waits and says so.
// Reads no clock and removes nothing itself.

import type { Notice } from "../operating-error.ts";
import { exactDuration, roughDuration } from "../server/duration-text.ts";
import type { LogLevel } from "../server/log.ts";
import type { Moment } from "../server/moment.ts";
import type { RemovalCount, ReportRemover } from "../server/store-care.ts";

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000] as const;

/** If wall and monotonic clock come apart by more than this, the wall clock was set. */
const clockStepMs = minuteMs;
/** How long the removal waits after a step, after a start with a doubtful clock, and before most reports are removed. */
const waitMs = { step: hourMs, start: dayMs, most: 10 * minuteMs } as const;
/** How far the newest report may be before the clock at a start. */
const startGapMsMax = dayMs;
/** Pauses between calls: with `behind` the steps take a fifth of the loop's time. */
const pauseMs = { behind: 30, watching: 1_000, failed: 10_000 } as const;

export type RetentionParts = {
  readonly remover: Omit<ReportRemover, "newest">;
  /** The age up to which reports are kept, ms. */
  readonly retainMs: number;
  /** When the report that was stored last was received, ms since 1970; null if there is none. */
  readonly newest: number | null;
  /** Writes a line of Activity.log. */
  readonly log: (level: LogLevel, words: string) => void;
};

export class RetentionSchedule {
  /** Why the removal waits; null if it does not. */
  hold: Notice | null = null;
  /** Until when it waits, by the monotonic clock. */
  #until = Number.NEGATIVE_INFINITY;
  /** By how much the wall clock is ahead of the monotonic one. */
  #offset: number;
  /** Whether the next pass is known to remove at most half of the reports, or was announced. */
  #isAnnounced = false;
  /** When the next pass is due, by the monotonic clock. */
  #nextPass = Number.NEGATIVE_INFINITY;
  #limit = 0;
  #removed = 0;

  /** @param now the moment of the start */
  constructor(
    private readonly parts: RetentionParts,
    now: Moment,
  ) {
    this.#offset = now.wall - now.monotonic;
    const { newest } = parts;
    if (newest === null) return;
    const gap = now.wall - newest;
    if (gap >= 0 && gap <= startGapMsMax) return;
    const where = gap < 0 ? "before" : "after";
    this.#wait(
      now.monotonic + waitMs.start,
      `No old reports are removed for 24 h: the server's clock (${textOf(now.wall)}) is ` +
        `${roughDuration(Math.abs(gap))} ${where} the newest report.`,
      "Check the clock. If it is right, nothing is to be done.",
    );
  }

  /**
   * Does what is due. Call it again after the pause that it returns, ms.
   * @throws errors of the store; then call it again after `failedPauseMs`
   */
  turn(now: Moment): number {
    this.#noticeStep(now);
    if (now.monotonic < this.#until || now.monotonic < this.#nextPass) return pauseMs.watching;
    this.hold = null;
    const { remover, retainMs } = this.parts;
    if (!remover.isBehind) this.#limit = now.wall - retainMs;
    if (!this.#isAnnounced) {
      const count = remover.count(this.#limit);
      if (count === null) return pauseMs.behind;
      this.#isAnnounced = true;
      if (this.#announceMost(count, now)) return pauseMs.watching;
    }
    this.#removed += remover.step(this.#limit);
    if (remover.isBehind) return pauseMs.behind;
    this.#tellRemoved();
    // So rows stay a sixtieth of their time longer at most, and a busy server writes few lines.
    this.#nextPass = now.monotonic + Math.min(10 * minuteMs, Math.max(minuteMs, retainMs / 60));
    return pauseMs.watching;
  }

  /** Whether it is known if the removal has to wait before its first pass: what that would remove is counted first. */
  get isDecided(): boolean {
    return this.#isAnnounced || this.hold !== null;
  }

  /** Ends the pass under way, at a stop. */
  stop(): void {
    this.parts.remover.abandon();
    this.#tellRemoved();
  }

  #noticeStep({ wall, monotonic }: Moment): void {
    const by = wall - monotonic - this.#offset;
    if (Math.abs(by) <= clockStepMs) return;
    this.#offset = wall - monotonic;
    this.stop();
    this.#isAnnounced = false;
    this.#nextPass = Number.NEGATIVE_INFINITY;
    this.#wait(
      monotonic + waitMs.step,
      `No old reports are removed for 1 h: the server's clock was set ` +
        `${by > 0 ? "forward" : "back"} by ${roughDuration(Math.abs(by))}, to ${textOf(wall)}.`,
      "Check the clock. If it is right, nothing is to be done.",
    );
  }

  /** Waits before a first pass that would remove more than half of all reports; whether it does. */
  #announceMost({ old, all }: RemovalCount, { monotonic }: Moment): boolean {
    if (old * 2 <= all) return false;
    this.#wait(
      monotonic + waitMs.most,
      `${old} of ${all} reports were received before ${textOf(this.#limit)} and will be removed in 10 min ` +
        `(--retain ${exactDuration(this.parts.retainMs)}).`,
      `To keep them, stop the server within 10 min, and start it with a longer --retain or without it.`,
    );
    return true;
  }

  #wait(until: number, message: string, nextStep: string): void {
    this.parts.log("warn", `${message} ${nextStep}`);
    if (until <= this.#until) return;
    this.#until = until;
    this.hold = { message, nextStep };
  }

  #tellRemoved(): void {
    if (this.#removed > 0) {
      const kept = exactDuration(this.parts.retainMs);
      this.parts.log(
        "info",
        `removed ${this.#removed} reports received before ${textOf(this.#limit)} (keeps reports ${kept})`,
      );
    }
    this.#removed = 0;
  }
}

/** How long to wait after `turn` threw, ms. */
export const failedPauseMs = pauseMs.failed;

/** A time for people; the clock may be at any time, also one that has no ISO form. */
function textOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms since 1970` : date.toISOString();
}
