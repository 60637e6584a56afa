// Owns the server's store on SQLite and its connection. A batch of steps is one transaction, and results are returned
// only after its commit. Never knows a verb or a socket.

import type { Database, Statement } from "bun:sqlite";
import { openCommandsMax } from "../../server/commands/command-rows.ts";
import type { ReportRow, SessionRow, StoredCommands } from "../../server/rows.ts";
import type { ReportStep, ReportStored, StepResult, Step, Store } from "../../server/store-port.ts";
import { isDamage } from "./file/database-refusal.ts";
import { batchWaitMs } from "./file/open-database.ts";
import { type FileGuard, logBytesMax, logGrows } from "./file/file-guard.ts";
import { LatestReports } from "./reports/latest-reports.ts";
import type { ReportChunks } from "./reports/report-chunks.ts";
import type { ReportReader } from "./reports/report-reader.ts";
import { ReportWriter } from "./reports/report-writer.ts";
import { TableRows } from "./rows/table-rows.ts";
import { closeDatabase, prepare } from "./file/statements.ts";
import type { StoreOptions } from "./store-options.ts";

/** How many steps of a batch may do without what they would read; a batch with more of them fails. */
const unreadableMax = 64;

export class SqliteStore implements Store {
  readonly #rows: TableRows;
  readonly #reports: ReportWriter;
  readonly #latest: LatestReports;
  readonly #beginWriting: Statement;
  /** Another program held the write lock at the last batch. */
  #locked = false;
  #damage: string | null;
  #logGrows = false;
  readonly #onTrouble: (words: string) => void;
  readonly #commit: Statement;

