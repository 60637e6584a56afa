// The store on SQLite: a batch of operations is one transaction, and an outcome is seen only after its commit. Owns the
// connection; knows no message and no socket.

import type { Database, Statement } from "bun:sqlite";
import { ack } from "../protocol/codes.ts";
import type { Operation, Outcome, Store, StoredSession } from "../server/operation.ts";
import { DeviceRows } from "./device-rows.ts";
import type { FileGuard } from "./file-guard.ts";
import type { ReportReader } from "./report-reader.ts";
import { ReportWriter } from "./report-writer.ts";
import { SessionRows } from "./session-rows.ts";

/** What a store on SQLite needs to know. */
export type StoreOptions = {
  /** Whether an IP may belong to several devices with different ports. */
  readonly sharedIp: boolean;
};

export class SqliteStore implements Store {
  readonly #devices: DeviceRows;
  readonly #sessions: SessionRows;
  readonly #reports: ReportWriter;
  readonly #begin: Statement;
  readonly #commit: Statement;

  /**
   * @param database a connection with the schema of now; the store closes it
   * @param guard watches the file; null for a database in memory
   */
  constructor(
    private readonly database: Database,
    options: StoreOptions,
    private readonly guard: FileGuard | null = null,
  ) {
    this.#begin = database.prepare("BEGIN");
    this.#commit = database.prepare("COMMIT");
    this.#devices = new DeviceRows(database, options.sharedIp);
    this.#sessions = new SessionRows(database);
    this.#reports = new ReportWriter(database);
  }

  /** Reads reports on the same connection. */
  get reader(): ReportReader {
    return this.#reports.reader;
  }

  /** The sessions that were open when the database was last written. */
  openSessions(): StoredSession[] {
    return this.#sessions.allOpen();
  }

  async apply(operations: readonly Operation[]): Promise<readonly Outcome[]> {
    return this.applyNow(operations);
  }

  /** As `apply`, at once. */
  applyNow(operations: readonly Operation[]): readonly Outcome[] {
    const outcomes = Array.from<Outcome>({ length: operations.length });
    this.guard?.assertThere();
    this.#reports.begin();
    this.#begin.run();
    try {
      for (let i = 0; i < operations.length; i++) {
        outcomes[i] = this.#applyOne(operations[i] as Operation);
      }
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      throw error;
    }
    return outcomes;
  }

  /** Does a little of what is due behind the batches; called after each. What fails here is tried again later. */
  housekeep(): void {
    try {
      this.#reports.housekeep();
    } catch {
      // The disk is full, say: the next batch will tell; the index is rebuilt from the rows in any case.
    }
  }

  /** Looks whether the file is still there; call it about once a second. */
  checkFile(): void {
    this.guard?.check();
  }

  close(): void {
    this.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    this.database.close();
  }

  #applyOne(operation: Operation): Outcome {
    switch (operation.kind) {
      case "report":
        return this.#reports.store(operation);
      case "register":
        return this.#devices.register(operation);
      case "deregister": {
        const outcome = this.#devices.deregister(operation);
        if (outcome.kind === "done" && outcome.code === ack.deregistered) {
          this.#sessions.endOpen(operation.device.id, "deregistered", operation.at);
        }
        return outcome;
      }
      case "login": {
        const decision = this.#devices.login(operation);
        if (decision.kind === "need") return decision;
        const { id, source, stated, at } = operation;
        const session =
          decision.code === ack.loggedIn ? this.#sessions.open(id, source, stated, at) : 0;
        return { kind: "done", code: decision.code, session, hash: decision.hash };
      }
      case "end":
        this.#sessions.end(operation.session, operation.reason, operation.at);
        return { kind: "nothing" };
      case "touch":
        this.#sessions.touch(operation.sessions);
        return { kind: "nothing" };
      case "find":
        return { kind: "found", known: this.#devices.get(operation.id) !== null, report: null };
      case "latest": {
        const known = this.#devices.get(operation.id) !== null;
        const report = known ? (this.reader.last(operation.id, 1)[0] ?? null) : null;
        return { kind: "found", known, report };
      }
    }
  }

  #rollback(): void {
    this.#reports.rollback();
    if (this.database.inTransaction) this.database.run("ROLLBACK");
  }
}
