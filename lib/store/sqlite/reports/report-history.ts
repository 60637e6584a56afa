// Owns reading the reports of one device or of all, oldest first, for the command line. Reads a piece at a time, so
// that a long history is never in memory as a whole, and a slow consumer does not block checkpoints of the server's
// log. Never writes.

import type { Database } from "bun:sqlite";
import { always, ChunkRanges, type ReportBounds } from "./chunk-ranges.ts";
import { isDamage } from "../file/database-refusal.ts";
import { readableRows } from "./readable-rows.ts";
import { chunkSize, ReportChunks } from "./report-chunks.ts";
import { placeColumns, type PlacedReport, reportColumns } from "./report-columns.ts";
import { ReportReader } from "./report-reader.ts";
import { DeviceScan, ScanStatements } from "./report-scan.ts";
import type { ReportRow } from "../../../server/rows.ts";
import { prepare } from "../file/statements.ts";

const rowsPerPiece = 1_000;

/**
 * The newest reports of a device, oldest first.
 * @param device an id
 * @param last how many at most
 * @param since only reports measured at or after this time, ms since 1970; 0 for all
 */
export function* historyOf(
  database: Database,
  device: string,
  last: number,
  since: number,
): Generator<ReportRow, void, undefined> {
  const chunks = unindexed(database, device);
  const low = Math.max(
    oldestIn(database),
    nth(new ReportReader(database, chunks), device, last, since),
  );
  const statements = new ScanStatements<ReportRow>(database, reportColumns);
  const ranges = new ChunkRanges(database, chunks);
  const from = since > 0 ? since : always.from;
  const range: ReportBounds = { low, high: Number.MAX_SAFE_INTEGER, from, to: always.to };
  const scan = new DeviceScan(statements, ranges, chunks, device, range, "oldest");
  while (!scan.done) {
    for (const report of scan.next(rowsPerPiece)) {
      // A half-written index can name numbers that belong to another device now.
      if (report.device === device) yield report;
    }
  }
}

/** The number of the oldest report; 0 if there is none, or if it is on a damaged page. */
function oldestIn(database: Database): number {
  try {
    const sql = "SELECT min(sequence) AS it FROM data";
    return (database.query(sql).get() as { it: number | null }).it ?? 0;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return 0;
  }
}

/**
 * All reports, oldest first, past damaged pages.
 * @throws the error of SQLite about the first damaged page, after the last report that can be read
 */
export function* allReports(database: Database): Generator<ReportRow, void, undefined> {
  const piece = prepare<ReportRow>(
    database,
    `SELECT ${reportColumns} FROM data WHERE sequence >= ? ORDER BY sequence LIMIT ${rowsPerPiece}`,
  );
  let damage: unknown = null;
  const onDamage = (error: unknown) => {
    damage ??= error;
  };
  for (let from: number | undefined = 0; from !== undefined;) {
    const reports: ReportRow[] = [...readableRows(piece, from, Number.MAX_SAFE_INTEGER, onDamage)];
    yield* reports;
    const last = reports.at(-1)?.sequence;
    from = last === undefined ? undefined : last + 1;
  }
  if (damage !== null) throw damage;
}

/** The places of a device's reports that are not in the index on the disk yet. */
function unindexed(database: Database, device: string): ReportChunks {
  const chunks = new ReportChunks(database);
  const newest = database.query("SELECT max(chunk) AS it FROM report_chunk").get() as {
    it: number | null;
  };
  const rows = prepare<PlacedReport>(
    database,
    `SELECT ${placeColumns} FROM data WHERE sequence >= ? AND device = ? ORDER BY sequence`,
  );
  const first = newest.it === null ? 0 : (newest.it + 1) * chunkSize;
  for (const { sequence, received, at } of rows.all(first, device)) {
    chunks.add(device, sequence, received, at);
  }
  return chunks;
}

/**
 * The number of the nth newest of a device's reports received at or after `since`; 0 if it has fewer than n, the highest
 * possible number if it has none.
 */
function nth(reader: ReportReader, device: string, n: number, since: number): number {
  // All reports are wanted: no need to count them.
  if (n >= Number.MAX_SAFE_INTEGER) return 0;
  let count = 0;
  for (const { sequence } of reader.newest(device, since)) if (++count >= n) return sequence;
  return count === 0 ? Number.MAX_SAFE_INTEGER : 0;
}
