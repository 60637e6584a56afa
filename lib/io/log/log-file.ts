// Activity.log and error.log of a running server: opens both files and formats events as lines. Never writes a file
// itself; see LogWriter.

import { join } from "node:path";
import { OperatingError } from "../../operating-error.ts";
import { logLevels, type Log, type LogDirection, type LogLevel } from "../../server/log.ts";
import { logLine, stampOf } from "./log-line.ts";
import { LogWriter } from "./log-writer.ts";

export type LogOptions = {
  /** Created if it is missing. */
  readonly directory: string;
  /** Events below this level are not written to Activity.log. */
  readonly level: LogLevel;
  /** The largest size of a file, in bytes; then it is rotated. Default 64 MiB. */
  readonly bytesMax?: number;
  /** Rotated files kept of each log, 1 or more. Default 5. */
  readonly keep?: number;
  /** Characters of each log that may wait for a slow disk. Default 4 Mi. */
  readonly waitingCharsMax?: number;
  /** The clock, ms since 1970. */
  readonly now: () => number;
  /** A monotonic clock, ms. */
  readonly monotonic?: () => number;
  /** Receives lines while a file cannot be written. */
  readonly stderr?: (text: string) => void;
};

/** Both logs. */
export type FileLogs = Log & {
  /** Lines lost since the start, because the disk was slow or failed. */
  readonly lost: number;
  /** Resolves when every event so far is written or counted as lost. Never rejects. */
  flush(): Promise<void>;
  /** Events below this level are not written to Activity.log from now on. */
  setLevel(level: LogLevel): void;
  /** Opens both files again at their paths, for a program that has moved them (logrotate). Never rejects. */
  reopen(): Promise<void>;
  close(): Promise<void>;
};

const bytesMaxDefault = 64 << 20;
const keepDefault = 5;
const waitingCharsMaxDefault = 4 << 20;

/**
 * Opens Activity.log and error.log for appending.
 * @throws OperatingError `log-unwritable`
 */
export async function openLogs(options: LogOptions): Promise<FileLogs> {
  const { directory, now, stderr = toStderr } = options;
  const monotonic = options.monotonic ?? (() => performance.now());
  const stamp = stampOf();
  const bytesMax = options.bytesMax ?? bytesMaxDefault;
  const keep = options.keep ?? keepDefault;
  const waitingCharsMax = options.waitingCharsMax ?? waitingCharsMaxDefault;
  const lostLine = (lines: number) =>
    logLine(
      stamp(now()),
      "warn",
      "-",
      "-",
      `${lines} lines are missing here: the disk took them too slowly or not at all`,
    );
  const writerOf = (name: string) => {
    const path = join(directory, name);
    return new LogWriter({ path, bytesMax, keep, waitingCharsMax, monotonic, stderr, lostLine });
  };
  const activity = writerOf("Activity.log");
  const errors = writerOf("error.log");
  await start([activity, errors], directory);

  let rank = rankOf(options.level);
  const flushAtExit = () => {
    activity.flushAtExit();
    errors.flushAtExit();
  };
  process.on("exit", flushAtExit);

  return {
    get debug() {
      return rank === rankOf("debug");
    },
    setLevel(level: LogLevel) {
      rank = rankOf(level);
    },
    activity(eventLevel: LogLevel, peer: string, direction: LogDirection, words: string) {
      if (rankOf(eventLevel) < rank) return;
      activity.add(logLine(stamp(now()), eventLevel, peer, direction, words));
    },
    error(peer: string, words: string) {
      errors.add(logLine(stamp(now()), "error", peer, "-", words));
    },
    get lost() {
      return activity.lostTotal + errors.lostTotal;
    },
    async flush() {
      await Promise.all([activity.flush(), errors.flush()]);
    },
    async reopen() {
      await Promise.all([activity.reopen(), errors.reopen()]);
    },
    async close() {
      process.off("exit", flushAtExit);
      await Promise.all([activity.close(), errors.close()]);
    },
  };
}

async function start(writers: readonly LogWriter[], directory: string): Promise<void> {
  try {
    for (const writer of writers) await writer.start();
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.close()));
    const why = error instanceof Error ? error.message : String(error);
    throw new OperatingError(
      "log-unwritable",
      `The log directory ${directory} cannot be written: ${why}.`,
      "Make it writable for this user, or choose another with --log-dir.",
    );
  }
}

function rankOf(level: LogLevel): number {
  return logLevels.indexOf(level);
}

function toStderr(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // Standard error is broken too: there is nowhere left to report it.
  }
}
