// Log lines on standard output: written in batches, never waiting for a slow reader; what does not fit is dropped and counted.
// Formats nothing.

import type { OutputFile } from "../line-output.ts";

export type StandardLogOptions = {
  readonly file: OutputFile;
  /** Characters that may wait for a slow reader; lines above that are dropped and counted. */
  readonly waitingCharsMax: number;
  /** Told once when the output breaks. */
  readonly stderr: (text: string) => void;
  /** Makes the line that says how many lines are missing at this point. */
  readonly lostLine: (lines: number) => string;
};

/** A line waits this long for others, or until there are this many characters. */
const batchMs = 100;
const batchChars = 64 << 10;
/** A pipe takes so many bytes at once when it has room (PIPE_BUF). */
const pieceBytes = 4_096;
const newline = 0x0a;

/** Where log lines go: a file, or standard output. */
export type LogSink = {
  /** Lines that reached nobody since the start. */
  readonly lostTotal: number;
  /** @param line with its line ending */
  add(line: string): void;
  flush(): Promise<void>;
  reopen(): Promise<void>;
  close(): Promise<void>;
  flushAtExit(): void;
};

export class StandardLog implements LogSink {
  lostTotal = 0;
  #waiting = "";
  /** What the reader has not taken, before `#waiting`. It may begin inside a line. */
  #held: Buffer = Buffer.alloc(0);
  #lost = 0;
  #isBroken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: StandardLogOptions) {}

  add(line: string): void {
    const waiting = this.#held.length + this.#waiting.length + line.length;
    if (waiting > this.options.waitingCharsMax) return this.#lose(1);
    this.#waiting += line;
    if (this.#waiting.length >= batchChars) this.#write();
    else this.#later();
  }

  /** Writes what the reader takes now. */
  flush(): Promise<void> {
    this.#write();
    return Promise.resolve();
  }

  /** Nothing: nobody moves it away. */
  reopen(): Promise<void> {
    return this.flush();
  }

  close(): Promise<void> {
    this.flushAtExit();
    return Promise.resolve();
  }

  flushAtExit(): void {
    this.#write();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, batchMs).unref();
  }

  #write(): void {
    const { file, lostLine } = this.options;
    const note = this.#lost > 0 ? lostLine(this.#lost) : "";
    let rest = Buffer.concat([this.#held, Buffer.from(this.#waiting + note)]);
    [this.#waiting, this.#lost] = ["", 0];
    try {
      while (rest.length > 0 && file.hasRoom()) {
        rest = rest.subarray(file.write(rest.subarray(0, pieceBytes)));
        this.#isBroken = false;
      }
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "EAGAIN") rest = this.#broke(rest, code ?? String(error));
    }
    // A copy: what is held must not keep what was written in memory.
    this.#held = Buffer.from(rest);
    if (rest.length > 0) this.#later();
  }

  /** The lines go nowhere; a later one tries again. */
  #broke(rest: Buffer, why: string): Buffer<ArrayBuffer> {
    this.#lose(rest.filter((byte) => byte === newline).length);
    if (!this.#isBroken) this.options.stderr(`Standard output takes no log lines (${why}).\n`);
    this.#isBroken = true;
    return Buffer.alloc(0);
  }

  #lose(lines: number): void {
    this.#lost += lines;
    this.lostTotal += lines;
  }
}
