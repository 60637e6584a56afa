// Copies a database while it is served, and puts a copy back. A copy is one moment's state, checked page by page before
// it gets its name; a database that is replaced is kept.

import { constants, Database } from "bun:sqlite";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import { OperatingError } from "../operating-error.ts";
import { realPathOf } from "./database-file.ts";
import { explain } from "./database-refusal.ts";
import { takeInstanceLock } from "./instance-lock.ts";
import { openReadOnly } from "./open-database.ts";
import { runMigrations } from "./schema.ts";
import { closeDatabase } from "./statements.ts";

/** What a copy holds. */
export type BackupFacts = {
  readonly devices: number;
  readonly sessions: number;
  readonly reports: number;
};

type OnProgress = (done: number, total: number) => void;

const smallTables = ["registrar", "login", "report_chunk", "report_index", "sqlite_sequence"];
/** Reports copied between two calls of `onProgress`. */
const reportsPerStep = 50_000;

/**
 * Copies a database, served or not, as it is at one moment.
 * @param path the database
 * @param target a file that is not there yet
 * @param onProgress called with the reports copied so far and in all
 * @throws OperatingError `target-exists`, `backup-failed`, and those of `openReadOnly`
 */
export function backUp(path: string, target: string, onProgress: OnProgress): BackupFacts {
  if (existsSync(target)) {
    throw new OperatingError("target-exists", `${target} is there already.`, "Name a new file.");
  }
  // Its form is checked here, and by name: what follows may assume it.
  closeDatabase(openReadOnly(path));
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    const facts = copyInto(unfinished, realPathOf(path), onProgress);
    settle(unfinished, target);
    return facts;
  } catch (error) {
    for (const end of ["", "-journal"]) rmSync(`${unfinished}${end}`, { force: true });
    if (error instanceof OperatingError) throw error;
    throw new OperatingError(
      "backup-failed",
      `${target} could not be written: ${(error as Error).message}.`,
      "Check the room on the disk and the rights of the folder. The database was not touched.",
    );
  }
}

/**
 * Puts a copy in the place of a database that is not served.
 * @param copy a file that `backUp` wrote
 * @param path the database; one that is there is kept
 * @param keptAs the name under which it is kept
 * @returns whether there was one
 * @throws OperatingError `database-in-use`, `database-corrupt`, `restore-failed`, and those of `openReadOnly`
 */
export function restore(copy: string, path: string, keptAs: string): boolean {
  const lock = takeInstanceLock(path);
  try {
    assertWhole(copy);
    const file = realPathOf(path);
    const unfinished = `${file}.unfinished`;
    copyFileSync(copy, unfinished);
    const isThere = existsSync(file);
    if (isThere) keep(file, keptAs);
    settle(unfinished, file);
    return isThere;
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    throw new OperatingError(
      "restore-failed",
      `${path} could not be restored: ${(error as Error).message}.`,
      "Check the room on the disk and the rights of the folder.",
    );
  } finally {
    lock.release();
  }
}

/**
 * Checks every page of a database.
 * @returns what is wrong, at most ten sentences; empty where all is well
 */
export function integrityOf(database: Database): string[] {
  const rows = database
    .query<{ integrity_check: string }, []>("PRAGMA integrity_check(10)")
    .all()
    .map((row) => row.integrity_check);
  return rows[0] === "ok" ? [] : rows;
}

function copyInto(unfinished: string, file: string, onProgress: OnProgress): BackupFacts {
  const flags = constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_CREATE;
  closeSync(openSync(unfinished, "wx", 0o600));
  const database = new Database(unfinished, flags);
  try {
    database.run("PRAGMA synchronous = FULL");
    database.run("PRAGMA busy_timeout = 5000");
    database.query("ATTACH ? AS source").run(file);
    database.run("BEGIN");
    runMigrations(database, 0);
    const facts = factsOf(database, "source");
    for (const table of smallTables) {
      if (table === "sqlite_sequence") database.run("DELETE FROM main.sqlite_sequence");
      database.run(`INSERT INTO main.${table} SELECT * FROM source.${table}`);
    }
    copyReports(database, facts.reports, onProgress);
    database.run("COMMIT");
    database.run("DETACH source");
    const wrong = integrityOf(database);
    const copied = factsOf(database, "main");
    if (wrong.length > 0 || JSON.stringify(copied) !== JSON.stringify(facts)) {
      throw new Error(`the copy differs from the database: ${wrong[0] ?? "rows are missing"}`);
    }
    return facts;
  } finally {
    database.close();
  }
}

function copyReports(database: Database, total: number, onProgress: OnProgress): void {
  const step = database.prepare<unknown, [number, number]>(
    "INSERT INTO main.data SELECT * FROM source.data WHERE sequence > ? ORDER BY sequence LIMIT ?",
  );
  const last = database.prepare<{ last: number | null }, []>(
    "SELECT max(sequence) AS last FROM main.data",
  );
  for (let done = 0; done < total;) {
    const { changes } = step.run(last.get()?.last ?? 0, reportsPerStep);
    if (changes === 0) break;
    done += changes;
    onProgress(done, total);
  }
  step.finalize();
  last.finalize();
}

function factsOf(database: Database, schema: "main" | "source"): BackupFacts {
  const count = (table: string) =>
    (database.query(`SELECT count(*) AS it FROM ${schema}.${table}`).get() as { it: number }).it;
  return { devices: count("registrar"), sessions: count("login"), reports: count("data") };
}

function assertWhole(copy: string): void {
  const database = openReadOnly(copy);
  try {
    const [wrong] = integrityOf(database);
    if (wrong === undefined) return;
    throw new OperatingError(
      "database-corrupt",
      `${copy} is damaged: ${wrong}. Nothing was changed.`,
      "Use another backup.",
    );
  } catch (error) {
    throw explain(error, copy);
  } finally {
    closeDatabase(database);
  }
}

/** Gives the database a second name. Its log would be read into the new one: it is taken in first, or put aside. */
function keep(file: string, keptAs: string): void {
  try {
    const database = new Database(file, { readwrite: true });
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  } catch {
    // A damaged one is kept as it is.
  }
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${keptAs}-wal`);
  rmSync(`${file}-shm`, { force: true });
  linkSync(file, keptAs);
}

/** Puts a file in its place so that after a crash there is the old one or the whole new one. */
function settle(unfinished: string, file: string): void {
  sync(unfinished);
  renameSync(unfinished, file);
  sync(dirname(file));
}

function sync(name: string): void {
  const descriptor = openSync(name, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
