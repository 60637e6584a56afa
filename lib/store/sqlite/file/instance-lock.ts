// Owns the lock that allows one server per database. The operating system releases it when the process ends, however it
// ends. The lock is an exclusive transaction on a second SQLite file beside the database, so that it never blocks
// readers of the database.

import { Database } from "bun:sqlite";
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { OperatingError } from "../../../operating-error.ts";
import { realPathOf } from "./database-file.ts";
import { unwritable } from "./database-refusal.ts";

/** A lock that is held until released. */
export type InstanceLock = { release(): void };

/** How long to wait for the lock, ms. `isServed` holds a read lock for microseconds, or longer if it is preempted. */
const patienceMs = 500;

const ownerOnly = 0o600;

// Keeps the connections reachable: a garbage-collected one would release its lock.
const held = new Set<Database>();

/** The path of a database's lock file: the same for every symbolic link to the database. */
export function lockPathOf(databasePath: string): string {
  return `${realPathOf(databasePath)}.lock`;
}

/**
 * Takes the lock of a database: that of each name of its file, because two servers that open one file under two names
 * damage it.
 * @throws OperatingError `database-in-use`, `database-unwritable`, `database-linked`
 */
export function takeInstanceLock(databasePath: string): InstanceLock {
  const locks: InstanceLock[] = [];
  const release = () => {
    for (const lock of locks) lock.release();
  };
  try {
    locks.push(lockName(databasePath, databasePath));
    for (const name of secondNamesOf(databasePath)) locks.push(lockName(name, databasePath));
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/**
 * The other names (hard links) of a database's file, all in its folder.
 * @throws OperatingError `database-linked` if it has one elsewhere
 */
function secondNamesOf(databasePath: string): string[] {
  const file = realPathOf(databasePath);
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined || there.nlink <= 1) return [];
  const folder = dirname(file);
  const names = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((name) => name !== file && isSame(there, name));
  if (names.length + 1 >= there.nlink) return names;
  throw new OperatingError(
    "database-linked",
    `${databasePath} has a second name (hard link) in another folder; two servers would damage it.`,
    `Find it with \`find / -samefile ${databasePath}\`, and delete it or make it a copy.`,
  );
}

function isSame({ dev, ino }: Stats, path: string): boolean {
  const it = statSync(path, { throwIfNoEntry: false });
  return it?.dev === dev && it.ino === ino;
}

/** @param databasePath the database as errors name it */
function lockName(name: string, databasePath: string): InstanceLock {
  const path = lockPathOf(name);
  const database = openLockFile(path, databasePath);
  try {
    database.run(`PRAGMA busy_timeout = ${patienceMs}`);
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code?.startsWith("SQLITE_BUSY")) {
      throw new OperatingError(
        "database-in-use",
        `${databasePath} is served by another iot-server.`,
        "Stop that one first, or give this one another --db.",
      );
    }
    throw unwritable(databasePath, (error as Error).message);
  }
  held.add(database);
  const release = () => {
    held.delete(database);
    database.close();
  };
  return { release };
}

/**
 * Whether a server holds the lock now. Changes nothing, creates no file, needs no write permission, and does not
 * prevent a server from starting.
 */
export function isServed(databasePath: string): boolean {
  let database: Database;
  try {
    database = new Database(lockPathOf(databasePath), { readonly: true });
  } catch {
    return false;
  }
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("SELECT 1 FROM sqlite_master");
    return false;
  } catch (error) {
    return (error as { code?: string }).code?.startsWith("SQLITE_BUSY") ?? false;
  } finally {
    database.close();
  }
}

function openLockFile(path: string, databasePath: string): Database {
  try {
    // Whoever can read the file can lock it, and so keep the next server from starting.
    if (existsSync(path)) chmodSync(path, ownerOnly);
    else closeSync(openSync(path, "wx", ownerOnly));
    return new Database(path, { create: true, readwrite: true });
  } catch (error) {
    throw unwritable(databasePath, (error as Error).message);
  }
}
