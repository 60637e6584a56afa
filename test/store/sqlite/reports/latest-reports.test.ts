// The memory of each device's latest report: it gives what a walk through all chunks would give, and walks only through
// chunks that it has not seen before.

import { expect, setDefaultTimeout, test } from "bun:test";
import { LatestReports } from "../../../../lib/store/sqlite/reports/latest-reports.ts";
import { chunkSize } from "../../../../lib/store/sqlite/reports/report-chunks.ts";
import { ReportReader } from "../../../../lib/store/sqlite/reports/report-reader.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, registerOf, reportOf } from "../../fixtures.ts";
import { newDatabase } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

/** A database of 100 chunks; the device "early" reported once, in the first one. */
function longDatabase() {
  const database = newDatabase();
  database.run("INSERT INTO data VALUES (5, 'early', 't', 1, '01', 'm', 1, NULL)");
  database.run("INSERT INTO report_index VALUES (0, 'early', x'0500')");
  database.run("INSERT INTO report_index VALUES (99, 'late', x'0700')");
  database.run(
    `INSERT INTO data VALUES (${99 * chunkSize + 7}, 'late', 't', 1, '01', 'm', 1, NULL)`,
  );
  database.run(
    `INSERT INTO report_chunk (chunk, lowest_received, highest_received, highest_at) WITH RECURSIVE n(i) AS
       (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99) SELECT i, 1, 1, 1 FROM n`,
  );
  return database;
}

/** A reader that records the oldest chunk of each walk. */
class WatchedReader extends ReportReader {
  readonly walks: number[] = [];

  override numbers(device: string, newest: number, chunksMax: number, oldestChunk = 0) {
    this.walks.push(oldestChunk);
    return super.numbers(device, newest, chunksMax, oldestChunk);
  }
}

test("a chunk is searched once, whether a report was found or not", () => {
  const reader = new WatchedReader(longDatabase(), null);
  const latest = new LatestReports(reader);
  const next = 100 * chunkSize;
  for (const [device, message] of [
    ["early", "m"],
    ["late", "m"],
    ["never", undefined],
  ] as const) {
    reader.walks.length = 0;
    for (let i = 0; i < 3; i++) expect(latest.of(device, next)?.message).toBe(message);
    expect(reader.walks).toEqual([0, 100, 100]);
  }
});

test("a report stored since is the latest", () => {
  const store = new SqliteStore(newDatabase());
  const { id } = deviceOf(1);
  const ask = { kind: "latest", id } as const;
  operate(store, [registerOf(deviceOf(1))]);
  expect(operate(store, [ask])).toMatchObject([{ report: null }]);
  const outcomes = operate(store, [reportOf(id, "a"), ask, reportOf("other", "x"), ask]);
  expect(outcomes).toMatchObject([
    {},
    { report: { message: "a" } },
    {},
    { report: { message: "a" } },
  ]);
  expect(operate(store, [reportOf(id, "b"), ask])).toMatchObject([
    {},
    { report: { message: "b" } },
  ]);
});

test("a report that was rolled back or removed is not the latest", () => {
  const database = newDatabase();
  const store = new SqliteStore(database);
  const { id } = deviceOf(1);
  const ask = { kind: "latest", id } as const;
  operate(store, [registerOf(deviceOf(1)), reportOf(id, "a"), ask]);
  database.run(
    "CREATE TRIGGER full BEFORE INSERT ON data WHEN new.message = 'full' BEGIN SELECT raise(ABORT, 'full'); END",
  );
  expect(() => operate(store, [reportOf(id, "lost"), ask, reportOf(id, "full")])).toThrow("full");
  // The number of the rolled-back report now belongs to another one.
  operate(store, [reportOf("other", "x")]);
  expect(operate(store, [ask])).toMatchObject([{ report: { message: "a" } }]);
  database.run("DELETE FROM data WHERE message = 'a'");
  expect(operate(store, [ask])).toMatchObject([{ report: null }]);
});
