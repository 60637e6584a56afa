// Owns replacing a database that is not served with a copy. After a kill at any moment, the complete old database or
// the complete new one is in place. Never deletes the old database: it is kept under another name.

import { Database } from "bun:sqlite";
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { OperatingError } from "../../../operating-error.ts";
import { syncFolder } from "../../../synced-folder.ts";
import type { CareProgress } from "../../../server/store-care.ts";
import { integrityOf } from "./database-check.ts";
import { checkFile, realPathOf } from "./database-file.ts";
import { explain, inUse } from "./database-refusal.ts";
import { giveSecondName, takePlaceOf, unusedName } from "./durable-file.ts";
import { isServed, takeInstanceLock } from "./instance-lock.ts";
import { applicationId, newerSchema, runMigrations, schemaVersion, versionOf } from "./schema.ts";
import { dirname } from "node:path";

/** The steps of a restore, in order; each is reported when it is done. A test interrupts the restore there. */
export type RestoreStep = "copied" | "checked" | "kept" | "placed";

type RestoreProgress = CareProgress & { readonly onStep?: (step: RestoreStep) => void };

const pieceBytes = 4 << 20;
/** How many numbers of commands a restore leaves out. */
const skippedNumbers = 1_000_000;
/** The files that SQLite leaves beside a database that was not closed: they contain a part of it. */
const logs = ["-wal", "-journal"] as const;

/**
 * Replaces a database that is not served with a copy.
 * @param copy a file that `backUp` of this release or an earlier one wrote
 * @param path the database; if it exists, it is kept under another name
 * @param keptAs the name under which it is kept; a similar one if that name is taken
 * @returns the name under which it is kept, or null if there was none
 * @throws OperatingError `database-in-use`, `copy-missing`, `copy-in-use`, `database-corrupt`, `database-foreign`,
 *   `newer-schema`, `restore-failed`; then nothing was changed
 */
export function restore(
  copy: string,
  path: string,
  keptAs: string,
  progress: RestoreProgress,
): string | null {
  const file = realPathOf(path);
  refuseUnfit(copy, file);
  const lock = takeInstanceLock(path);
  const unfinished = `${file}.unfinished`;
  try {
    removeWithLogs(unfinished);
    bring(realPathOf(copy), unfinished, progress.onProgress);
    progress.onStep?.("copied");
    progress.onChecking();
    assertWhole(unfinished, copy);
    adoptOwner(unfinished, file);
    progress.onStep?.("checked");
    const kept = existsSync(file) ? keep(file, path, unusedName(keptAs)) : null;
    progress.onStep?.("kept");
    takePlaceOf(unfinished, file);
    progress.onStep?.("placed");
    return kept;
  } catch (error) {
    removeWithLogs(unfinished);
    if (error instanceof OperatingError) throw error;
    throw new OperatingError(
      "restore-failed",
      `${path} could not be restored: ${(error as Error).message}.`,
      "Check the room on the disk and the rights of the folder. The database is as it was.",
    );
  } finally {
    lock.release();
  }
}

function refuseUnfit(copy: string, file: string): void {
  const source = realPathOf(copy);
  if (!existsSync(source)) {
    throw new OperatingError(
      "copy-missing",
      `There is no file ${copy}.`,
      "Name one that iot-server backup wrote.",
    );
  }
  if (source === file || isServed(copy)) {
    throw new OperatingError(
      "copy-in-use",
      `${copy} is ${source === file ? "the database itself" : "served by an iot-server"}, not a copy.`,
      "Name a file that iot-server backup wrote.",
    );
  }
  try {
    checkFile(source, copy);
  } catch (error) {
    throw damaged(copy, error);
  }
}

/** Copies a file and its logs to the target, readable by their owner only. */
function bring(source: string, target: string, onProgress: CareProgress["onProgress"]): void {
  const names = ["", ...logs].filter((end) => existsSync(`${source}${end}`));
  const total = names.reduce((sum, end) => sum + statSync(`${source}${end}`).size, 0);
  const buffer = Buffer.allocUnsafe(pieceBytes);
  let done = 0;
  for (const end of names) {
    const from = openSync(`${source}${end}`, "r");
    const to = openSync(`${target}${end}`, "wx", 0o600);
    try {
      for (let read = 1; read > 0;) {
        read = readSync(from, buffer);
        for (let at = 0; at < read;) at += writeSync(to, buffer, at, read - at);
        done += read;
        onProgress(done, Math.max(done, total));
      }
    } finally {
      closeSync(from);
      closeSync(to);
    }
  }
}

