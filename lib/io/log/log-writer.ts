// The queue of a log file: writes lines in batches, drops and counts lines above a limit, uses stderr while the file
// cannot be written. Formats nothing, and never makes its caller wait.

import { RotatingFile, type RotationOptions } from "./log-rotation.ts";

export type LogWriterOptions = Omit<RotationOptions, "onRotationFailed"> & {
  /** Characters that may wait for a slow disk; lines above that are dropped and counted. */
  readonly waitingCharsMax: number;
  /** A monotonic clock, ms. */
  readonly monotonic: () => number;
  /** Receives lines while the file cannot be written. Must not throw. */
  readonly stderr: (text: string) => void;
  /** Makes the line that says how many lines are missing at this point of the log. */
  readonly lostLine: (lines: number) => string;
};

/** A line waits this long for others, or until there are this many characters. */
const batchMs = 100;
const batchChars = 64 << 10;
/** At most this often the path is compared with the open file, and a file that failed is tried again. */
const checkMs = 1_000;
/** Lines written to stderr after each attempt at a file that failed; further ones are counted as lost. */
const stderrLinesMax = 20;
const newline = 0x0a;

/** The writer of one log file. */
export class LogWriter {
  /** Lines that reached neither the file nor stderr since the start. */
  lostTotal = 0;
  readonly #options: LogWriterOptions;
  readonly #file: RotatingFile;
  #waiting = "";
  /** Lost lines that are not noted in the file yet. */
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
    this.#checkedMs = this.#options.monotonic();
    await this.#file.open();
  }

  /**
   * Adds a line. It is written within 100 ms, unless the disk is slow.
   * @param line with its line ending
   */
  add(line: string): void {
    if (this.#waiting.length + line.length > this.#options.waitingCharsMax) return this.#lose(1);
    this.#waiting += line;
    if (this.#writing === undefined) this.#schedule();
  }

  /** Writes the lines so far, and opens the file again if it was moved or deleted. Never rejects. */
  async reopen(): Promise<void> {
    await this.#writing;
    this.#checkedMs = Number.NEGATIVE_INFINITY;
    await this.#begin();
  }

  /** Resolves when every line so far is in the file, on stderr or counted as lost. Never rejects. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined || this.#waiting !== "") await this.#begin();
  }

  /** Flushes and closes the file. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    if (this.#lost > 0) this.#options.stderr(this.#options.lostLine(this.#lost));
    this.#lost = 0;
    await this.#file.close();
  }

  /** Writes the waiting lines synchronously, for a process that ends without `close`. */
  flushAtExit(): void {
    const note = this.#lost > 0 ? this.#options.lostLine(this.#lost) : "";
    const text = this.#waiting + note;
    [this.#waiting, this.#lost] = ["", 0];
    if (text !== "" && (this.#broken || !this.#file.appendNow(text))) this.#options.stderr(text);
  }

  #schedule(): void {
    // Not only by a timer: under a flood of datagrams timers fire late.
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

  /** Writes the waiting lines to the file, or to stderr if that fails. */
  async #pass(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    const now = this.#options.monotonic();
    const due = now - this.#checkedMs >= checkMs;
    if (this.#broken && !due) return this.#divert(text);
    const lost = this.#lost;
    const note = lost > 0 ? this.#options.lostLine(lost) : "";
    // Lines lost while the file could not be written came before these; lines lost to a full queue come after them.
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
      `${this.#options.path} cannot be written (${why}). Until it can, some of its lines appear here; the others are lost.\n`,
    );
  }

  #mended(): void {
    if (!this.#broken) return;
    this.#broken = false;
    this.#options.stderr(`${this.#options.path} is written again.\n`);
  }

  /** Writes lines to stderr, up to the limit; counts the rest as lost. */
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

/** The lines that do not end within the first `written` bytes. */
function linesLeft(batch: Buffer, written: number): string {
  const from = written <= 0 ? 0 : batch.lastIndexOf(newline, written - 1) + 1;
  return batch.toString("utf8", from);
}

function countLines(text: string, from: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n", from); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
