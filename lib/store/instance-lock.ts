// One server a database: a lock that the system lets go when the process ends, however it ends. It is a second SQLite
// file beside the database, held open in an exclusive transaction, so that readers of the database are not in its way.

import { Database } from "bun:sqlite";
import { OperatingError } from "../operating-error.ts";
import { realPathOf } from "./database-file.ts";
import { unwritable } from "./database-refusal.ts";

/** A lock that is held until released. */
export type InstanceLock = { release(): void };

/** A look of `isServed` takes microseconds; this is for one that is interrupted. */
const patienceMs = 500;

// A lock that nothing refers to would be collected, and let go.
const held = new Set<Database>();

/** The name of the lock file of a database: one file, by whatever link the database is named. */
export function lockPathOf(databasePath: string): string {
  return `${realPathOf(databasePath)}.lock`;
}

/**
 * Takes the lock of a database.
 * @throws OperatingError `database-in-use`, `database-unwritable`
 */
export function takeInstanceLock(databasePath: string): InstanceLock {
  const path = lockPathOf(databasePath);
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
 * Whether a server holds the lock now. Changes nothing, makes no file, needs no right to write, and is in the way of no
 * server that starts.
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
    return new Database(path, { create: true, readwrite: true });
  } catch (error) {
    throw unwritable(databasePath, (error as Error).message);
  }
}