/** Merges the logs into the file, then checks every page of it: these are the bytes that will be served. */
function assertWhole(file: string, copy: string): void {
  const database = new Database(file, { readwrite: true });
  try {
    database.run("PRAGMA journal_mode = DELETE");
    const { mark } = database
      .query("SELECT application_id AS mark FROM pragma_application_id")
      .get() as { mark: number };
    const version = versionOf(database);
    if (mark !== applicationId) {
      throw new OperatingError(
        "database-foreign",
        `${copy} is not a database of iot-server. Nothing was changed.`,
        "Name a file that iot-server backup wrote.",
      );
    }
    if (version > schemaVersion) throw newerSchema(version, copy);
    const [wrong] = integrityOf(database);
    if (wrong !== undefined) throw new DamagedCopy(wrong);
    raiseNumbers(database, version);
  } catch (error) {
    throw damaged(copy, error);
  } finally {
    database.close();
  }
}

/**
 * Leaves out the numbers of commands that may have been given since the copy was made: a device carries out each only once
 * (protocol §4.14), so a number that it knows must not be given to another command.
 */
function raiseNumbers(database: Database, version: number): void {
  if (version < schemaVersion) database.transaction(() => runMigrations(database, version))();
  database.run(
    `INSERT INTO sqlite_sequence (name, seq) SELECT 'command', 0
     WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'command')`,
  );
  database.run(`UPDATE sqlite_sequence SET seq = seq + ${skippedNumbers} WHERE name = 'command'`);
}

class DamagedCopy extends Error {}

/** Damage as an error that names the copy; any other error as `explain` returns it. */
function damaged(copy: string, error: unknown): unknown {
  const { code = "", message } = error as { code?: string; message: string };
  const isDamage = error instanceof DamagedCopy || /^SQLITE_(CORRUPT|NOTADB)/.test(code);
  if (!isDamage && code !== "database-corrupt") return explain(error, copy);
  const detail = message.replace(`${copy} is damaged: `, "").replace(/\.$/, "");
  return new OperatingError(
    "database-corrupt",
    `${copy} is damaged: ${detail}. Nothing was changed.`,
    "Use another backup.",
  );
}

/** If root restores the database of a server that runs as another user, the file must belong to that user. */
function adoptOwner(unfinished: string, file: string): void {
  const old = statSync(file, { throwIfNoEntry: false }) ?? statSync(dirname(file));
  const now = statSync(unfinished);
  if (process.getuid?.() === 0 && (old.uid !== now.uid || old.gid !== now.gid)) {
    chownSync(unfinished, old.uid, old.gid);
  }
}

/**
 * Gives the old database a second name. SQLite would apply a log that stays beside it to the new database, so the log
 * is merged into the old one first. Only if the old database is damaged, its log is kept beside the second name
 * instead.
 */
function keep(file: string, path: string, keptAs: string): string {
  const isWhole = takeLogIn(file, path);
  giveSecondName(file, keptAs);
  if (!isWhole) {
    for (const end of logs) {
      if (existsSync(`${file}${end}`)) giveSecondName(`${file}${end}`, `${keptAs}${end}`);
    }
  }
  syncFolder(dirname(keptAs));
  for (const end of [...logs, "-shm"]) rmSync(`${file}${end}`, { force: true });
  return keptAs;
}

/** Merges the log into the database; returns false if the database is too damaged for that. */
function takeLogIn(file: string, path: string): boolean {
  let database: Database | null = null;
  try {
    // Checked first: SQLite would delete the log of a file that is not a database.
    checkFile(file, path);
    database = new Database(file, { readwrite: true });
    database.run("PRAGMA busy_timeout = 2000");
    database.query("SELECT count(*) FROM sqlite_master").get();
    const { journal_mode: mode } = database.query("PRAGMA journal_mode = DELETE").get() as {
      journal_mode: string;
    };
    if (mode === "wal") throw inUse(path);
    return true;
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (/^(SQLITE_(CORRUPT|NOTADB)|database-corrupt$)/.test(code)) return false;
    throw explain(error, path);
  } finally {
    database?.close();
  }
}

function removeWithLogs(file: string): void {
  for (const end of ["", ...logs, "-shm"]) rmSync(`${file}${end}`, { force: true });
}
