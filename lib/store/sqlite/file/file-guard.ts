// Owns the check whether the database file or its log was deleted or replaced while open: SQLite would go on writing to
// the deleted file. The store checks after each commit, before anything is acknowledged. Never repairs anything.

import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { realPathOf } from "./database-file.ts";

/** A log above this size is told: a checkpoint cannot empty it as long as anybody reads an older state. */
export const logBytesMax = 256 << 20;
/** In words for the operator. */
export const logGrows = `the database's log is above ${logBytesMax >> 20} MB: a program keeps a read transaction open (lsof names it), so it cannot be emptied`;

/**
 * How long after a change in a folder another one may leave the folder's times as they are, ms: file systems count time
 * in steps, Linux before 6.13 in those of its timer, at most 10 ms.
 */
const stepMs = 100;

export class FileGuard {
  readonly #watched: { readonly file: string; identity: string | null }[];
  /** The folders of these files, with what was seen of them last. */
  readonly #folders: { readonly folder: string; seen: Folder }[];
  /** By the clock: until then the files are looked at each time. */
  #unsettledUntil: number;
  #lost: string | null = null;
  #logBytes = 0;

  /**
   * @param path the open database
   * @param clock monotonic, ms
   */
  constructor(
    path: string,
    private readonly clock: () => number = () => performance.now(),
  ) {
    const file = realPathOf(path);
    this.#unsettledUntil = clock() + stepMs;
    this.#folders = [...new Set([dirname(path), dirname(file)])].map((folder) => ({
      folder,
      seen: lookAtFolder(folder),
    }));
    this.#watched = [...new Set([path, file, `${file}-wal`])].map((name) => ({
      file: name,
      identity: look(name).identity,
    }));
  }

  /** The size of the log when the files were looked at last. */
  get logBytes(): number {
    return this.#logBytes;
  }

  /** Looks at the files and remembers the result for `assertThere`. */
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

  /**
   * The same after a commit, in about a microsecond: looks at the files only if something changed in their folders. Who
   * asks for the times of the log after each commit makes the disk write more: Linux then notes the time of the next
   * write to it exactly, and the fsync has to write that, too, which makes it half as long again.
   */
  checkNames(): void {
    let changed = false;
    for (const watched of this.#folders) {
      const now = lookAtFolder(watched.folder);
      if (isSame(now, watched.seen)) continue;
      watched.seen = now;
      changed = true;
    }
    if (changed) this.#unsettledUntil = this.clock() + stepMs;
    else if (this.#unsettledUntil === 0) return;
    this.check();
    if (this.clock() >= this.#unsettledUntil) this.#unsettledUntil = 0;
  }

  /** @throws Error if the last check found a file gone: a commit to a deleted file must not be acknowledged */
  assertThere(): void {
    if (this.#lost === null) return;
    throw new Error(
      `${this.#lost} was deleted or replaced while it was open; put it back or restart the server`,
    );
  }
}

/** What shows that a name in a folder was added, removed or given to another file. */
type Folder = Pick<Stats, "dev" | "ino" | "mtimeMs" | "ctimeMs"> | undefined;

function lookAtFolder(folder: string): Folder {
  try {
    return statSync(folder, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isSame(now: Folder, before: Folder): boolean {
  return (
    now?.mtimeMs === before?.mtimeMs &&
    now?.ctimeMs === before?.ctimeMs &&
    now?.ino === before?.ino &&
    now?.dev === before?.dev
  );
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
