// The SQLite database that is copied: kept from servers meanwhile, and read in one state. One of an earlier release, or of
// the original system, is read from a copy that was brought up to date. Never changes the database.

import type { Database, Statement } from "bun:sqlite";
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { OperatingError } from "../../operating-error.ts";
import type { ReportRow } from "../../server/rows.ts";
import { realPathOf } from "../sqlite/file/database-file.ts";
import { explain, logMissing } from "../sqlite/file/database-refusal.ts";
import { type InstanceLock, isServed, takeInstanceLock } from "../sqlite/file/instance-lock.ts";
import { openDatabase, openReadOnly } from "../sqlite/file/open-database.ts";
import { closeDatabase, prepare } from "../sqlite/file/statements.ts";
import type { LegacyPort } from "../sqlite/legacy/legacy.ts";
import { reportColumns } from "../sqlite/reports/report-columns.ts";
import { type CopiedRow, type CopiedTable, type Place, readingFrom } from "./copied-tables.ts";

/** A report with the 48 bits by which SQLite recognises its repeat. */
export type SourceReport = ReportRow & { readonly key: number };

/** Numbers that were given, besides those of the rows: they are not given again. */
export type Numbers = {
  readonly session: number;
  readonly question: number;
  readonly command: number;
  readonly report: number;
  readonly answered: number;
  readonly alert: number;
  readonly delivery: number;
};

/** How long servers have run: in hours and ms, and the wall clock when that was noted. */
export type ServiceRow = {
  readonly hours: number;
  readonly ms: number;
  readonly wall: number | null;
};

export class SqliteSource {
  readonly #reports: Statement<SourceReport, [number, number]>;

  private constructor(
    readonly name: string,
    private readonly database: Database,
    private readonly release: () => void,
  ) {
    // All is read in one state, whatever another program does.
    database.run("BEGIN");
    this.#reports = prepare(
      database,
      `SELECT ${reportColumns}, key FROM data WHERE sequence >= ? ORDER BY sequence LIMIT ?`,
    ) as Statement<SourceReport, [number, number]>;
  }

  /**
   * Opens a database for a copy.
   * @param name the path as the operator wrote it
   * @param port for a database that must be brought up to date first
   * @throws OperatingError with a next step
   */
  static async open(name: string, port: LegacyPort): Promise<SqliteSource> {
    const file = realPathOf(name);
    if (!existsSync(file)) {
      throw new OperatingError(
        "no-database",
        `There is no database ${name}.`,
        "Name the file that the server has used: iot-server copy iot_server.db postgres://…",
      );
    }
    if (isServed(name)) throw served(name);
    const before = changeOf(file);
    // Before the lock, under which it would seem to be served: then reading it would leave files beside it.
    const current = openCurrent(name, file);
    let lock: InstanceLock | null = null;
    let folder: string | null = null;
    const release = () => {
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
      lock?.release();
    };
    try {
      lock = lockOf(name, file);
      if (changeOf(file) !== before) throw served(name);
      if (lock !== null) removeLeftovers(file);
      if (current !== null) return new SqliteSource(name, current, release);
      folder = folderFor(file);
      const copy = await upToDate(name, file, folder, port);
      return new SqliteSource(name, openReadOnly(copy), release);
    } catch (error) {
      if (current !== null) closeDatabase(current);
      release();
      throw explain(error, name);
    }
  }

  /** What the operator should know before: the log of a database that was served is not there. */
  get warning(): OperatingError | null {
    const row = this.database.query("SELECT count(*) AS n FROM serving").get() as { n: number };
    const isAlone = !existsSync(`${realPathOf(this.name)}-wal`);
    return row.n > 0 && isAlone ? logMissing(this.name) : null;
  }

  /** The next reports in the order of their numbers. */
  reports(from: number, count: number): SourceReport[] {
    return this.#reports.all(from, count);
  }

  /** How many reports have lower numbers. */
  reportsBelow(number: number): number {
    return this.#one("SELECT count(*) AS it FROM data WHERE sequence < ?", number);
  }

  /** The lowest and the highest number of a report; 0 and -1 without any. */
  range(): { low: number; high: number } {
    return {
      low: this.#one("SELECT coalesce(min(sequence), 0) AS it FROM data"),
      high: this.#one("SELECT coalesce(max(sequence), -1) AS it FROM data"),
    };
  }

  /** The next rows of another table. */
  rows(of: CopiedTable, after: Place, count: number): CopiedRow[] {
    const statement = this.database.query<CopiedRow, (string | number)[]>(readingFrom(of));
    return statement.all(...after, count);
  }

  count(of: CopiedTable): number {
    return this.#one(`SELECT count(*) AS it FROM ${of.source}`);
  }

  /** How long its servers have run, as table `service` has it. */
  service(): ServiceRow {
    const row = this.database.query("SELECT hours, ms, wall FROM service").get();
    return (row as ServiceRow | null) ?? { hours: 0, ms: 0, wall: null };
  }

  /** The highest numbers given. */
  numbers(): Numbers {
    const given = (table: string) =>
      this.#one("SELECT coalesce(max(seq), 0) AS it FROM sqlite_sequence WHERE name = ?", table);
    const highest = (column: string, table: string) =>
      this.#one(`SELECT coalesce(max(${column}), 0) AS it FROM ${table}`);
    return {
      session: Math.max(given("login"), highest("session", "login")),
      question: highest("number", "question"),
      report: Math.max(given("data"), highest("sequence", "data")),
      command: Math.max(given("command"), highest("number", "command")),
      answered: highest("number", "answered"),
      alert: highest("alert", "alert_mark"),
      delivery: highest("delivery", "alert_mark"),
    };
  }

  /** Ids of devices of which PostgreSQL would keep only one; empty if there are none. */
  sharing(what: "mac_key" | "ip" | "ip, port"): string[] {
    const sql = `SELECT group_concat(id, ', ') AS ids FROM registrar GROUP BY ${what} HAVING count(*) > 1 LIMIT 1`;
    const row = this.database.query<{ ids: string }, []>(sql).get();
    return row === null ? [] : row.ids.split(", ");
  }

  close(): void {
    closeDatabase(this.database);
    this.release();
  }

  #one(sql: string, ...values: (string | number)[]): number {
    const row = this.database.query<{ it: number }, (string | number)[]>(sql).get(...values);
    return (row as { it: number }).it;
  }
}

