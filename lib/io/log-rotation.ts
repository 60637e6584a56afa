// One append-only file of whole lines on the disk: rotated by size, found again when it was moved or deleted. Keeps no
// queue and hides no error: what could not be written is its caller's.

import { mkdir, open, rename, stat, type FileHandle } from "node:fs/promises";
import { writeSync } from "node:fs";
import { dirname } from "node:path";

export type RotationOptions = {
  readonly path: string;
  /** The file is rotated before it would grow past this. */
  readonly bytesMax: number;
  /** Rotated files kept, from 1 on: `path.1` is the youngest. */
  readonly keep: number;
  /** Told that a rotation failed, in one sentence; the file then goes on growing. */
  readonly onRotationFailed: (sentence: string) => void;
};

const newline = 0x0a;

/** A file that is appended to and rotated by rename, so that `tail -F` follows it. */
export class RotatingFile {
  /** How many bytes of the last batch are in the file. */
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
   * Opens the file, and makes its directory where there is none. Appends to what is there.
   * @throws the system's error
   */
  async open(): Promise<void> {
    await this.close();
    const { path, bytesMax } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    // Readable too: the last byte is looked at, and a pipe in its place does not make open wait.
    const file = await open(path, "a+", 0o640);
    this.#file = file;
    const { ino, size } = await file.stat();
    this.#inode = ino;
    this.#bytes = size;
    this.#rotateAt = bytesMax;
    this.#midLine = size > 0 && (await lastByte(file, size)) !== newline;
  }

  /**
   * Opens the file again where the path leads elsewhere by now, and sees a file that was cut by hand.
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
   * Appends whole lines, each to the file it fits in; a line longer than a file gets one for itself.
   * @param batch lines, each with its end
   * @throws the system's error; `written` says how far it came
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

  /** Appends at once, for the end of a process. Whether it could. */
  appendNow(text: string): boolean {
    if (this.#file === undefined) return false;
    try {
      writeSync(this.#file.fd, text);
      return true;
    } catch {
      return false;
    }
  }

  /** Lets go of the file; `append` opens it again. */
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

/** Where the last line ends that fits into `room` bytes from `at`; `at` if none does. */
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
