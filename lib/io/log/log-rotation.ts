// An append-only file of whole lines: rotated by size, and opened again if it was moved or deleted. Keeps no queue and
// hides no error: the caller decides what to do with lines that could not be written.

import { mkdir, open, rename, stat, type FileHandle } from "node:fs/promises";
import { writeSync } from "node:fs";
import { dirname } from "node:path";

export type RotationOptions = {
  readonly path: string;
  /** The file is rotated before it exceeds this size. */
  readonly bytesMax: number;
  /** Rotated files kept, 1 or more: `path.1` is the newest. */
  readonly keep: number;
  /** Called with one sentence if a rotation fails; the file then grows past `bytesMax`. */
  readonly onRotationFailed: (sentence: string) => void;
};

const newline = 0x0a;

/** A file that is appended to and rotated by rename, so that `tail -F` follows it. */
export class RotatingFile {
  /** How many bytes of the latest batch are in the file. */
  written = 0;
  readonly #options: RotationOptions;
  #file: FileHandle | undefined;
  #inode = 0;
  #bytes = 0;
  #rotateAt = 0;
  #midLine = false;

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  /**
   * Opens the file for appending; creates it and its directory if they are missing.
   * @throws the system's error
   */
  async open(): Promise<void> {
    await this.close();
    const { path, bytesMax } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    // Also for reading: the last byte is read, and open does not block if the path is a pipe.
    const file = await open(path, "a+", 0o640);
    this.#file = file;
    const { ino, size } = await file.stat();
    this.#inode = ino;
    this.#bytes = size;
    this.#rotateAt = bytesMax;
    this.#midLine = size > 0 && (await lastByte(file, size)) !== newline;
  }

  /**
   * Opens the file again if the path does not lead to it any more, and notices if somebody has truncated it.
   * @throws the system's error
   */
  async follow(): Promise<void> {
    const there = await stat(this.#options.path).catch(() => undefined);
    if (this.#file === undefined || there === undefined || there.ino !== this.#inode) {
      await this.open();
    } else {
      this.#bytes = there.size;
    }
  }

  /**
   * Appends whole lines and rotates the file between them when it is full. A line longer than `bytesMax` gets its own
   * file.
   * @param batch lines, each with its line ending
   * @throws the system's error; `written` is how many bytes of the batch were written
   */
  async append(batch: Uint8Array): Promise<void> {
    this.written = 0;
    if (this.#file === undefined) await this.open();
    if (this.#midLine) await this.#write(Buffer.from("\n"));
    for (let at = 0; at < batch.length; at = this.written) {
      const room = this.#rotateAt - this.#bytes;
      const fitting = batch.length - at <= room ? batch.length : endOfLines(batch, at, room);
      if (fitting === at && this.#bytes > 0) {
        await this.#rotate();
        continue;
      }
      const end = fitting > at ? fitting : batch.indexOf(newline, at) + 1 || batch.length;
      for (let from = at; from < end; from = this.written) {
        this.written = from + (await this.#write(batch.subarray(from, end)));
      }
    }
  }

  /** Appends synchronously, for the end of the process. False if that failed. */
  appendNow(text: string): boolean {
    if (this.#file === undefined) return false;
    try {
      writeSync(this.#file.fd, text);
      return true;
    } catch {
      return false;
    }
  }

  /** Closes the file; `append` opens it again. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {});
  }

  async #write(part: Uint8Array): Promise<number> {
    const { bytesWritten } = await (this.#file as FileHandle).write(part);
    this.#bytes += bytesWritten;
    if (bytesWritten > 0) this.#midLine = part[bytesWritten - 1] !== newline;
    return bytesWritten;
  }

  async #rotate(): Promise<void> {
    const { path, keep, bytesMax, onRotationFailed } = this.#options;
    await this.close();
    try {
      for (let n = keep - 1; n > 0; n--) await renameIfThere(`${path}.${n}`, `${path}.${n + 1}`);
      await renameIfThere(path, `${path}.1`);
      await this.open();
    } catch (error) {
      await this.open();
      this.#rotateAt = this.#bytes + bytesMax;
      onRotationFailed(`${path} could not be rotated and goes on growing: ${String(error)}.`);
    }
  }
}

/** The end of the last line that fits into `room` bytes from `at` on; `at` if none fits. */
function endOfLines(batch: Uint8Array, at: number, room: number): number {
  return room <= 0 ? at : Math.max(at, batch.lastIndexOf(newline, at + room - 1) + 1);
}

async function lastByte(file: FileHandle, size: number): Promise<number | undefined> {
  const { bytesRead, buffer } = await file.read(new Uint8Array(1), 0, 1, size - 1);
  return bytesRead === 1 ? buffer[0] : undefined;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
}
