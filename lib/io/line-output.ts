// Standard output by lines: the only writer of it in both programs, except for what a person sees on a terminal. Notices
// when it breaks (a full disk, a reader that has gone), and never ends the process itself.

import { writeSync } from "node:fs";
import { ptr } from "bun:ffi";
import { exitCode, OperatingError } from "../operating-error.ts";
import { openLibc } from "./libc.ts";

/** What becomes of a command whose output breaks. */
export type OutputPolicy =
  /** Its output is all it is for: the write throws, and the command ends. */
  | "end"
  /** It has other work, such as sending: it goes on, and what it would print is dropped. */
  | "go on"
  /** As before; and it does not wait either for a reader that reads too slowly, because others wait for it. */
  | "never wait";

/** A file to write to. */
export type OutputFile = {
  /**
   * Writes some of the bytes.
   * @returns how many
   * @throws the system's error
   */
  write(bytes: Uint8Array): number;
  /** Whether 4 KiB can be written without waiting. */
  hasRoom(): boolean;
};

/** Bytes that a pipe takes at once when it has room (PIPE_BUF). */
const pieceBytes = 4_096;
/** Bytes that wait for a slow reader if the command does not; lines above that are dropped and counted. */
const heldBytesMax = 1 << 20;
const lineEnd = 0x0a;
const retryMs = 100;

export class LineOutput {
  policy: OutputPolicy = "end";
  #waiting = "";
  /** What a slow reader has not taken, before `#waiting`. Bytes, because it may begin inside a character. */
  #held: Buffer = Buffer.alloc(0);
  #broken: OperatingError | null = null;
  #missing = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param bufferChars lines are written together when they have this many characters; 0 for each line at once
   * @param file standard output
   */
  constructor(
    private readonly bufferChars: number,
    private readonly file: OutputFile = standardOutput(),
  ) {}

  /**
   * Adds a line, without its end.
   * @throws OperatingError `output-broken` if the output is or breaks, and the policy is `end`
   */
  readonly write = (line: string): void => {
    if (this.#broken !== null) return this.#refuse(this.#broken);
    if (this.policy === "never wait" && this.#hasNoRoomFor(line)) {
      this.#missing++;
      return;
    }
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= this.bufferChars) this.flush();
  };

  /**
   * Writes what is buffered; with the policy `never wait`, as much as fits.
   * @throws OperatingError `output-broken` if the policy is `end`
   */
  flush(): void {
    let rest = this.#takeWaiting();
    while (rest.length > 0) {
      try {
        if (!this.#maySend()) return this.#hold(rest);
        rest = rest.subarray(this.file.write(this.#piece(rest)));
      } catch (error) {
        const { code } = error as { code?: string };
        if (code !== "EAGAIN") return this.#break(code ?? String(error));
        // A non-blocking pipe that is full, because the reader is slower.
        if (this.policy === "never wait") return this.#hold(rest);
        Bun.sleepSync(1);
      }
    }
  }

  /**
   * Writes what is left, for the end of the program.
   * @returns why the output is not complete, or null if it is
   */
  end(): OperatingError | null {
    try {
      this.flush();
    } catch (error) {
      if (error !== this.#broken) throw error;
    }
    clearTimeout(this.#retry);
    const lost = this.#missing + this.#takeWaiting().filter((byte) => byte === lineEnd).length;
    if (this.#broken !== null || lost === 0) return this.#broken;
    return outputBroken(
      `${lost} lines of the output are missing: its reader took them too slowly.`,
      "The command itself did not wait for it.",
    );
  }

  #hasNoRoomFor(line: string): boolean {
    const waiting = this.#held.length + Buffer.byteLength(this.#waiting);
    return waiting + Buffer.byteLength(line) > heldBytesMax;
  }

  #takeWaiting(): Buffer {
    const waiting = Buffer.from(this.#waiting);
    const all = this.#held.length === 0 ? waiting : Buffer.concat([this.#held, waiting]);
    this.#held = Buffer.alloc(0);
    this.#waiting = "";
    return all;
  }

  #maySend(): boolean {
    return this.policy !== "never wait" || this.file.hasRoom();
  }

  #piece(rest: Buffer): Buffer {
    return this.policy === "never wait" ? rest.subarray(0, pieceBytes) : rest;
  }

  #hold(rest: Buffer): void {
    this.#held = rest;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.flush(), retryMs);
    this.#retry.unref();
  }

  #break(code: string): void {
    this.#waiting = "";
    const isEnd = this.policy === "end";
    this.#broken =
      isEnd && code === "EPIPE"
        ? new OperatingError("reader-gone", "The reader has gone.", "", exitCode.readerGone)
        : outputBroken(
            code === "EPIPE"
              ? "The reader of the output has gone."
              : `The output cannot be written (${code}).`,
            isEnd
              ? "What it has is incomplete. Make room, or write it to another place."
              : "The command went on without it: do not repeat it only for its output.",
          );
    this.#refuse(this.#broken);
  }

  #refuse(broken: OperatingError): void {
    if (this.policy === "end") throw broken;
  }
}

/** Lets a program go on when nobody can read its standard error; without this, Bun ends it at the first line. */
export function surviveBrokenErrors(): void {
  process.stderr.on("error", () => {});
}

function outputBroken(message: string, nextStep: string): OperatingError {
  return new OperatingError("output-broken", message, nextStep, exitCode.outputBroken);
}

/** Standard output as a file. */
export function standardOutput(): OutputFile {
  let poll: (() => boolean) | null = null;
  return {
    write: (bytes) => writeSync(1, bytes),
    hasRoom: () => (poll ??= pollOf(1))(),
  };
}

/** Asks poll(2). Not by O_NONBLOCK: the programs that share the pipe would get it, too. */
function pollOf(descriptor: number): () => boolean {
  if (process.platform !== "linux") return () => true;
  const library = openLibc({ poll: { args: ["ptr", "u64", "i32"], returns: "i32" } });
  if (library === null) return () => true;
  const writable = 4;
  const question = new Int16Array(4);
  new Int32Array(question.buffer)[0] = descriptor;
  question[2] = writable;
  // An error counts as room: the write will tell which.
  return () => library.symbols.poll(ptr(question), 1, 0) > 0;
}
