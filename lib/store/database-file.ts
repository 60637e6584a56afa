// The database as a file: which one a path means, and whether it can be one of ours, by its first 100 bytes. Looks only;
// SQLite has not touched it yet.

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
 * The file that a path means, through symbolic links, also one that is not there yet. What lies beside a database (its
 * log, its lock) lies beside this one; so two names of a database share them.
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
 * Refuses what is no SQLite database, or one cut short. A path with nothing there, or an empty file, passes.
 * @param file the file itself, see `realPathOf`
 * @param path its name for people
 * @returns whether the database is in WAL mode with no log beside it: then nobody has it open
 * @throws OperatingError `database-corrupt`, `database-unwritable`; errors of the file system
 */
export function checkFile(file: string, path: string): { readonly atRest: boolean } {
  const kind = statSync(file, { throwIfNoEntry: false });
  if (kind === undefined) return { atRest: false };
  // To open a FIFO would wait for its writer.
  if (!kind.isFile()) throw notAFile(path, kind.isDirectory());
  const descriptor = openSync(file, "r");
  try {
    const header = Buffer.alloc(headerBytes);
    const size = fstatSync(descriptor).size;
    if (size === 0) return { atRest: false };
    const read = readSync(descriptor, header, 0, headerBytes, 0);
    if (read < headerBytes || header.toString("latin1", 0, 16) !== headerText) {
      throw corrupt(path, "it is no SQLite database");
    }
    const hasLog = existsSync(`${file}-wal`) || existsSync(`${file}-journal`);
    const expected = statedBytes(header);
    // With a log beside it the file may lawfully be shorter than its header says.
    if (expected > size && !hasLog) {
      throw corrupt(path, `it is cut short: ${size} of ${expected} bytes`);
    }
    return { atRest: !hasLog && header[18] === 2 };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Tries whether a file may be written, without a change: SQLite would open it to read alone, without a word.
 * @throws errors of the file system, where the file is there and may not
 */
export function tryWriting(file: string): void {
  if (existsSync(file)) closeSync(openSync(file, "r+"));
}

/** The size of the file by its header; 0 where the header does not know (written by an SQLite before 3.7). */
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
    // A missing directory is told when the file is opened.
    return path;
  }
}
