// Activity.log and error.log of a running server: opens both files, or standard output in their place, and formats events as
// lines. Never writes a file itself; see LogWriter and StandardLog.

import { join } from "node:path";
import { OperatingError } from "../../operating-error.ts";
import { logLevels, type Log, type LogDirection, type LogLevel } from "../../server/log.ts";
import { type OutputFile, standardOutput } from "../line-output.ts";
import { jsonLogLine, type LogFormat, logLine, priorities, stampOf } from "./log-line.ts";
import { LogWriter } from "./log-writer.ts";
import { StandardLog } from "./standard-log.ts";

/** Where the lines of both logs go. */
export const logTargets = ["files", "stdout", "both"] as const;
export type LogTarget = (typeof logTargets)[number];

export type LogOptions = {
  /** Created if it is missing. */
  readonly directory: string;
  /** Events below this level are not written to Activity.log. */
  readonly level: LogLevel;
  /** Where lines go: to the files, to standard output, or to both. Default files. */
  readonly to?: LogTarget;
  /** Default text. */
  readonly format?: LogFormat;
  /** Standard output. */
  readonly output?: OutputFile;
  /** Whether standard output is the journal, which takes the priority of a line. */
  readonly isJournal?: boolean;
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
  /** The latest lines of Activity.log, oldest first, if there is no such file; else null. */
  readonly recent: readonly string[] | null;
  /** The same of error.log; none if there are files. */
  readonly recentErrors: readonly string[];
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
/** Lines of both logs that are in memory if there is no file; at most twice as many. */
const recentMin = 1_000;

/**
 * Opens Activity.log and error.log for appending.
 * @throws OperatingError `log-unwritable`
 */
export async function openLogs(options: LogOptions): Promise<FileLogs> {
  const { now, format = "text" } = options;
  const stamp = stampOf();
  const lineOf = format === "json" ? jsonLogLine : logLine;
  const missing = (lines: number) =>
    `${lines} lines are missing here: the disk or the reader took them too slowly or not at all`;
  const lostLine = (lines: number) => lineOf(stamp(now()), "warn", "-", "-", missing(lines));
  const { activity, errors, output } = await openSinks(options, lostLine);
  const all = [activity, errors, output].filter((sink) => sink !== null);
  const priorityOf = (level: LogLevel) => (options.isJournal === true ? priorities[level] : "");
  const recent: string[] | null = activity === null ? [] : null;
  const recentErrors: string[] = [];

  let rank = rankOf(options.level);
  const flushAtExit = () => all.forEach((sink) => sink.flushAtExit());
  process.on("exit", flushAtExit);

  return {
    get debug() {
      return rank === rankOf("debug");
    },
    recent,
    recentErrors,
    setLevel(level: LogLevel) {
      rank = rankOf(level);
    },
    activity(level: LogLevel, peer: string, direction: LogDirection, words: string) {
      if (rankOf(level) < rank) return;
      const line = lineOf(stamp(now()), level, peer, direction, words);
      activity?.add(line);
      output?.add(priorityOf(level) + line);
      if (recent !== null) remember(recent, line.slice(0, -1));
    },
    error(peer: string, words: string) {
      const line = lineOf(stamp(now()), "error", peer, "-", words);
      errors?.add(line);
      output?.add(priorityOf("error") + line);
      if (recent !== null) remember(recentErrors, line.slice(0, -1));
    },
    get lost() {
      return all.reduce((sum, { lostTotal }) => sum + lostTotal, 0);
    },
    async flush() {
      await Promise.all(all.map((sink) => sink.flush()));
    },
    async reopen() {
      await Promise.all(all.map((sink) => sink.reopen()));
    },
    async close() {
      process.off("exit", flushAtExit);
      await Promise.all(all.map((sink) => sink.close()));
    },
  };
}

/** Opens what the lines go to; null for what they do not. */
async function openSinks(options: LogOptions, lostLine: (lines: number) => string) {
  const { directory, to = "files", stderr = toStderr } = options;
  const monotonic = options.monotonic ?? (() => performance.now());
  const bytesMax = options.bytesMax ?? bytesMaxDefault;
  const keep = options.keep ?? keepDefault;
  const waitingCharsMax = options.waitingCharsMax ?? waitingCharsMaxDefault;
  const writerOf = (name: string) => {
    const path = join(directory, name);
    return new LogWriter({ path, bytesMax, keep, waitingCharsMax, monotonic, stderr, lostLine });
  };
  const file = options.output ?? standardOutput();
  const output =
    to === "files" ? null : new StandardLog({ file, waitingCharsMax, stderr, lostLine });
  if (to === "stdout") return { activity: null, errors: null, output };
  const activity = writerOf("Activity.log");
  const errors = writerOf("error.log");
  await start([activity, errors], directory);
  return { activity, errors, output };
}

function remember(recent: string[], line: string): void {
  if (recent.push(line) >= 2 * recentMin) recent.splice(0, recentMin);
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
