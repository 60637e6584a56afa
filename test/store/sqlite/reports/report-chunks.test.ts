// Reports across chunk boundaries: the server's reader, a new one and one on the database alone give the same as a
// plain list, before, while and after the index is written, and after a stop at any of these moments.

import type { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Operation } from "../../operations.ts";
import { chunkSize } from "../../../../lib/store/sqlite/reports/report-chunks.ts";
import { ReportReader } from "../../../../lib/store/sqlite/reports/report-reader.ts";
import { Retention } from "../../../../lib/store/sqlite/reports/retention.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { newDraw, reportOf, startOfTime } from "../../fixtures.ts";
import { newDatabase, storeMany } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";
import { lastReports } from "../last-reports.ts";

setDefaultTimeout(testTimeoutMs);

const total = 3 * chunkSize + 1000;
/** One reports all the time, one seldom, one only in the first chunk, one only near boundaries, one among many. */
const names = ["busy", "seldom", "early", "edge", "one-of-many"] as const;

/** Report i, from 0 on: its number is i + 1, its time is i ms after the start. */
function reportAt(i: number): Operation & { kind: "report" } {
  return reportOf(deviceAt(i), `${i}`, { at: startOfTime + i, previous: i });
}

function deviceAt(i: number): string {
  const sequence = i + 1;
  if (Math.abs((sequence % chunkSize) - 1) <= 1 && sequence > 2) return "edge";
  if (sequence < 2000 && sequence % 3 === 0) return "early";
  if (sequence % 50_021 === 0) return "seldom";
  if (sequence % 3 === 1) return "busy";
  return sequence % 3000 === 5 ? "one-of-many" : `many-${sequence % 2250}`;
}

/** Numbers of a device's reports among the first `count`, newest first. */
function expected(device: string, count: number, from = 0): number[] {
  const found: number[] = [];
  for (let i = count - 1; i >= from; i--) if (deviceAt(i) === device) found.push(i + 1);
  return found;
}

function newStore() {
  const database = newDatabase();
  return { database, store: new SqliteStore(database) };
}

function readersOf(database: Database, store: SqliteStore): Record<string, ReportReader> {
  return {
    "the server's": store.reader,
    "after a restart": new SqliteStore(database).reader,
    "on the database alone": new ReportReader(database, null),
  };
}

function expectAll(database: Database, store: SqliteStore, count: number, from = 0): void {
  for (const [name, reader] of Object.entries(readersOf(database, store))) {
    for (const device of names) {
      const numbers = Array.from(reader.newest(device), ({ sequence }) => sequence);
      expect([name, device, numbers]).toEqual([name, device, expected(device, count, from)]);
    }
    expect(lastReports(reader, "nobody", 10)).toEqual([]);
  }
}

test("reports in indexed, unindexed and partly indexed chunks are all found", () => {
  const { database, store } = newStore();
  const chunks = () =>
    database.query("SELECT count(*) AS n FROM report_chunk").get() as { n: number };
  // Around the boundary, without writing the index.
  for (const count of [chunkSize - 2, chunkSize - 1, chunkSize, chunkSize + 1]) {
    const stored = (database.query("SELECT count(*) AS n FROM data").get() as { n: number }).n;
    operate(
      store,
      Array.from({ length: count - stored }, (_, i) => reportAt(stored + i)),
    );
    expectAll(database, store, count);
  }
  expect(chunks()).toEqual({ n: 0 });
  // The index step by step: 1,505 devices, 512 per step.
  for (const written of [0, 0, 1]) {
    store.housekeep();
    expect(chunks()).toEqual({ n: written });
    expectAll(database, store, chunkSize + 1);
  }
  store.housekeep();
  expect(chunks()).toEqual({ n: 1 });
  storeMany(store, total - chunkSize - 1, (i) => reportAt(chunkSize + 1 + i));
  expect(chunks()).toEqual({ n: 2 });
  expectAll(database, store, total);
});

