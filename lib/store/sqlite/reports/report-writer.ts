// Owns storing reports: each once, in the order of arrival. Finds a repeat among the server's latest reports by its
// key, or, if the device was silent for longer than those reach back, among the device's own latest ones. Never begins
// or commits a transaction.

import type { Database, Statement } from "bun:sqlite";
import type { ReportRow } from "../../../server/rows.ts";
import type { ReportStep, ReportStored } from "../../../server/store-port.ts";
import { readableRows } from "./readable-rows.ts";
import { RecentReports, sameKeyMax } from "./recent-reports.ts";
import { chunkOf, chunkSize, ReportChunks } from "./report-chunks.ts";
import { insertReport, placeColumns, type PlacedReport } from "./report-columns.ts";
import { ReportReader } from "./report-reader.ts";
import { prepare } from "../file/statements.ts";

/**
 * How many of the server's latest reports are searched for a repeat by key: between half of this number and all of it.
 * Half is 20 s of reports at 50,000 per second. Takes 34 MB.
 */
export const recentReportsMax = 1 << 21;
/** How many of a device's own latest reports are compared if memory does not reach back far enough. */
const ownLast = 64;
/** How many chunks are searched for these: back from the device's last report if it is known, else from the newest. */
const chunksFromLast = 4;
const chunksFromNewest = 64;
/** How many devices of a full chunk are indexed in one step: about 1 ms. */
const indexRowsPerStep = 512;

export class ReportWriter {
  readonly chunks: ReportChunks;
  readonly reader: ReportReader;
  readonly #recent: RecentReports;
  readonly #insert: Statement;
  readonly #keyOf: Statement<{ key: number }>;
  #next: number;
  /** The value of `#next` when the current transaction began. */
  #mark: number;
  /** Keys of the reports stored in the current transaction; the first one's number is `#mark`. */
  readonly #keys: number[] = [];

  /**
   * @param onDamage called with an error of SQLite where a stored report cannot be read at the start
   * @param recentMax see `recentReportsMax`
   */
  constructor(
    database: Database,
    private readonly onDamage: (error: unknown) => void,
    recentMax = recentReportsMax,
  ) {
    this.#recent = new RecentReports(recentMax);
    this.chunks = new ReportChunks(database);
    this.reader = new ReportReader(database, this.chunks);
    this.#insert = prepare(database, insertReport);
    this.#keyOf = prepare(database, "SELECT key FROM data WHERE sequence = ?");
    this.#next = this.#rebuild(database, recentMax);
    this.#mark = this.#next;
  }

  /** The number that the next report gets. */
  get next(): number {
    return this.#next;
  }

  /** Call it at the beginning of each transaction. */
  begin(): void {
    this.#mark = this.#next;
    this.#keys.length = 0;
  }

  /** Call it when the transaction is rolled back: its numbers are given again. */
  rollback(): void {
    if (this.#next === this.#mark) return;
    for (const [i, key] of this.#keys.entries()) this.#recent.forget(key, this.#mark + i);
    this.#keys.length = 0;
    this.#next = this.#mark;
    this.chunks.undoFrom(this.#next);
  }

  /**
   * Stores a report, or finds the stored one that it repeats. Runs inside the caller's transaction.
   * @param unreadable what it may repeat is damaged: it is stored, perhaps for a second time
   */
  store(step: ReportStep, unreadable: boolean): ReportStored {
    const before = unreadable ? 0 : this.#findRepeat(step);
    if (before > 0) return { kind: "report", sequence: before, repeated: true };
    const { report, key, previous } = step;
    this.#insert.run(
      this.#next,
      report.device,
      report.time,
      report.received,
      report.at === report.received ? null : report.at,
      report.code,
      report.message,
      key,
    );
    const sequence = this.#next++;
    this.#keys.push(key);
    this.#recent.add(key, sequence);
    this.chunks.add(report.device, sequence, report.received, report.at, previous);
    return { kind: "report", sequence, repeated: false };
  }

  /** Whether the report is stored already. */
  has(step: ReportStep): boolean {
    return this.#findRepeat(step) > 0;
  }

  /** Writes a part of the index if a full chunk waits for it. Runs between transactions. */
  housekeep(): void {
    if (this.chunks.isBehind) this.chunks.writeSome(indexRowsPerStep);
  }

  #findRepeat(step: ReportStep): number {
    const { key, previous } = step;
    const candidates = this.#recent.candidates(key);
    for (const candidate of candidates) {
      if (this.#isSame(this.reader.at(candidate), step)) return candidate;
    }
    // Memory has the device's latest report, so a report that it repeats now is recent enough to be a candidate.
    if (previous >= this.#recent.since && candidates.length < sameKeyMax) return 0;
    return this.#findOwn(step);
  }

  /** Compares the device's own latest reports, which memory may not have. */
  #findOwn(step: ReportStep): number {
    const { previous, report } = step;
    const newest = previous > 0 ? previous : Number.MAX_SAFE_INTEGER;
    const chunksMax = previous > 0 ? chunksFromLast : chunksFromNewest;
    let looked = 0;
    for (const own of this.reader.numbers(report.device, newest, chunksMax)) {
      if (this.#isSame(this.reader.at(own), step)) return own;
      if (++looked >= ownLast) break;
    }
    return 0;
  }

  #isSame(stored: ReportRow | null, { report, key }: ReportStep): boolean {
    return (
      stored !== null &&
      stored.device === report.device &&
      stored.time === report.time &&
      stored.code === report.code &&
      stored.message === report.message &&
      this.#keyOf.get(stored.sequence)?.key === key
    );
  }

  /** Rebuilds from the database what was in memory when the server stopped; returns the next number. */
  #rebuild(database: Database, recentMax: number): number {
    const highest = database.query("SELECT max(sequence) AS it FROM data").get() as {
      it: number | null;
    };
    const indexed = database.query("SELECT max(chunk) AS it FROM report_chunk").get() as {
      it: number | null;
    };
    // The highest number that retention removed: without it, numbers would be reused if no report is left.
    const removed = database
      .query("SELECT seq AS it FROM sqlite_sequence WHERE name = 'data'")
      .get() as {
      it: number;
    } | null;
    const firstUnindexed = indexed.it === null ? 0 : (indexed.it + 1) * chunkSize;
    const next = Math.max(highest.it ?? 0, removed?.it ?? 0, firstUnindexed - 1, 0) + 1;
    // A quarter of the keys is enough at the start, and is read quickly.
    const recentFrom = Math.max(0, next - recentMax / 4);
    const rows = prepare<PlacedReport>(
      database,
      `SELECT ${placeColumns} FROM data WHERE sequence >= ? ORDER BY sequence`,
    );
    const from = chunkOf(firstUnindexed) * chunkSize;
    for (const row of readableRows(rows, from, next, this.onDamage)) {
      this.chunks.add(row.device, row.sequence, row.received, row.at);
    }
    this.#recent.beginAt(recentFrom);
    const keys = prepare<{ sequence: number; key: number }>(
      database,
      "SELECT sequence, key FROM data WHERE sequence >= ? ORDER BY sequence",
    );
    for (const row of readableRows(keys, recentFrom, next, this.onDamage)) {
      this.#recent.add(row.key, row.sequence);
    }
    return next;
  }
}
