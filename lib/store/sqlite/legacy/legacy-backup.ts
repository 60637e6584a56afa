// Owns the copy of a database of the original system that is kept before the migration: complete, synced to the disk,
// readable by its owner only. Never overwrites an earlier copy.

import { Database } from "bun:sqlite";
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { takePlaceOf, unusedName } from "../file/durable-file.ts";

const unfinished = ".part";
/**
 * Counters in a database's header that differ between copies of the same content (SQLite file format 1.3): the change
 * counter, the schema cookie, and version-valid-for with the SQLite version.
 */
const counters = [
  { at: 24, bytes: 4 },
  { at: 40, bytes: 4 },
  { at: 92, bytes: 8 },
] as const;

/**
 * Makes a copy of the database beside it, `<file>.bak-YYYYMMDD-HHMMSS` (UTC). If an earlier copy has the same content,
 * as after an interrupted migration, that one is used instead.
 * @param file nobody else may write it during the call
 * @param now ms since 1970
 * @returns the path of the copy
 * @throws errors of SQLite and of the file system
 */
export function backUp(file: string, now: number): string {
  const wanted = `${file}.bak-${stamp(now)}`;
  const part = `${wanted}${unfinished}`;
  removeUnfinished(file);
  try {
    copy(file, part);
    const same = earlierOnes(file).find((path) => isSame(path, part));
    if (same !== undefined) return same;
    const path = unusedName(wanted);
    takePlaceOf(part, path);
    return path;
  } finally {
    rmSync(part, { force: true });
  }
}

function copy(file: string, part: string): void {
  // Created before SQLite writes to it, so that other users cannot read it at any moment.
  closeSync(openSync(part, "wx", 0o600));
  const database = new Database(file, { readonly: true });
  try {
    database.run("PRAGMA temp_store = MEMORY");
    database.run("VACUUM INTO ?", [part]);
  } finally {
    database.close();
  }
}

function earlierOnes(file: string): string[] {
  const prefix = `${basename(file)}.bak-`;
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix) && !name.endsWith(unfinished))
    .map((name) => join(dirname(file), name));
}

function removeUnfinished(file: string): void {
  const prefix = `${basename(file)}.bak-`;
  for (const name of readdirSync(dirname(file))) {
    if (name.startsWith(prefix) && name.endsWith(unfinished)) rmSync(join(dirname(file), name));
  }
}

/** Whether two copies have the same content: SQLite writes equal content as equal bytes, except for the counters. */
function isSame(a: string, b: string): boolean {
  const [kind, other] = [statSync(a), statSync(b)];
  if (!kind.isFile() || kind.size !== other.size) return false;
  const [one, another] = [readFileSync(a), readFileSync(b)];
  for (const copied of [one, another]) {
    for (const { at, bytes } of counters) copied.fill(0, at, at + bytes);
  }
  return one.equals(another);
}

/** A time in UTC as YYYYMMDD-HHMMSS. */
function stamp(now: number): string {
  const digits = new Date(now).toISOString().replace(/\D/g, "");
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
}
