// One server a database: a lock that the system lets go when the process ends, however it ends. It is a second SQLite
// file beside the database, held open in an exclusive transaction, so that readers of the database are not in its way.

import { Database } from "bun:sqlite";
import { OperatingError } from "../operating-error.ts";

/** A lock that is held until released. */
export type InstanceLock = { release(): void };

/** The name of the lock file of a database. */
export function lockPathOf(databasePath: string): string {
  return `${databasePath}.lock`;
}

/**
 * Takes the lock of a database.
 * @throws OperatingError `database-in-use`, `database-unwritable`
 */
export function takeInstanceLock(databasePath: string): InstanceLock {
  const path = lockPathOf(databasePath);
  const database = openLockFile(path, databasePath);
  try {
    database.run("PRAGMA busy_timeout = 0");
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
    throw unwritable(databasePath, error);
  }
  return { release: () => database.close() };
}

/** Whether a server holds the lock now. Changes nothing, makes no file. */
export function isServed(databasePath: string): boolean {
  let database: Database;
  try {
    database = new Database(lockPathOf(databasePath), { readwrite: true, create: false });
  } catch {
    return false;
  }
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("BEGIN EXCLUSIVE");
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}

function openLockFile(path: string, databasePath: string): Database {
  try {
    return new Database(path, { create: true, readwrite: true });
  } catch (error) {
    throw unwritable(databasePath, error);
  }
}

function unwritable(databasePath: string, error: unknown): OperatingError {
  return new OperatingError(
    "database-unwritable",
    `${databasePath} cannot be written: ${(error as Error).message}.`,
    "Make its directory and give this user the right to write there, or give another --db.",
  );
}
