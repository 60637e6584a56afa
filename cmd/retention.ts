// Runs the removal of old reports: gives its schedule the clocks, the log and a timer. Never decides when to
// remove, and removes nothing itself.

import { tellWarning } from "../lib/cli/failure.ts";
import type { FileLogs } from "../lib/io/log/log-file.ts";
import type { Notice } from "../lib/operating-error.ts";
import type { Moment } from "../lib/server/moment.ts";
import type { ReportRemover } from "../lib/server/store-care.ts";
import { failedPauseMs, RetentionSchedule } from "../lib/store/retention-schedule.ts";

/** A removal that runs from its start until it is closed. */
export type RunningRetention = {
  /** Begins; call it once nothing can fail the server's start any more. Warns on the terminal if it has to wait. */
  start(): void;
  /** Why no reports are removed for a while; null if they are. */
  hold(): Notice | null;
  close(): void;
};

/**
 * Prepares the removal of old reports, a few milliseconds at a time.
 * @param retainMs the age up to which reports are kept, ms; null keeps all
 */
export function prepareRetention(
  remover: ReportRemover,
  retainMs: number | null,
  logs: FileLogs,
  clocks: () => Moment,
): RunningRetention {
  if (retainMs === null) return { start: () => {}, hold: () => null, close: () => {} };
  const schedule = new RetentionSchedule(
    {
      remover,
      retainMs,
      newest: remover.newest(),
      log: (level, words) => logs.activity(level, "-", "-", words),
    },
    clocks(),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStarting = true;
  const turn = () => {
    let pauseMs: number = failedPauseMs;
    try {
      pauseMs = schedule.turn(clocks());
      if (isStarting && schedule.isDecided) {
        isStarting = false;
        if (schedule.hold !== null) tellWarning(schedule.hold);
      }
    } catch (error) {
      logs.error("-", `old reports could not be removed: ${(error as Error).message}`);
    }
    timer = setTimeout(turn, pauseMs);
  };
  return {
    start: turn,
    hold: () => schedule.hold,
    close: () => {
      clearTimeout(timer);
      schedule.stop();
    },
  };
}
