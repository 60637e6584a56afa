// Owns the reads for operators: devices, sessions and reports. It has a connection of its own, so that large reads do
// not evict the writer's pages from the writer's cache. Every call is short. Never writes.

import type { Database, Statement } from "bun:sqlite";
import { labelsIn } from "../../server/labels.ts";
import type {
  CommandRow,
  DeviceRow,
  QuestionRow,
  ReportRow,
  RosterRow,
  SessionRow,
} from "../../server/rows.ts";
import type { CommandQuery, DeviceReads, ReportReads } from "../../server/store-reads.ts";
import { always, ChunkRanges, type ReportBounds } from "./reports/chunk-ranges.ts";
import { LatestReports } from "./reports/latest-reports.ts";
import { SqliteMessageScan, MessageStatements } from "./reports/message-scan.ts";
import type { ChunkTimes } from "./reports/report-chunks.ts";
import { reportColumns } from "./reports/report-columns.ts";
import { ReportReader } from "./reports/report-reader.ts";
import { DeviceScan, ScanStatements, type ScanOrder, WholeScan } from "./reports/report-scan.ts";
import { CommandLists } from "./rows/command-lists.ts";
import { deviceColumns, deviceOf, type RawDevice } from "./rows/device-rows.ts";
import { labelsOfDevice } from "./rows/label-rows.ts";
import { questionColumns, questionOf, type RawQuestion } from "./rows/question-rows.ts";
import { latestSession, type RawSession, sessionColumns, sessionOf } from "./rows/session-rows.ts";
import type { SqliteStore } from "./sqlite-store.ts";
import { prepare } from "./file/statements.ts";

type RawRoster = Omit<RosterRow, "labels"> & { readonly labels: string };

type Values = (string | number | null | Uint8Array)[];

export class OperatorReader implements DeviceReads, ReportReads {
  readonly #roster: Statement<RawRoster, Values>;
  readonly #facts: Statement<RawDevice, Values>;
  readonly #sessions: Statement<RawSession, Values>;
  readonly #questions: Statement<RawQuestion, Values>;
  readonly #commands: CommandLists;
  readonly #first: Statement<{ first: number | null }, Values>;
  readonly #ranges: ChunkRanges;
  readonly #indexed: Statement<{ reports: number | null }, Values>;
  readonly #reports: ScanStatements<ReportRow>;
  readonly #messages: MessageStatements;
  readonly #latest: LatestReports;

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
      `SELECT r.id, ${labelsOfDevice} AS labels, coalesce(l.session, 0) AS session, coalesce(l.started, 0) AS started,
              coalesce(l.last_seen, 0) AS lastSeen, l.ended, l.reason
       FROM registrar AS r
       LEFT JOIN login AS l ON l.session = ${latestSession}
       WHERE r.id > ? ORDER BY r.id LIMIT ?`,
    );
    this.#facts = prepare(database, `SELECT ${deviceColumns} FROM registrar AS r WHERE r.id = ?`);
    this.#sessions = prepare(
      database,
      `SELECT ${sessionColumns} FROM login AS l
       WHERE l.device = ? AND l.session < ? ORDER BY l.session DESC LIMIT ?`,
    );
    this.#questions = prepare(
      database,
      `SELECT ${questionColumns} FROM question WHERE device = ? AND number < ? ORDER BY number DESC LIMIT ?`,
    );
    this.#commands = new CommandLists(database);
    this.#first = prepare(database, "SELECT min(sequence) AS first FROM data");
    this.#indexed = prepare(database, "SELECT sum(reports) AS reports FROM report_chunk");
    this.#reports = new ScanStatements(database, reportColumns);
    this.#ranges = new ChunkRanges(database, store.chunks);
    this.#messages = new MessageStatements(database);
    this.#latest = new LatestReports(new ReportReader(database, store.chunks));
  }

  /** At most `limit` devices with ids after `after`, in the order of ids. */
  roster(after: string, limit: number): RosterRow[] {
    const rows = this.#roster.all(after, limit);
    return rows.map(({ labels, ...row }) => Object.assign(row, { labels: labelsIn(labels) }));
  }

  /** The registration of a device, or null. */
  facts(id: string): DeviceRow | null {
    const row = this.#facts.get(id);
    return row === null ? null : deviceOf(row);
  }

  /** The registrations of some devices, in the same order; null for each that is not registered. */
  factsOf(ids: readonly string[]): (DeviceRow | null)[] {
    return ids.map((id) => this.facts(id));
  }

  /** A device's sessions with numbers below `before`, newest first. */
  sessions(id: string, before: number, limit: number): SessionRow[] {
    return this.#sessions.all(id, before, limit).map(sessionOf);
  }

  /** The latest sessions of some devices, newest first and at most `limit` of each, in the same order. */
  sessionsOf(ids: readonly string[], limit: number): SessionRow[][] {
    return ids.map((id) => this.sessions(id, Number.MAX_SAFE_INTEGER, limit));
  }

  /** The questions to a device with numbers below `before`, newest first. */
  questions(id: string, before: number, limit: number): QuestionRow[] {
    return this.#questions.all(id, before, limit).map(questionOf);
  }

  /** Commands, newest first. */
  commands(query: CommandQuery): CommandRow[] {
    return this.#commands.list(query);
  }

  /** A command, or null. */
  command(number: number): CommandRow | null {
    return this.#commands.one(number);
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
  isShared(): boolean {
    return false;
  }

  count(): number {
    return (this.#indexed.get()?.reports ?? 0) + this.store.chunks.count;
  }

  /** Some reports by their numbers, in the same order; null for each that was removed. */
  reportsAt(sequences: readonly number[]): (ReportRow | null)[] {
    return sequences.map((sequence) => this.#reports.one.get(sequence));
  }

  /** The newest reports of some devices, in the same order; null for each that has none. */
  latestOf(ids: readonly string[]): (ReportRow | null)[] {
    return ids.map((id) => this.#latest.of(id, this.end()));
  }

  /**
   * A scan of the reports of a range.
   * @param id of one device, or null for all
   */
  scan(
    id: string | null,
    part: Pick<ReportBounds, "low" | "high"> & Partial<ReportBounds>,
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

  /** When some reports of a device were measured, ms since 1970; NaN for each that was removed. */
  timesAt(id: string, base: number, places: Uint16Array): Float64Array {
    return this.#messages.timesAt(id, base, places);
  }

  /** Where times begin among a device's reports at some places of an ordered chunk; null if one was removed. */
  firstsFrom(_id: string, base: number, places: Uint16Array, times: Float64Array): number[] | null {
    return this.#messages.firstsFrom(base, places, times);
  }

  /** A scan of one device's messages with numbers from `low` to below `high`, oldest first. */
  messages(id: string, low: number, high: number): SqliteMessageScan {
    return new SqliteMessageScan(this.#messages, this.store.chunks, id, low, high, () =>
      this.first(),
    );
  }
}