/** Keeps servers from the database meanwhile. null if its folder cannot be written: no server could use it either. */
function lockOf(name: string, file: string): InstanceLock | null {
  if (!isWritable(dirname(file))) return null;
  try {
    return takeInstanceLock(name);
  } catch (error) {
    if (error instanceof OperatingError && error.code === "database-in-use") throw served(name);
    throw error;
  }
}

/** Differs once something was written. */
function changeOf(file: string): string {
  return ["", "-wal"]
    .map((end) => statSync(`${file}${end}`, { throwIfNoEntry: false }))
    .map((it) => (it === undefined ? "none" : `${it.ino} ${it.size} ${it.mtimeMs}`))
    .join();
}

function served(name: string): OperatingError {
  return new OperatingError(
    "database-in-use",
    `${name} is served by an iot-server.`,
    "Stop it first: what it stored after the copy would be missing there.",
  );
}

/** Opens a database of this release; null if it is an older one or another, or has a journal that must be rolled back. */
function openCurrent(name: string, file: string): Database | null {
  if (existsSync(`${file}-journal`)) return null;
  try {
    return openReadOnly(name);
  } catch (error) {
    if (error instanceof OperatingError && error.code === "database-foreign") return null;
    throw error;
  }
}

const marked = ".copy-";

/** A new folder for a copy, which only this user can read. */
function folderFor(file: string): string {
  const beside = isWritable(dirname(file)) ? dirname(file) : tmpdir();
  return mkdtempSync(join(beside, `${basename(file)}${marked}`));
}

/** Removes the folders of copies that were killed: while the lock is held there is no other one. */
function removeLeftovers(file: string): void {
  if (!isWritable(dirname(file))) return;
  const prefix = `${basename(file)}${marked}`;
  for (const name of readdirSync(dirname(file)).filter((one) => one.startsWith(prefix))) {
    rmSync(join(dirname(file), name), { recursive: true, force: true });
  }
}

/** Copies a database with its log and brings the copy up to date, as the start of a server would. */
async function upToDate(
  name: string,
  file: string,
  folder: string,
  port: LegacyPort,
): Promise<string> {
  const copy = join(folder, basename(file));
  // Its place is told as if it were the database; what is said of files beside it is not: they go with the folder.
  const onNote = (words: string) => {
    if (!words.includes(folder)) port.onNote(words);
  };
  try {
    for (const end of ["", "-wal", "-journal"]) {
      if (!existsSync(`${file}${end}`)) continue;
      copyFileSync(`${file}${end}`, `${copy}${end}`);
      chmodSync(`${copy}${end}`, 0o600);
    }
    const { database, lock } = await openDatabase(copy, { ...port, onNote });
    database.run("DELETE FROM serving");
    closeDatabase(database);
    lock.release();
    return copy;
  } catch (error) {
    const known = explain(error, copy);
    if (!(known instanceof OperatingError)) throw error;
    const { code, message } = known;
    const nextStep = /foreign|newer|corrupt/.test(code)
      ? known.nextStep.replace("give --db another file", "name another file")
      : `Start this iot-server with it once, which brings it up to date: iot-server 9000 --db ${name}`;
    throw new OperatingError(code, message.replaceAll(copy, name), nextStep);
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
