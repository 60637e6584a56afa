// Owns the check whether the database file or its log was deleted or replaced while open: SQLite would go on writing to
// the deleted file. The store checks after each commit, before anything is acknowledged. Never repairs anything.

import { statSync } from "node:fs";
import { realPathOf } from "./database-file.ts";

/** A log above this size is told: a checkpoint cannot empty it as long as anybody reads an older state. */
export const logBytesMax = 256 << 20;
/** In words for the operator. */
export const logGrows = `the database's log is above ${logBytesMax >> 20} MB: a program keeps a read transaction open (lsof names it), so it cannot be emptied`;

export class FileGuard {
  readonly #watched: { readonly file: string; identity: string | null }[];
  #lost: string | null = null;
  #logBytes = 0;

  /** @param path the open database */
  constructor(path: string) {
    const file = realPathOf(path);
    this.#watched = [path, file, `${file}-wal`].map((name) => ({
      file: name,
      identity: look(name).identity,
    }));
  }

  /** The size of the log at the last check. */
  get logBytes(): number {
    return this.#logBytes;
  }

  /** Checks the files and remembers the result for `assertThere`. Takes a few microseconds. */
  check(): void {
    this.#lost = null;
    for (const watched of this.#watched) {
      const { identity, bytes } = look(watched.file);
      // The log is the last one.
      this.#logBytes = bytes;
      // The first transaction creates the log; from then on it must stay the same file.
      watched.identity ??= identity;
      if (identity !== watched.identity) this.#lost ??= watched.file;
    }
  }

  /** @throws Error if the last check found a file gone: a commit to a deleted file must not be acknowledged */
  assertThere(): void {
    if (this.#lost === null) return;
    throw new Error(
      `${this.#lost} was deleted or replaced while it was open; put it back or restart the server`,
    );
  }
}

/** Device and inode of the file that a path leads to, null if there is none; and its size. */
function look(file: string): { identity: string | null; bytes: number } {
  try {
    const { dev, ino, size } = statSync(file, { bigint: true });
    return { identity: `${dev}:${ino}`, bytes: Number(size) };
  } catch {
    return { identity: null, bytes: 0 };
  }
}
