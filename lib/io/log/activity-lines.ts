// Activity.log and error.log for the dashboard, as one: reads their last lines from the files, and passes new lines to listeners.
// Never writes a file.

import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Log, LogDirection, LogLevel } from "../../server/log.ts";
import { logLevels } from "../../server/log.ts";
import { visible } from "./log-line.ts";

export type LoggedLine = {
  readonly time: string;
  readonly level: LogLevel;
  readonly peer: string;
  readonly direction: LogDirection;
  readonly words: string;
};

/** At most this much of the end of the file is read, in pieces of this size; in bytes. */
const readBytesMax = 4 << 20;
const pieceBytes = 128 << 10;

const lineForm = /^(\S+) (DEBUG|INFO|WARN|ERROR) +(\S+) (RECV|SEND|-) +(.*)$/;

/**
 * The last lines of both logs that match, in the order of their times, oldest first.
 * @param directory the directory of the logs
 * @param contains a part of the peer and the words, in any case; empty for all lines
 * @param level the lowest level to include
 * @param limit the most lines to return
 * @throws the system's error if a file cannot be read
 */
export async function lastLines(
  directory: string,
  contains: string,
  level: LogLevel,
  limit: number,
): Promise<LoggedLine[]> {
  const wanted = contains.toLowerCase();
  const lastOfFile = (name: string) => lastLinesIn(join(directory, name), wanted, level, limit);
  const errors = await lastOfFile("error.log").catch(noneIfMissing);
  // No line of Activity.log is an error.
  return level === "error" ? errors : both(await lastOfFile("Activity.log"), errors, limit);
}

/** The last lines of both logs. A flood of refusals leaves room for what else happened. */
function both(activity: readonly LoggedLine[], errors: readonly LoggedLine[], limit: number) {
  return mergedByTime(activity, errors.slice(-Math.ceil(limit / 2))).slice(-limit);
}

/** Somebody may have removed it, since it is only read when something is wrong. */
function noneIfMissing(error: unknown): LoggedLine[] {
  if ((error as { code?: string }).code === "ENOENT") return [];
  throw error;
}

/** Lines of two logs in the order of their times, those of each as they are there. */
function mergedByTime(one: readonly LoggedLine[], other: readonly LoggedLine[]): LoggedLine[] {
  const merged: LoggedLine[] = [];
  let next = 0;
  for (const line of one) {
    for (
      let rival = other[next];
      rival !== undefined && rival.time < line.time;
      rival = other[next]
    ) {
      merged.push(rival);
      next++;
    }
    merged.push(line);
  }
  return [...merged, ...other.slice(next)];
}

async function lastLinesIn(
  path: string,
  wanted: string,
  level: LogLevel,
  limit: number,
): Promise<LoggedLine[]> {
  const found: LoggedLine[] = [];
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const stop = Math.max(0, size - readBytesMax);
    // The end of a line that begins in the piece of the file before this one.
    let rest = Buffer.alloc(0);
    for (let end = size; end > stop && found.length < limit;) {
      const start = Math.max(stop, end - pieceBytes);
      const piece = Buffer.alloc(end - start);
      const { bytesRead } = await file.read(piece, 0, piece.length, start);
      const text = Buffer.concat([piece.subarray(0, bytesRead), rest]);
      const cut = start === 0 ? 0 : text.indexOf(0x0a) + 1;
      if (start > 0 && cut === 0) {
        rest = text;
      } else {
        rest = text.subarray(0, cut);
        const lines = text.toString("utf8", cut).split("\n").reverse();
        take(lines, wanted, level, limit, found);
      }
      end = start;
    }
  } finally {
    await file.close();
  }
  return found.reverse();
}

/**
 * The last of some lines that match, as `lastLines` gives those of the files.
 * @param lines those of Activity.log, oldest first
 * @param errors those of error.log
 */
export function lastOf(
  lines: readonly string[],
  errors: readonly string[],
  contains: string,
  level: LogLevel,
  limit: number,
): LoggedLine[] {
  const lastIn = (texts: readonly string[]) => {
    const found: LoggedLine[] = [];
    take(texts.toReversed(), contains.toLowerCase(), level, limit, found);
    return found.reverse();
  };
  return level === "error" ? lastIn(errors) : both(lastIn(lines), lastIn(errors), limit);
}

function take(
  lines: readonly string[],
  wanted: string,
  level: LogLevel,
  limit: number,
  found: LoggedLine[],
): void {
  for (const text of lines) {
    if (found.length >= limit) return;
    // JSON has escapes where the words have none.
    const isPlain = !text.startsWith("{");
    if (isPlain && wanted !== "" && !text.toLowerCase().includes(wanted)) continue;
    const line = parseLine(text);
    if (line === null || logLevels.indexOf(line.level) < logLevels.indexOf(level)) continue;
    if (`${line.peer} ${line.words}`.toLowerCase().includes(wanted)) found.push(line);
  }
}

/** Parses a line of a log into its columns. Null if the text is not such a line. */
export function parseLine(text: string): LoggedLine | null {
  if (text.startsWith("{")) return parseJson(text);
  const [, time, level, peer, direction, words] = lineForm.exec(text) ?? [];
  if (time === undefined || level === undefined || peer === undefined) return null;
  return {
    time,
    level: level.toLowerCase() as LogLevel,
    peer,
    direction: direction as LogDirection,
    words: words ?? "",
  };
}

function parseJson(text: string): LoggedLine | null {
  try {
    const { time, level, peer, direction, words } = JSON.parse(text) as Record<string, string>;
    if (time === undefined || !logLevels.includes(level as LogLevel)) return null;
    return {
      time,
      level: level as LogLevel,
      peer: visible(peer ?? "-"),
      direction: (direction ?? "-") as LogDirection,
      words: visible(words ?? ""),
    };
  } catch {
    return null;
  }
}

/** A log that also passes its lines to listeners. Without a listener this costs one comparison. */
export class HeardLog implements Log {
  readonly #listeners = new Set<(line: LoggedLine) => void>();

  /**
   * @param log receives every event
   * @param level listeners get no events below it
   * @param now the clock, ms since 1970
   */
  constructor(
    private readonly log: Log,
    private level: LogLevel,
    private readonly now: () => number,
  ) {}

  get debug(): boolean {
    return this.log.debug;
  }

  activity(level: LogLevel, peer: string, direction: LogDirection, words: string): void {
    this.log.activity(level, peer, direction, words);
    if (this.#listeners.size > 0) this.#tell(level, peer, direction, words);
  }

  error(peer: string, words: string): void {
    this.log.error(peer, words);
    if (this.#listeners.size > 0) this.#tell("error", peer, "-", words);
  }

  /** Listeners get no events below this level from now on. */
  setLevel(level: LogLevel): void {
    this.level = level;
  }

  /** Calls `onLine` for each line. The returned function removes the listener. */
  listen(onLine: (line: LoggedLine) => void): () => void {
    this.#listeners.add(onLine);
    return () => this.#listeners.delete(onLine);
  }

  #tell(level: LogLevel, peer: string, direction: LogDirection, words: string): void {
    if (logLevels.indexOf(level) < logLevels.indexOf(this.level)) return;
    const time = new Date(this.now()).toISOString();
    const line = { time, level, peer, direction, words: visible(words) };
    for (const tell of this.#listeners) tell(line);
  }
}
