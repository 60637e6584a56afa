// Activity.log for those who look at it: its last lines from the file, and new ones as they are written. Writes
// nothing.

import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Log, LogDirection, LogLevel } from "../server/log.ts";
import { logLevels } from "../server/log.ts";
import { visible } from "./log-line.ts";

export type LoggedLine = {
  readonly time: string;
  readonly level: LogLevel;
  readonly peer: string;
  readonly direction: LogDirection;
  readonly words: string;
};

/** What is read of the end of the file at most, and in one piece, in bytes. */
const readBytesMax = 4 << 20;
const pieceBytes = 128 << 10;

const lineForm = /^(\S+) (DEBUG|INFO|WARN|ERROR) +(\S+) (RECV|SEND|-) +(.*)$/;

/**
 * The last lines of the log that fit, oldest first.
 * @param directory where the logs are
 * @param contains a part of the peer or the words, any case; empty for all
 * @param level this one and above
 */
export async function lastLines(
  directory: string,
  contains: string,
  level: LogLevel,
  limit: number,
): Promise<LoggedLine[]> {
  const wanted = contains.toLowerCase();
  const found: LoggedLine[] = [];
  const file = await open(join(directory, "Activity.log"), "r");
  try {
    const { size } = await file.stat();
    const stop = Math.max(0, size - readBytesMax);
    // The beginning of a line whose rest is in the piece behind.
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

function take(
  lines: readonly string[],
  wanted: string,
  level: LogLevel,
  limit: number,
  found: LoggedLine[],
): void {
  for (const text of lines) {
    if (found.length >= limit) return;
    if (wanted !== "" && !text.toLowerCase().includes(wanted)) continue;
    const line = parseLine(text);
    if (line === null || logLevels.indexOf(line.level) < logLevels.indexOf(level)) continue;
    if (`${line.peer} ${line.words}`.toLowerCase().includes(wanted)) found.push(line);
  }
}

/** A line of a log in its columns, or null. */
export function parseLine(text: string): LoggedLine | null {
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

/** A log that also tells listeners what goes into Activity.log; without any it costs a comparison. */
export class HeardLog implements Log {
  readonly #listeners = new Set<(line: LoggedLine) => void>();

  /**
   * @param log where everything goes
   * @param level events below it are not told either
   * @param now ms since 1970
   */
  constructor(
    private readonly log: Log,
    private readonly level: LogLevel,
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
  }

  /** Calls for each line until the returned function is called. */
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
