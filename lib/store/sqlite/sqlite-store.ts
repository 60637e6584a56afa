// Owns the server's store on SQLite and its connection. A batch of operations is one transaction, and outcomes are
// returned only after its commit. Never knows a message or a socket.

import type { Database, Statement } from "bun:sqlite";
import { ack, type AckCode } from "../../protocol/codes.ts";
import type {
  Operation,
  Outcome,
  SealedRequest,
  Store,
  StoredSession,
} from "../../server/operation.ts";
import { AnsweredRows } from "./rows/answered-rows.ts";
import { isDamage } from "./file/database-refusal.ts";
import { DeviceRows } from "./rows/device-rows.ts";
import { batchWaitMs } from "./file/open-database.ts";
import { type FileGuard, logBytesMax, logGrows } from "./file/file-guard.ts";
import { LatestReports } from "./reports/latest-reports.ts";
import { QuestionRows } from "./rows/question-rows.ts";
import type { ReportChunks } from "./reports/report-chunks.ts";
import type { ReportReader } from "./reports/report-reader.ts";
import { ReportWriter } from "./reports/report-writer.ts";
import { SessionRows } from "./rows/session-rows.ts";
import { closeDatabase, prepare } from "./file/statements.ts";
import type { StoreOptions } from "./store-options.ts";

/** How many operations of a batch may do without what they would read; a batch with more of them fails. */
const unreadableMax = 64;