  /**
   * @param database a connection with the current schema; the store closes it
   * @param guard checks the file; null for a database in memory
   */
  constructor(
    private readonly database: Database,
    options: StoreOptions = {},
    private readonly guard: FileGuard | null = null,
  ) {
    this.#beginWriting = prepare(database, "BEGIN IMMEDIATE");
    this.#commit = prepare(database, "COMMIT");
    this.#damage = options.damage ?? null;
    this.#onTrouble = options.onTrouble ?? (() => {});
    this.#rows = new TableRows(database);
    this.#reports = new ReportWriter(
      database,
      (error) => void this.noteError(error),
      options.recentReportsMax,
    );
    this.#latest = new LatestReports(this.#reports.reader);
  }

  /** Reads reports on the store's connection. */
  get reader(): ReportReader {
    return this.#reports.reader;
  }

  /** The index of the newest reports, which is not on the disk yet. */
  get chunks(): ReportChunks {
    return this.#reports.chunks;
  }

  /** The number that the next report will get. */
  get nextSequence(): number {
    return this.#reports.next;
  }

  /** What was found damaged in the file since it was opened, in words; null if nothing was. */
  get damage(): string | null {
    return this.#damage;
  }

  /** Notes an error of a read on another connection. @returns whether it means that the file is damaged */
  noteError(error: unknown): boolean {
    if (!isDamage(error)) return false;
    const { message } = error as Error;
    if (this.#damage === null) this.#onTrouble(`the database is damaged: ${message}`);
    this.#damage ??= message;
    return true;
  }

  /** All open sessions; a server loads them when it starts. */
  openSessions(): SessionRow[] {
    return this.#rows.sessions.allOpen();
  }

  /** All open commands, and how long the database has been in service; a server loads them when it starts. */
  openCommands(): StoredCommands {
    const { commands } = this.#rows;
    const open = commands.open({ due: null, limit: openCommandsMax.all });
    return { service: commands.service(), open };
  }

  /**
   * Carries out steps in one transaction.
   * @throws errors of SQLite, and of the guard if the file is gone; then nothing may be acknowledged
   */
  apply(steps: readonly Step[]): readonly StepResult[] {
    this.guard?.assertThere();
    // After a damaged page, SQLite carries out nothing more in a transaction: it begins again without that read.
    const unreadable = new Set<number>();
    let results;
    do results = this.#attempt(steps, unreadable);
    while (results === null);
    // A commit to a deleted file is lost, so it must not be acknowledged. The check takes 1 µs, the fsync 150 µs.
    this.guard?.checkNames();
    this.guard?.assertThere();
    return results;
  }

  /**
   * Applies a batch.
   * @param unreadable the places of steps that do without what they would read; one more is added if another of
   *   them reads a damaged page
   * @returns null if one was added, and nothing is stored
   */
  #attempt(steps: readonly Step[], unreadable: Set<number>): StepResult[] | null {
    const results: StepResult[] = [];
    this.#reports.begin();
    try {
      this.#beginBatch();
      for (let i = 0; i < steps.length; i++) {
        results.push(this.#carryOut(steps[i] as Step, unreadable.has(i)));
      }
      this.#commit.run();
      return results;
    } catch (error) {
      this.#rollback();
      const at = results.length;
      const step = steps[at];
      const isOptional = step !== undefined && canDoWithout(step) && !unreadable.has(at);
      if (!this.noteError(error) || !isOptional || unreadable.size >= unreadableMax) {
        throw this.#explained(error);
      }
      unreadable.add(at);
      return null;
    }
  }

  /**
   * Does what is no batch of devices in a transaction of its own: on the disk when it returns, or nothing is.
   * @throws as `apply`, and what `work` throws
   */
  transact<T>(work: () => T): T {
    this.guard?.assertThere();
    let result;
    try {
      this.#beginBatch();
      result = work();
      this.#commit.run();
    } catch (error) {
      if (this.database.inTransaction) this.database.run("ROLLBACK");
      throw this.#explained(error);
    }
    this.guard?.checkNames();
    this.guard?.assertThere();
    return result;
  }

  /** Does a little of the work that is due besides the batches; called after each batch. What fails is tried again. */
  housekeep(): void {
    try {
      this.#reports.housekeep();
    } catch {
      // For example, the disk is full. The next batch reports it, and the index can always be rebuilt from the rows.
    }
  }

  /** Checks whether the file is still in place, and how large its log is; call it about once a second. */
  checkFile(): void {
    this.guard?.check();
    const grows = (this.guard?.logBytes ?? 0) > logBytesMax;
    if (grows && !this.#logGrows) this.#onTrouble(logGrows);
    this.#logGrows = grows;
  }

  /** Moves the log into the database if the disk allows it, and closes the file. */
  close(): void {
    try {
      this.database.run("DELETE FROM serving");
      this.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // Nothing is lost: the log stays, and is read at the next start.
    }
    closeDatabase(this.database);
  }

  #beginBatch(): void {
    this.#rows.commands.begin();
    // Here it waits: once a transaction has read something, SQLite fails its first write at once where another program, as
    // `iot-server devices` that opens the file, has the lock for a moment.
    this.#beginWriting.run();
    if (!this.#locked) return;
    // Nothing waits for a lock that a batch has already waited for: devices and HTTP are served between two attempts.
    this.#locked = false;
    this.database.run(`PRAGMA busy_timeout = ${batchWaitMs}`);
  }

  #explained(error: unknown): unknown {
    const { code = "", message } = error as { code?: string; message: string };
    if (this.noteError(error)) return new Error(`${message}: a page of the database is damaged`);
    if (!code.startsWith("SQLITE_BUSY")) return error;
    if (!this.#locked) this.database.run("PRAGMA busy_timeout = 0");
    this.#locked = true;
    return new Error("another program has locked the database for writing; end it (lsof names it)");
  }

  #carryOut(step: Step, unreadable: boolean): StepResult {
    if (step.kind === "report") return this.#report(step, unreadable);
    const rows = this.#rows.load(step.keys, (id) => this.#lastReportOf(id, unreadable));
    const { outcome, writes } = step.decide(rows);
    return { outcome, number: this.#rows.writeAll(writes) };
  }

  /** Stores a DATA as a report, or with the question that it answers. */
  #report(step: ReportStep, unreadable: boolean): ReportStored {
    const { report, mayAnswer } = step;
    const { questions } = this.#rows;
    this.#latest.reported(report.device);
    if (mayAnswer !== null) {
      const time = mayAnswer.addressed ? null : report.time;
      if (questions.mayHave(report.device, time)) {
        const isReported = () => this.#reports.has(step);
        const kept = questions.of(report.device);
        const decision = mayAnswer.decide(report, mayAnswer, kept, isReported);
        if (decision !== null) {
          this.#rows.writeAll(decision.writes);
          return decision.outcome;
        }
      }
    }
    return this.#reports.store(step, unreadable);
  }

  #lastReportOf(id: string, unreadable: boolean): ReportRow | "unreadable" | null {
    if (unreadable) this.#latest.giveUp(id);
    return this.#latest.isGivenUp(id) ? "unreadable" : this.#latest.of(id, this.nextSequence);
  }

  #rollback(): void {
    this.#reports.rollback();
    this.#latest.forget();
    if (this.database.inTransaction) this.database.run("ROLLBACK");
  }
}

/** Whether a step has an answer also without the report that it would read. */
function canDoWithout(step: Step): boolean {
  return step.kind === "report" || step.keys.withLastReport === true;
}
