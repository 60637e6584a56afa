// Owns the backup of a database, also while it is served. A copy has the state of one moment, and gets its name only
// after every page was checked. Never writes to the database itself.

import { constants, Database } from "bun:sqlite";
import {
  accessSync,
  closeSync,
  constants as mode,
  existsSync,
  lstatSync,
  openSync,
  rmSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { OperatingError } from "../../../operating-error.ts";
import type { CareProgress, StoreCounts } from "../../../server/store-care.ts";
import { checkFile, realPathOf } from "./database-file.ts";
import { corrupt, isDamage } from "./database-refusal.ts";
import { integrityOf } from "./database-check.ts";
import { giveNewName, removeLeftovers, unfinishedNameOf } from "./durable-file.ts";
import { isServed } from "./instance-lock.ts";
import { openReadOnly } from "./open-database.ts";
import { chunkOf, chunkSize } from "../reports/report-chunks.ts";
import { runMigrations } from "./schema.ts";
import { closeDatabase } from "./statements.ts";

/** The tables that are copied with one statement each. */
const smallTables = [
  "registrar",
  "login",
  "label",
  "command",
  "join_window",
  "join_token",
  "pending_device",
  "report_chunk",
  "answered",
  "question",
  "service",
  "alert_setting",
  "alert",
  "alert_delivery",
  "alert_mark",
];

/**
 * Copies the state of a database at one moment, whether it is served or not.
 * @param path the database
 * @param target the new file; it must not exist
 * @param progress gets the number of reports copied so far and in total
 * @throws OperatingError `target-exists`, `backup-failed`, and those of `openReadOnly`
 */
export function backUp(path: string, target: string, progress: CareProgress): StoreCounts {
  // Checks first that the file is a database of this server, with errors that name it; the copy relies on that.
  closeDatabase(openReadOnly(path));
  // The name contains the process id, so that two backups to one target do not collide: the first to finish wins.
  const unfinished = unfinishedNameOf(resolve(target));
  try {
    refuseTaken(target);
    removeLeftovers(resolve(target));
    closeSync(openSync(unfinished, "wx", 0o600));
    const facts = copyInto(unfinished, path, progress);
    giveNewName(unfinished, resolve(target));
    return facts;
  } catch (error) {
    for (const end of ["", "-journal"]) {
      if (existsSync(`${unfinished}${end}`)) rmSync(`${unfinished}${end}`);
    }
    if (isDamage(error)) throw corrupt(path, (error as Error).message);
    throw failed(error, target);
  }
}

function refuseTaken(target: string): void {
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) return;
  throw new OperatingError("target-exists", `${target} already exists.`, "Name a new file.");
}

function failed(error: unknown, target: string): unknown {
  if (error instanceof OperatingError) return error;
  const { code, message } = error as { code?: string; message: string };
  if (code === "EEXIST") {
    return new OperatingError("target-exists", `${target} already exists.`, "Name a new file.");
  }
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new OperatingError(
      "backup-failed",
      `${target} could not be written: there is no folder ${dirname(target)}.`,
      "Make it, or name a file in another one.",
    );
  }
  return new OperatingError(
    "backup-failed",
    `${target} could not be written: ${message}.`,
    "Check the room on the disk and the rights of the folder. The database was not touched.",
  );
}

function copyInto(unfinished: string, path: string, progress: CareProgress): StoreCounts {
  const flags = constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_URI;
  const database = new Database(unfinished, flags);
  try {
    // No durability is needed while copying: a failed copy is deleted, and a complete one is synced before it is named.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("PRAGMA synchronous = OFF");
    database.run("PRAGMA temp_store = MEMORY");
    database.run("PRAGMA busy_timeout = 5000");
    database.query("ATTACH ? AS source").run(sourceOf(path));
    // One transaction reads one snapshot; meanwhile the server's commits go to the WAL.
    database.run("BEGIN");
    runMigrations(database, 0);
    const copied = copyTables(database, progress.onProgress);
    database.run("COMMIT");
    database.run("DETACH source");
    progress.onChecking();
    const [wrong] = integrityOf(database);
    const stored = factsOf(database);
    if (wrong !== undefined || JSON.stringify(copied) !== JSON.stringify(stored)) {
      throw corrupt(path, `a copy of it differs from it: ${wrong ?? "rows are missing"}`);
    }
    return stored;
  } finally {
    database.close();
  }
}

/** The URI with which SQLite attaches the database, chosen so that no file is left beside it if possible. */
function sourceOf(path: string): string {
  const file = realPathOf(path);
  const { href } = pathToFileURL(file);
  const isQuiet = checkFile(file, path).atRest && !isServed(path);
  // It is served, or has a log that must be read: a read-only connection leaves the log as it is.
  if (!isQuiet) return `${href}?mode=ro`;
  try {
    for (const name of [file, dirname(file)]) accessSync(name, mode.W_OK);
    // A writable connection creates a log and removes it when it closes, and a server may start meanwhile.
    return `${href}?mode=rw`;
  } catch {
    // Without write permission no log can be created beside the file: read it without one.
    return `${href}?immutable=1`;
  }
}

function copyTables(database: Database, onProgress: CareProgress["onProgress"]): StoreCounts {
  const copy = (table: string) =>
    database.query(`INSERT INTO main.${table} SELECT * FROM source.${table}`).run().changes;
  const [devices = 0, sessions = 0] = smallTables.map(copy);
  const reports = copyReports(database, onProgress);
  database.run("DELETE FROM main.sqlite_sequence");
  copy("sqlite_sequence");
  return { devices, sessions, reports };
}

/** Copies the reports and their index chunk by chunk; returns the number of reports. */
function copyReports(database: Database, onProgress: CareProgress["onProgress"]): number {
  const range = (column: string, table: string) =>
    database
      .query<{ low: number | null; high: number | null }, []>(
        `SELECT (SELECT min(${column}) FROM source.${table}) AS low,
                (SELECT max(${column}) FROM source.${table}) AS high`,
      )
      .get();
  const [data, index] = [range("sequence", "data"), range("chunk", "report_index")];
  const reports = database.prepare<unknown, [number, number]>(
    "INSERT INTO main.data SELECT * FROM source.data WHERE sequence >= ? AND sequence < ?",
  );
  const places = database.prepare<unknown, [number]>(
    "INSERT INTO main.report_index SELECT * FROM source.report_index WHERE chunk = ?",
  );
  const [low, high] = [data?.low ?? 0, data?.high ?? -1];
  const first = Math.min(chunkOf(low), index?.low ?? Number.MAX_SAFE_INTEGER);
  const last = Math.max(high < 0 ? -1 : chunkOf(high), index?.high ?? -1);
  let copied = 0;
  for (let chunk = first; chunk <= last; chunk++) {
    copied += reports.run(chunk * chunkSize, (chunk + 1) * chunkSize).changes;
    places.run(chunk);
    onProgress(Math.min(copied, high - low + 1), high - low + 1);
  }
  reports.finalize();
  places.finalize();
  return copied;
}

function factsOf(database: Database): StoreCounts {
  const count = (table: string) =>
    (database.query(`SELECT count(*) AS it FROM main.${table}`).get() as { it: number }).it;
  return { devices: count("registrar"), sessions: count("login"), reports: count("data") };
}