export class SqliteStore implements Store {
  readonly #devices: DeviceRows;
  readonly #sessions: SessionRows;
  readonly #answered: AnsweredRows;
  readonly #questions: QuestionRows;
  readonly #reports: ReportWriter;
  readonly #latest: LatestReports;
  readonly #begin: Statement;
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
    options: StoreOptions,
    private readonly guard: FileGuard | null = null,
  ) {
    this.#begin = prepare(database, "BEGIN");
    this.#beginWriting = prepare(database, "BEGIN IMMEDIATE");
    this.#commit = prepare(database, "COMMIT");
    this.#damage = options.damage ?? null;
    this.#onTrouble = options.onTrouble ?? (() => {});
    this.#devices = new DeviceRows(database, { keyPolicy: "replace", ...options });
    this.#sessions = new SessionRows(database);
    this.#answered = new AnsweredRows(database);
    this.#questions = new QuestionRows(database);
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
  openSessions(): StoredSession[] {
    return this.#sessions.allOpen();
  }

  /**
   * Applies operations in one transaction.
   * @throws errors of SQLite, and of the guard if the file is gone; then nothing may be acknowledged
   */
  apply(operations: readonly Operation[]): readonly Outcome[] {
    this.guard?.assertThere();
    // After a damaged page, SQLite carries out nothing more in a transaction: it begins again without that read.
    const unreadable = new Set<number>();
    let outcomes;
    do outcomes = this.#attempt(operations, unreadable);
    while (outcomes === null);
    // A commit to a deleted file is lost, so it must not be acknowledged. The check takes a few µs, the fsync 150 µs.
    this.guard?.check();
    this.guard?.assertThere();
    return outcomes;
  }

  /**
   * Applies a batch.
   * @param unreadable the places of operations that do without what they would read; one more is added if another of
   *   them reads a damaged page
   * @returns null if one was added, and nothing is stored
   */
  #attempt(operations: readonly Operation[], unreadable: Set<number>): Outcome[] | null {
    const outcomes: Outcome[] = [];
    this.#reports.begin();
    try {
      this.#beginBatch();
      for (let i = 0; i < operations.length; i++) {
        outcomes.push(this.#applyOne(operations[i] as Operation, unreadable.has(i)));
      }
      this.#commit.run();
      return outcomes;
    } catch (error) {
      this.#rollback();
      const at = outcomes.length;
      const kind = operations[at]?.kind;
      const isOptional = (kind === "latest" || kind === "report") && !unreadable.has(at);
      if (!this.noteError(error) || !isOptional || unreadable.size >= unreadableMax) {
        throw this.#explained(error);
      }
      unreadable.add(at);
      return null;
    }
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
    if (!this.#locked) return void this.#begin.run();
    // Nothing waits for a lock that a batch has already waited for: devices and HTTP are served between two attempts.
    this.#beginWriting.run();
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

  #applyOne(operation: Operation, unreadable: boolean): Outcome {
    switch (operation.kind) {
      case "report":
        this.#latest.reported(operation.report.device);
        return this.#answer(operation) ?? this.#reports.store(operation, unreadable);
      case "question":
        return { kind: "question", number: this.#questions.add(operation.question) };
      case "hour":
        this.#questions.countHour();
        return { kind: "nothing" };
      case "register": {
        const outcome = this.#devices.register(operation);
        const changes: AckCode[] = [ack.registered, ack.registrationUpdated];
        if (outcome.kind === "done" && changes.includes(outcome.code)) {
          this.#keepAnswer(operation, outcome.code);
        }
        return outcome;
      }
      case "deregister": {
        const outcome = this.#devices.deregister(operation);
        if (outcome.kind === "done" && outcome.code === ack.deregistered) {
          this.#sessions.endOpen(operation.device.id, "deregistered", operation.at);
          this.#keepAnswer(operation, outcome.code);
        }
        return outcome;
      }
      case "login": {
        const decision = this.#devices.login(operation);
        if (decision.kind === "need") return decision;
        const isIn = decision.code === ack.loggedIn;
        const clientKey = operation.seal?.clientKey ?? null;
        if (!isIn) return { ...decision, session: 0 };
        return { ...decision, ...this.#sessions.open(operation, clientKey) };
      }
      case "resume": {
        const code = this.#devices.resume(operation);
        if (code !== ack.loggedIn) return { kind: "done", code, session: 0, hash: null };
        const opened = this.#sessions.open(operation, operation.clientKey);
        return { kind: "done", code, ...opened, hash: null };
      }
      case "remove": {
        const known = this.#devices.remove(operation.id);
        if (known) this.#sessions.endOpen(operation.id, "deregistered", operation.at);
        return { kind: "found", known, report: null };
      }
      case "allow-text":
        return { kind: "found", known: this.#devices.allowText(operation.id), report: null };
      case "end":
        this.#sessions.end(operation);
        this.#keepAnswer(operation, ack.loggedOff);
        return { kind: "nothing" };
      case "answered":
        return {
          kind: "answered",
          ...(this.#answered.answerTo(operation.request) ?? { code: null, isSame: false }),
        };
      case "touch":
        this.#sessions.touch(operation.sessions);
        this.#devices.countRepeats(operation.sessions);
        return { kind: "nothing" };
      case "find":
        return this.#devices.find(operation.id);
      case "latest":
        return this.#latestOf(operation.id, unreadable);
    }
  }

  /** Stores a DATA that answers a question; null if it is a report. */
  #answer(operation: Extract<Operation, { kind: "report" }>): Outcome | null {
    const { report, mayAnswer = null } = operation;
    if (mayAnswer === null) return null;
    const isReported = () => this.#reports.has(operation);
    const stored = this.#questions.answer(report, mayAnswer, isReported);
    return stored === null ? null : { kind: "answer", ...stored };
  }

  #latestOf(id: string, unreadable: boolean): Outcome {
    const found = this.#devices.find(id);
    if (unreadable) this.#latest.giveUp(id);
    if (!found.known || this.#latest.isGivenUp(id)) return { ...found, unreadable: found.known };
    return { ...found, report: this.#latest.of(id, this.nextSequence) };
  }

  #keepAnswer({ request }: { readonly request?: SealedRequest | null }, code: AckCode): void {
    if (request !== undefined && request !== null) this.#answered.keep(request, code);
  }

  #rollback(): void {
    this.#reports.rollback();
    this.#latest.forget();
    if (this.database.inTransaction) this.database.run("ROLLBACK");
  }
}
