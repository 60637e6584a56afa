// The queue before a log file: batches lines, sheds past a bound, and turns to stderr while the file cannot be written.
// Formats nothing, and never makes its caller wait.

import { RotatingFile, type RotationOptions } from "./log-rotation.ts";

export type LogWriterOptions = Omit<RotationOptions, "onRotationFailed"> & {
  /** Characters that wait for a slow disk; past it, lines are lost and counted. */
  readonly waitingCharsMax: number;
  /** ms since 1970. */
  readonly now: () => number;
  /** Takes the place of a file that cannot be written. Must not throw. */
  readonly stderr: (text: string) => void;
  /** The line that says how many lines are missing at this place. */
  readonly lostLine: (lines: number) => string;
};

/** Lines wait this long for others, unless there are many. */
const batchMs = 100;
const batchChars = 64 << 10;
/** The path is compared with the open file, and a broken file tried again, at most this often. */
const checkMs = 1_000;
/** Lines that go to stderr after each trial of a broken file; the others are counted. */
const stderrLinesMax = 20;
const newline = 0x0a;

/** Takes lines for one log file. */
export class LogWriter {
  /** Lines that reached neither the file nor stderr since the start. */
  lostTotal = 0;
  readonly #options: LogWriterOptions;
  readonly #file: RotatingFile;
  #waiting = "";
  /** Lines lost that the file does not tell of yet. */
  #lost = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  #checkedMs = 0;
  #broken = false;
  #stderrLines = 0;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    const onRotationFailed = (sentence: string) => options.stderr(`${sentence}\n`);
    this.#file = new RotatingFile({ ...options, onRotationFailed });
  }

  /**
   * Opens the file.
   * @throws the system's error
   */
  async start(): Promise<void> {
    this.#checkedMs = this.#options.now();
    await this.#file.open();
  }

  /**
   * Takes a line; it is on its way to the disk within 100 ms.
   * @param line with its end of line
   */
  add(line: string): void {
    if (this.#waiting.length + line.length > this.#options.waitingCharsMax) return this.#lose(1);
    this.#waiting += line;
    if (this.#writing === undefined) this.#schedule();
  }

  /** Resolves when every line taken so far is in the file, on stderr or counted as lost. Never rejects. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined || this.#waiting !== "") await this.#begin();
  }

  /** Flushes and lets go of the file. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    if (this.#lost > 0) this.#options.stderr(this.#options.lostLine(this.#lost));
    this.#lost = 0;
    await this.#file.close();
  }

  /** What still waits goes out at once, for the end of a process that did not get to `close`. */
  flushAtExit(): void {
    const note = this.#lost > 0 ? this.#options.lostLine(this.#lost) : "";
    const text = this.#waiting + note;
    [this.#waiting, this.#lost] = ["", 0];
    if (text !== "" && (this.#broken || !this.#file.appendNow(text))) this.#options.stderr(text);
  }

  #schedule(): void {
    // Not by a timer alone: under a flood of datagrams timers come late.
    if (this.#waiting.length >= batchChars) void this.#begin();
    else if (this.#waiting !== "") this.#timer ??= setTimeout(() => void this.#begin(), batchMs);
    this.#timer?.unref();
  }

  #begin(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#pass().finally(() => {
      this.#writing = undefined;
      this.#schedule();
    });
    return this.#writing;
  }

  /** Brings what waits to the file, or past it. */
  async #pass(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    const now = this.#options.now();
    const due = Math.abs(now - this.#checkedMs) >= checkMs;
    if (this.#broken && !due) return this.#divert(text);
    const lost = this.#lost;
    const note = lost > 0 ? this.#options.lostLine(lost) : "";
    // While the file was broken lines were lost before these; from a full queue, behind them.
    const [before, behind] = this.#broken ? [note, ""] : ["", note];
    const batch = Buffer.from(before + text + behind);
    this.#file.written = 0;
    try {
      if (due) await this.#file.follow();
      if (due) this.#checkedMs = now;
      await this.#file.append(batch);
      this.#lost -= lost;
      this.#mended();
    } catch (error) {
      this.#checkedMs = now;
      await this.#broke(error);
      this.#divert(linesLeft(Buffer.from(text), this.#file.written - before.length));
    }
  }

  async #broke(error: unknown): Promise<void> {
    await this.#file.close();
    this.#stderrLines = stderrLinesMax;
    if (this.#broken) return;
    this.#broken = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#options.stderr(
      `${this.#options.path} cannot be written (${why}). Its lines come here, some are left out, until it can.\n`,
    );
  }

  #mended(): void {
    if (!this.#broken) return;
    this.#broken = false;
    this.#options.stderr(`${this.#options.path} is written again.\n`);
  }

  /** To stderr, as long as that is no flood. */
  #divert(text: string): void {
    let at = 0;
    for (; this.#stderrLines > 0 && at < text.length; this.#stderrLines--) {
      at = text.indexOf("\n", at) + 1;
    }
    if (at > 0) this.#options.stderr(text.slice(0, at));
    this.#lose(countLines(text, at));
  }

  #lose(lines: number): void {
    this.#lost += lines;
    this.lostTotal += lines;
  }
}

/** The lines that are not wholly among the first `written` bytes. */
function linesLeft(batch: Buffer, written: number): string {
  const from = written <= 0 ? 0 : batch.lastIndexOf(newline, written - 1) + 1;
  return batch.toString("utf8", from);
}

function countLines(text: string, from: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n", from); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
