// Reports for a person or a file, of one device or of all, oldest first, from a database that is only read: a few at a time, so that a long
// history is never in memory, and a reader that is slow to take it holds up no checkpoint of the server's log.

import type { Database } from "bun:sqlite";
import { chunkSize, ReportChunks } from "./report-chunks.ts";
import { ReportReader, type StoredReport } from "./report-reader.ts";
import { DeviceScan, ScanStatements } from "./report-scan.ts";
import { prepare } from "./statements.ts";

const columns = "sequence, device, time, received, code, message";
const rowsPerPiece = 1_000;

/**
 * The newest reports of a device, oldest first.
 * @param device an id
 * @param last how many at most
 * @param since received at or after this time only, ms since 1970
 */
export function* historyOf(
  database: Database,
  device: string,
  last: number,
  since: number,
): Generator<StoredReport, void, undefined> {
  const chunks = unindexed(database, device);
  // Two look-ups: asked for both at once, SQLite reads the whole table.
  const range = `SELECT (SELECT min(sequence) FROM data) AS low,
                        (SELECT max(sequence) + 1 FROM data) AS high`;
  const { low, high } = database.query(range).get() as { low: number | null; high: number };
  if (low === null) return;
  const from = Math.max(
    since > 0 ? sequenceAt(database, low, high, since) : low,
    nth(new ReportReader(database, chunks), device, last),
  );
  const statements = new ScanStatements<StoredReport>(database, columns);
  const scan = new DeviceScan(statements, chunks, device, from, high, "oldest");
  while (!scan.done) {
    for (const report of scan.next(rowsPerPiece)) {
      // An index half written may tell of numbers that another has now.
      if (report.received >= since && report.device === device) yield report;
    }
  }
}

/** All reports, oldest first. */
export function* allReports(database: Database): Generator<StoredReport, void, undefined> {
  const piece = prepare<StoredReport>(
    database,
    `SELECT ${columns} FROM data WHERE sequence > ? ORDER BY sequence LIMIT ${rowsPerPiece}`,
  );
  for (let after: number | undefined = 0; after !== undefined;) {
    const reports: StoredReport[] = piece.all(after);
    yield* reports;
    after = reports.at(-1)?.sequence;
  }
}

/** The places of a device's reports that no index on the disk tells of. */
function unindexed(database: Database, device: string): ReportChunks {
  const chunks = new ReportChunks(database);
  const newest = database.query("SELECT max(chunk) AS it FROM report_chunk").get() as {
    it: number | null;
  };
  const rows = prepare<{ sequence: number; received: number }>(
    database,
    "SELECT sequence, received FROM data WHERE sequence >= ? AND device = ? ORDER BY sequence",
  );
  const first = newest.it === null ? 0 : (newest.it + 1) * chunkSize;
  for (const { sequence, received } of rows.all(first, device)) {
    chunks.add(device, sequence, received);
  }
  return chunks;
}

/** The number of a device's nth newest report; the highest number where it has none, 0 where it has fewer. */
function nth(reader: ReportReader, device: string, n: number): number {
  let count = 0;
  const newest = Number.MAX_SAFE_INTEGER;
  for (const sequence of reader.numbers(device, newest, Number.POSITIVE_INFINITY)) {
    if (++count >= n) return sequence;
    // All of them are wanted: that there are some is enough.
    if (n >= newest) return 0;
  }
  return count === 0 ? newest : 0;
}

/** The number of the first report received at or after a time. */
function sequenceAt(database: Database, first: number, end: number, ms: number): number {
  const at = prepare<{ sequence: number; received: number }>(
    database,
    "SELECT sequence, received FROM data WHERE sequence >= ? ORDER BY sequence LIMIT 1",
  );
  let [low, high] = [first, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = at.get(middle);
    if (row !== null && row.received < ms) low = row.sequence + 1;
    else high = middle;
  }
  return low;
}
