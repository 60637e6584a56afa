// Notices that the database file was deleted or replaced while it is open: SQLite would go on writing into nothing.

import { statSync } from "node:fs";

export class FileGuard {
  readonly #inode: number;
  #lost = false;

  constructor(private readonly path: string) {
    this.#inode = statSync(path).ino;
  }

  /** Looks at the file; call it about once a second. */
  check(): void {
    try {
      this.#lost = statSync(this.path).ino !== this.#inode;
    } catch {
      this.#lost = true;
    }
  }

  /** @throws Error where the file is gone, so that nothing is acknowledged that is not kept */
  assertThere(): void {
    if (this.#lost) {
      throw new Error(
        `${this.path} was deleted or replaced while it was open; put it back or restart the server`,
      );
    }
  }
}
