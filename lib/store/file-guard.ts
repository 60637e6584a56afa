// Notices that the database file or its log was deleted or replaced while it is open: SQLite would go on writing into
// nothing. The store looks after each commit, before anything is acknowledged.

import { statSync } from "node:fs";
import { realPathOf } from "./database-file.ts";

export class FileGuard {
  readonly #watched: { readonly file: string; identity: string | null }[];
  #lost: string | null = null;

  /** @param path a database that is open */
  constructor(path: string) {
    const file = realPathOf(path);
    this.#watched = [path, file, `${file}-wal`].map((name) => ({
      file: name,
      identity: identityOf(name),
    }));
  }

  /** Looks at the files: a few microseconds. */
  check(): void {
    this.#lost = null;
    for (const watched of this.#watched) {
      const identity = identityOf(watched.file);
      // The log is made by the first transaction; from then on it stays the same file.
      watched.identity ??= identity;
      if (identity !== watched.identity) this.#lost ??= watched.file;
    }
  }

  /** @throws Error where a file is gone, so that nothing is acknowledged that is not kept */
  assertThere(): void {
    if (this.#lost === null) return;
    throw new Error(
      `${this.#lost} was deleted or replaced while it was open; put it back or restart the server`,
    );
  }
}

/** Which file a path leads to; null where there is none. */
function identityOf(file: string): string | null {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
