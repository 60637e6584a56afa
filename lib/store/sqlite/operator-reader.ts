// Owns the reads for operators: devices, sessions and reports. It has a connection of its own, so that large reads do
// not evict the writer's pages from the writer's cache. Every call is short. Never writes.

import type { Database, Statement } from "bun:sqlite";
import type { Asker, EndReason } from "../../server/operation.ts";
import { always, ChunkRanges, type ReportRange } from "./reports/chunk-ranges.ts";
import { MessageScan, MessageStatements } from "./reports/message-scan.ts";
import type { ChunkTimes } from "./reports/report-chunks.ts";
import { reportColumns, type StoredReport } from "./reports/report-columns.ts";
import { ReportReader } from "./reports/report-reader.ts";
import { DeviceScan, ScanStatements, type ScanOrder, WholeScan } from "./reports/report-scan.ts";
import { latestSession } from "./rows/session-rows.ts";
import type { SqliteStore } from "./sqlite-store.ts";
import { prepare } from "./file/statements.ts";

/** A device with its latest session; `session` is 0 if it has not logged in since it registered. ms since 1970. */
export type DeviceWithSession = {
  readonly id: string;
  readonly session: number;
  readonly started: number;
  readonly lastSeen: number;
  readonly ended: number | null;
  readonly reason: EndReason | null;
};

export type RegistrarFacts = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  readonly registered: number;
  /** How many of its reports repeated one that was stored before. */
  readonly repeats: number;
};

export type SessionFacts = {
  readonly session: number;
  readonly started: number;
  readonly lastSeen: number;
  readonly ended: number | null;
  readonly reason: string | null;
  readonly ip: string;
  readonly port: number;
};

/** A question to a device with its answer; times in ms since 1970. */
export type QuestionFacts = {
  readonly number: number;
  readonly code: string;
  readonly target: string;
  readonly by: Asker;
  readonly asked: number;
  /** null without an answer, as the rest. */
  readonly answered: number | null;
  readonly answerCode: string | null;
  readonly answerTime: string | null;
  readonly answer: string | null;
};

/** How many chunks are searched for a device's latest report: a device may have none. */
const latestChunksMax = 2_000;

type Values = (string | number | null | Uint8Array)[];

export class OperatorReader {
  readonly #roster: Statement<DeviceWithSession, Values>;
  readonly #facts: Statement<RegistrarFacts, Values>;
  readonly #sessions: Statement<SessionFacts, Values>;
  readonly #questions: Statement<QuestionFacts, Values>;
  readonly #first: Statement<{ first: number | null }, Values>;
  readonly #ranges: ChunkRanges;
  readonly #indexed: Statement<{ reports: number | null }, Values>;
  readonly #reports: ScanStatements<StoredReport>;
  readonly #messages: MessageStatements;
  readonly #reader: ReportReader;

  /**
   * @param database a read-only connection
   * @param store the store of the same database: it has the index of the newest reports, which is not on the disk yet
   */
  constructor(
    database: Database,
    private readonly store: SqliteStore,
  ) {
    this.#roster = prepare(
      database,
      `SELECT r.id, coalesce(l.session, 0) AS session, coalesce(l.started, 0) AS started,
              coalesce(l.last_seen, 0) AS lastSeen, l.ended, l.reason
       FROM registrar AS r
       LEFT JOIN login AS l ON l.session = ${latestSession}
       WHERE r.id > ? ORDER BY r.id LIMIT ?`,
    );
    this.#facts = prepare(
      database,
      "SELECT id, mac, ip, port, registered, repeats FROM registrar WHERE id = ?",
    );
    this.#sessions = prepare(
      database,
      `SELECT session, started, last_seen AS lastSeen, ended, reason, ip, port FROM login
       WHERE device = ? AND session < ? ORDER BY session DESC LIMIT ?`,
    );
    this.#questions = prepare(
      database,
      `SELECT number, code, target, asker AS "by", asked, answered, answer_code AS answerCode,
              answer_time AS answerTime, answer
       FROM question WHERE device = ? AND number < ? ORDER BY number DESC LIMIT ?`,
    );
    this.#first = prepare(database, "SELECT min(sequence) AS first FROM data");
    this.#indexed = prepare(database, "SELECT sum(reports) AS reports FROM report_chunk");
    this.#reports = new ScanStatements(database, reportColumns);
    this.#ranges = new ChunkRanges(database, store.chunks);
    this.#messages = new MessageStatements(database);
    this.#reader = new ReportReader(database, store.chunks);
  }

  /** At most `limit` devices with ids after `after`, in the order of ids. */
  roster(after: string, limit: number): DeviceWithSession[] {
    return this.#roster.all(after, limit);
  }

  /** The registration of a device, or null. */
  facts(id: string): RegistrarFacts | null {
    return this.#facts.get(id);
  }

  /** A device's sessions with numbers below `before`, newest first. */
  sessions(id: string, before: number, limit: number): SessionFacts[] {
    return this.#sessions.all(id, before, limit);
  }

  /** The questions to a device with numbers below `before`, newest first. */
  questions(id: string, before: number, limit: number): QuestionFacts[] {
    return this.#questions.all(id, before, limit);
  }

  /** The number of the oldest report that is kept; `end()` if there is none, 0 if the oldest ones are damaged. */
  first(): number {
    try {
      return this.#first.get()?.first ?? this.end();
    } catch (error) {
      // The newest ones can be read all the same.
      if (!this.store.noteError(error)) throw error;
      return 0;
    }
  }

  /** The number that the next report will get. */
  end(): number {
    return this.store.nextSequence;
  }

  /** How many reports are kept. */
  count(): number {
    return (this.#indexed.get()?.reports ?? 0) + this.store.chunks.count;
  }

  /** One report by its number, or null. */
  at(sequence: number): StoredReport | null {
    return this.#reports.one.get(sequence);
  }

  /** A device's newest report, or null. */
  latest(id: string): StoredReport | null {
    const newest = Number.MAX_SAFE_INTEGER;
    for (const sequence of this.#reader.numbers(id, newest, latestChunksMax)) {
      const report = this.at(sequence);
      // Retention may have removed it, and a half-written index can name a report of another device.
      if (report?.device === id) return report;
    }
    return null;
  }

  /**
   * A scan of the reports of a range.
   * @param id of one device, or null for all
   */
  scan(
    id: string | null,
    part: Pick<ReportRange, "low" | "high"> & Partial<ReportRange>,
    order: ScanOrder,
  ) {
    const range = { ...always, ...part };
    return id === null
      ? new WholeScan(this.#reports, this.#ranges, range, order)
      : new DeviceScan(this.#reports, this.#ranges, this.store.chunks, id, range, order);
  }

  /** The chunks of sequence numbers with reports measured from `from` to `to`, ms since 1970, in order. */
  chunks(from: number, to: number): ChunkTimes[] {
    return this.#ranges.between(from, to);
  }

  /** When a report was measured, ms since 1970; null if it was removed. */
  timeAt(sequence: number): number | null {
    return this.#messages.timeAt(sequence);
  }

  /** When some reports of a device were measured, ms since 1970; NaN for each that was removed. */
  timesAt(id: string, base: number, places: Uint16Array): Float64Array {
    return this.#messages.timesAt(id, base, places);
  }

  /** A scan of one device's messages with numbers from `low` to below `high`, oldest first. */
  messages(id: string, low: number, high: number): MessageScan {
    return new MessageScan(this.#messages, this.store.chunks, id, low, high, () => this.first());
  }
}