describe("a database of three chunks", () => {
  const { database, store } = newStore();
  storeMany(store, total, reportAt);

  test("since: reports received at that time or later", () => {
    for (const [name, reader] of Object.entries(readersOf(database, store))) {
      for (const from of [0, 1, chunkSize - 1, chunkSize, 2 * chunkSize + 500, total - 1, total]) {
        for (const device of ["busy", "seldom", "early", "edge"]) {
          const reports = lastReports(reader, device, Infinity, startOfTime + from);
          const numbers = reports.map(({ sequence }) => sequence);
          expect([name, from, device, numbers]).toEqual([
            name,
            from,
            device,
            expected(device, total, from),
          ]);
        }
      }
    }
  });

  test("last: at most so many, and none for 0 or less", () => {
    for (const reader of Object.values(readersOf(database, store))) {
      expect(lastReports(reader, "busy", 3).map(({ sequence }) => sequence)).toEqual(
        expected("busy", total).slice(0, 3),
      );
    }
  });

  test("a report has the fields it was sent with", () => {
    const [report] = lastReports(store.reader, "early", 1);
    const sequence = expected("early", total)[0] as number;
    expect(report).toEqual({ ...reportAt(sequence - 1).report, sequence });
  });

  test("two alternating readers do not affect each other", () => {
    for (const reader of Object.values(readersOf(database, store))) {
      const [one, other] = [reader.newest("busy"), reader.newest("edge")];
      const numbers: number[][] = [[], []];
      for (let i = 0; i < 8; i++) {
        numbers[0]?.push((one.next().value as { sequence: number }).sequence);
        numbers[1]?.push((other.next().value as { sequence: number }).sequence);
      }
      expect(numbers).toEqual([
        expected("busy", total).slice(0, 8),
        expected("edge", total).slice(0, 8),
      ]);
    }
  });
});

test("after retention the remaining reports are found, and a new report gets the next number", () => {
  const { database, store } = newStore();
  storeMany(store, total, reportAt);
  const retention = new Retention(database, store.chunks);
  let gone = 0;
  for (const keepFrom of [10, chunkSize - 1, chunkSize + 7, 2 * chunkSize + 5, total - 3]) {
    while (retention.step(startOfTime + keepFrom) > 0 || retention.isBehind);
    gone = keepFrom;
    expectAll(database, store, total, gone);
  }
  while (retention.step(startOfTime + 10 * total) > 0);
  expectAll(database, store, total, total);
  // Numbers continue where they stopped.
  expect(operate(store, [reportAt(total)])).toMatchObject([{ sequence: total + 1 }]);
  expectAll(database, store, total + 1, total);
});

test.each([1, 2, 3])(
  "a stop at any moment of writing the index loses nothing (seed %d)",
  (seed) => {
    const draw = newDraw(seed);
    const database = newDatabase();
    let store = new SqliteStore(database);
    let count = 0;
    while (count < 2 * chunkSize + 5000) {
      const length = Math.min(20_000, 1 + draw(40_000));
      storeMany(store, length, (i) => reportAt(count + i));
      count += length;
      for (let steps = draw(4); steps > 0; steps--) store.housekeep();
      // A restart: what was in memory only is gone, what was committed is there.
      if (draw(2) === 0) store = new SqliteStore(database);
    }
    expectAll(database, store, count);
  },
);

test("a batch that crosses a boundary and fails leaves the chunk before it open", () => {
  const { database, store } = newStore();
  storeMany(store, chunkSize - 10, reportAt);
  database.run(
    "CREATE TRIGGER full BEFORE INSERT ON data WHEN new.message = 'poison' BEGIN SELECT raise(ABORT, 'full'); END",
  );
  const batch = Array.from({ length: 20 }, (_, i) => reportAt(chunkSize - 10 + i));
  expect(() => operate(store, [...batch, reportOf("busy", "poison")])).toThrow("full");
  store.housekeep();
  expectAll(database, store, chunkSize - 10);
  expect(operate(store, batch)).toMatchObject(
    batch.map((_, i) => ({ sequence: chunkSize - 9 + i, repeated: false })),
  );
  for (let i = 0; i < 4; i++) store.housekeep();
  expectAll(database, store, chunkSize + 10);
});

test("a partly written index for reports that no longer exist gives no reports", () => {
  const { database, store } = newStore();
  storeMany(store, 10, reportAt);
  // A stop while the index was written leaves such rows; their numbers belong to other reports now.
  database.run("INSERT INTO report_index VALUES (0, 'ghost', x'01000200')");
  database.run(
    "INSERT INTO report_chunk (chunk, lowest_received, highest_received, highest_at) VALUES (0, 0, 9e15, 9e15)",
  );
  expect(lastReports(new ReportReader(database, null), "ghost", 10)).toEqual([]);
  expect(lastReports(store.reader, "ghost", 10)).toEqual([]);
});
