// Opens the database of a spool: private, locked for one agent, durable. What is damaged is put aside, never deleted and
// never a reason not to start.

import { Database } from "bun:sqlite";
import { existsSync, renameSync } from "node:fs";
import { OperatingError } from "../operating-error.ts";
import { makeSecretFile } from "./secrets/secret-file.ts";

/** `IOsp`: the file is a spool of iot-client. */
const applicationId = 0x494f7370;
const layout = 1;

const schema = [
  `PRAGMA application_id = ${applicationId}`,
  `PRAGMA user_version = ${layout}`,
  "CREATE TABLE device (id TEXT NOT NULL) STRICT",
  "CREATE TABLE report (place INTEGER PRIMARY KEY, msgid TEXT NOT NULL, text TEXT NOT NULL) STRICT",
];

/** The file is not a spool, or not a whole one. */
class Damage extends Error {}

/**
 * Opens the database of a spool; creates it with mode 0600 if there is none. A damaged file is renamed, and a new one
 * begun.
 * @param device the id whose reports it keeps
 * @param notice is told of a renamed file
 * @throws OperatingError `spool-in-use`, `spool-foreign`, `spool-unusable`, `secret-exposed`, `secret-unwritable`
 */
export function openSpoolDatabase(
  path: string,
  device: string,
  notice: (line: string) => void,
): Database {
  try {
    return opened(path, device);
  } catch (error) {
    if (!isDamage(error)) throw error;
    const aside = putAside(path);
    notice(
      `The spool ${path} is damaged (${error.message}). It is kept as ${aside}; a new one begins.`,
    );
    return opened(path, device);
  }
}

function opened(path: string, device: string): Database {
  makeSecretFile(path);
  const database = new Database(path, { readwrite: true, strict: true });
  try {
    // The lock of the first access is held until the end, and there is no file of shared memory.
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("BEGIN IMMEDIATE");
    checkOrCreate(database, path, device);
    database.run("COMMIT");
    database.run("PRAGMA journal_mode = WAL");
    // A report that was taken is on the disk: NORMAL loses the last commits with the power.
    database.run("PRAGMA synchronous = FULL");
    database.run("PRAGMA journal_size_limit = 4194304");
    return database;
  } catch (error) {
    database.close();
    throw isDamage(error) ? error : refusalOf(path, error as Error);
  }
}

function checkOrCreate(database: Database, path: string, device: string): void {
  const number = (pragma: string) =>
    Object.values(database.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get() ?? {})[0];
  const tables = database.query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_schema").get();
  if (tables?.n === 0) {
    for (const statement of schema) database.run(statement);
    database.query("INSERT INTO device VALUES (?)").run(device);
    return;
  }
  if (number("application_id") !== applicationId || number("user_version") !== layout) {
    throw foreign(path, "a database of another program or version");
  }
  const fault = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
  if (fault?.quick_check !== "ok") throw new Damage(fault?.quick_check.split("\n").at(-1));
  const owner = database.query<{ id: string }, []>("SELECT id FROM device").get();
  if (owner?.id !== device) throw foreign(path, `the spool of the device ${owner?.id}`);
}

function isDamage(error: unknown): error is Error {
  const { code = "" } = error as { code?: string };
  return error instanceof Damage || code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT");
}

/** @returns the new name of the file */
function putAside(path: string): string {
  let n = 1;
  while (existsSync(`${path}.damaged-${n}`)) n++;
  const aside = `${path}.damaged-${n}`;
  try {
    renameSync(path, aside);
    if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
  } catch (error) {
    throw refusalOf(path, error as Error);
  }
  return aside;
}

function foreign(path: string, what: string): OperatingError {
  return new OperatingError(
    "spool-foreign",
    `${path} is ${what}.`,
    "Name another file with --spool.",
  );
}

function refusalOf(path: string, error: Error & { code?: string }): Error {
  if (error instanceof OperatingError) return error;
  if (error.code?.startsWith("SQLITE_BUSY") === true) {
    return new OperatingError(
      "spool-in-use",
      `The spool ${path} is used by another iot-client.`,
      "Stop that one, or name another file with --spool.",
    );
  }
  return new OperatingError(
    "spool-unusable",
    `The spool ${path} cannot be used: ${error.message}.`,
    "Make room and check its rights, name another file with --spool, or go without: --spool none.",
  );
}

/** Closes the database; its log is written back to the file. */
export function closeSpoolDatabase(database: Database): void {
  try {
    database.close();
  } catch {
    // A disk without room: the log stays, and the next start reads it.
  }
}
