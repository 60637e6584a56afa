// Owns the check whether the database file or its log was deleted or replaced while open: SQLite would go on writing to
// the deleted file. The store checks after each commit, before anything is acknowledged. Never repairs anything.

import { statSync } from "node:fs";
import { realPathOf } from "./database-file.ts";

export class FileGuard {
  readonly #watched: { readonly file: string; identity: string | null }[];
  #lost: string | null = null;

  /** @param path the open database */
  constructor(path: string) {
    const file = realPathOf(path);
    this.#watched = [path, file, `${file}-wal`].map((name) => ({
      file: name,
      identity: identityOf(name),
    }));
  }

  /** Checks the files and remembers the result for `assertThere`. Takes a few microseconds. */
  check(): void {
    this.#lost = null;
    for (const watched of this.#watched) {
      const identity = identityOf(watched.file);
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

/** Device and inode of the file that a path leads to; null if there is none. */
function identityOf(file: string): string | null {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
