// Owns the view of the database as a file, before SQLite opens it: which file a path leads to, and whether its first
// 100 bytes can be those of a database of this server. Never writes.

import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { corrupt, notAFile } from "./database-refusal.ts";

const headerText = "SQLite format 3\0";
const headerBytes = 100;
const linksMax = 40;

/**
 * Resolves symbolic links in a path, also if the file does not exist yet. The log and the lock of a database are
 * beside the file that this returns, so that all names of a database share them.
 */
export function realPathOf(path: string): string {
  let name = path;
  for (let links = 0; links < linksMax; links++) {
    try {
      return realpathSync(name);
    } catch {
      const target = linkTarget(name);
      if (target === null) return inRealDirectory(name);
      name = resolve(dirname(inRealDirectory(name)), target);
    }
  }
  return path;
}

/**
 * Refuses a file that is not an SQLite database or is truncated. A missing or empty file passes.
 * @param file the file itself, see `realPathOf`
 * @param path its name in messages
 * @returns `atRest`: the database is in WAL mode and has no log beside it, so nobody has it open
 * @throws OperatingError `database-corrupt`, `database-unwritable`; errors of the file system
 */
export function checkFile(file: string, path: string): { readonly atRest: boolean } {
  const kind = statSync(file, { throwIfNoEntry: false });
  if (kind === undefined) return { atRest: false };
  // Checked before openSync: opening a FIFO would block until it has a writer.
  if (!kind.isFile()) throw notAFile(path, kind.isDirectory());
  const descriptor = openSync(file, "r");
  try {
    const header = Buffer.alloc(headerBytes);
    const size = fstatSync(descriptor).size;
    if (size === 0) return { atRest: false };
    const read = readSync(descriptor, header, 0, headerBytes, 0);
    if (read < headerBytes || header.toString("latin1", 0, 16) !== headerText) {
      throw corrupt(path, "it is not an SQLite database");
    }
    const hasLog = existsSync(`${file}-wal`) || existsSync(`${file}-journal`);
    const expected = statedBytes(header);
    // With a log beside it, the file may be shorter than its header says: the rest is still in the log.
    if (expected > size && !hasLog) {
      throw corrupt(path, `it is cut short: ${size} of ${expected} bytes`);
    }
    return { atRest: !hasLog && header[18] === 2 };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Checks that a file can be opened for writing, without changing it: SQLite would silently open it read-only.
 * @throws errors of the file system, if the file exists and cannot be written
 */
export function tryWriting(file: string): void {
  if (existsSync(file)) closeSync(openSync(file, "r+"));
}

/**
 * The size of the file according to its header; 0 if the header does not have it (SQLite before 3.7 wrote the file).
 */
function statedBytes(header: Buffer): number {
  const stated = header.readUInt16BE(16);
  const pageBytes = stated === 1 ? 65_536 : stated;
  const isValid = header.readUInt32BE(24) === header.readUInt32BE(92);
  return isValid ? header.readUInt32BE(28) * pageBytes : 0;
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function inRealDirectory(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    // A missing directory is reported when the file is opened.
    return path;
  }
}
