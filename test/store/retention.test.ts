// Retention: exactly what is too old is removed, together with its part of the index, in bounded steps; and no number
// is ever used twice.

import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chunkSize } from "../../lib/store/report-chunks.ts";
import { Retention } from "../../lib/store/retention.ts";
import { SqliteStore } from "../../lib/store/sqlite-store.ts";
import { newDatabase, newDraw, reportOf, startOfTime, storeMany } from "./store-fixtures.ts";

const retainMs = 10_000;

function newStore(database = newDatabase()) {
  return { database, store: new SqliteStore(database, { sharedIp: false }) };
}

/** Stores reports of a few devices, one per millisecond. */
function fill(store: SqliteStore, count: number, devices = 7, first = 0): void {
  storeMany(store, count, (i) =>
    reportOf(`device-${i % devices}`, `${first + i}`, { at: startOfTime + first + i }),
  );
}

function numberOf(database: Database, sql: string): number | null {
  return (database.query(`SELECT ${sql} AS it`).get() as { it: number | null }).it;
}

/** Runs steps until nothing is too old any more. */
function settle(retention: Retention, now: number): number {
  let removed = 0;
  do removed += retention.step(now);
  while (retention.isBehind);
  return removed;
}

test.each([1, 2, 3])("exactly what is older is removed, to the millisecond (seed %d)", (seed) => {
  const draw = newDraw(seed);
  const { database, store } = newStore();
  fill(store, 20_000);
  const retention = new Retention(database, retainMs);
  for (let keepFrom = 0; keepFrom < 20_000; keepFrom += draw(3_000)) {
    settle(retention, startOfTime + keepFrom + retainMs);
    expect(numberOf(database, "(SELECT min(received) FROM data)")).toBe(startOfTime + keepFrom);
    expect(numberOf(database, "(SELECT count(*) FROM data)")).toBe(20_000 - keepFrom);
  }
});

test("if nothing is too old, nothing is written", () => {
  const { database, store } = newStore();
  fill(store, 100);
  const retention = new Retention(database, retainMs);
  const before = numberOf(database, "total_changes()");
  expect(retention.step(startOfTime + retainMs)).toBe(0);
  expect(retention.isBehind).toBe(false);
  expect(numberOf(database, "total_changes()")).toBe(before);
});

test("the index of a chunk is removed with its last report, and the current chunk stays", () => {
  const { database, store } = newStore();
  fill(store, 2 * chunkSize + 100, 3_000);
  for (let i = 0; i < 20; i++) store.housekeep();
  expect(numberOf(database, "(SELECT count(*) FROM report_index)")).toBe(6_000);
  const retention = new Retention(database, retainMs);
  // One report of the first chunk is left: numbers begin at 1.
  settle(retention, startOfTime + retainMs + chunkSize - 2);
  expect(numberOf(database, "(SELECT count(*) FROM report_chunk)")).toBe(2);
  expect(numberOf(database, "(SELECT count(*) FROM report_index)")).toBe(6_000);
  settle(retention, startOfTime + retainMs + chunkSize - 1);
  expect(numberOf(database, "(SELECT count(*) FROM report_chunk)")).toBe(1);
  expect(numberOf(database, "(SELECT min(chunk) FROM report_index)")).toBe(1);
  settle(retention, startOfTime * 2);
  expect(numberOf(database, "(SELECT count(*) FROM report_index)")).toBe(0);
  expect(numberOf(database, "(SELECT count(*) FROM report_chunk)")).toBe(0);
});

test("index rows that are written after their reports were removed are removed as well", () => {
  const { database, store } = newStore();
  // 3,000 devices: writing the index of a chunk takes several steps, and none has run yet.
  for (let at = 0; at <= chunkSize; at += 4_096) {
    store.applyNow(
      Array.from({ length: 4_096 }, (_, i) =>
        reportOf(`device-${(at + i) % 3_000}`, `${at + i}`, { at: startOfTime + at + i }),
      ),
    );
  }
  const retention = new Retention(database, retainMs);
  settle(retention, startOfTime * 2);
  for (let i = 0; i < 20; i++) store.housekeep();
  expect(numberOf(database, "(SELECT count(*) FROM report_index)")).toBe(3_000);
  settle(retention, startOfTime * 2);
  expect(numberOf(database, "(SELECT count(*) FROM report_index)")).toBe(0);
  expect(numberOf(database, "(SELECT count(*) FROM report_chunk)")).toBe(0);
});

test.each([100, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize + 10])(
  "numbers continue after all of %d reports were removed and the server restarted, twice",
  (count) => {
    const { database, store } = newStore();
    fill(store, count);
    for (let i = 0; i < 10; i++) store.housekeep();
    settle(new Retention(database, retainMs), startOfTime * 2);
    expect(numberOf(database, "(SELECT count(*) FROM data)")).toBe(0);
    expect(newStore(database).store.nextSequence).toBe(count + 1);
    const { store: again } = newStore(database);
    fill(again, 3, 1, count);
    expect(numberOf(database, "(SELECT min(sequence) FROM data)")).toBe(count + 1);
    settle(new Retention(database, retainMs), startOfTime * 2);
    expect(newStore(database).store.nextSequence).toBe(count + 4);
  },
);

test("reports stamped by a clock that was ahead do not stay for ever", () => {
  const { database, store } = newStore();
  const ahead = 365 * 86_400_000;
  storeMany(store, chunkSize + 100, (i) =>
    reportOf("a", `${i}`, { at: startOfTime + i + (i >= 1_000 && i < 30_000 ? ahead : 0) }),
  );
  for (let i = 0; i < 4; i++) store.housekeep();
  const retention = new Retention(database, retainMs);
  settle(retention, startOfTime + retainMs + chunkSize + 50);
  // Every report before one that is too old goes with it, whatever its own time says.
  expect(numberOf(database, "(SELECT count(*) FROM data)")).toBe(50);
});

test("a step ends when it has taken long enough, and the next one continues", () => {
  const { database, store } = newStore();
  fill(store, 5_000);
  let ms = 0;
  // Each reading of the clock is 2 ms later than the one before.
  const retention = new Retention(database, retainMs, () => (ms += 2));
  const removed = retention.step(startOfTime * 2);
  expect(removed).toBeGreaterThan(0);
  expect(removed).toBeLessThan(1_000);
  expect(retention.isBehind).toBe(true);
  expect(removed + settle(retention, startOfTime * 2)).toBe(5_000);
});

test("quick steps grow, and slow ones shrink", () => {
  const { database, store } = newStore();
  fill(store, 60_000);
  let stepMs = 0;
  let looks = 0;
  // The reading at the start of a step and those within the transaction are 0; the one after the commit is stepMs.
  const clock = () => (looks++, inTransaction() ? 0 : stepMs);
  const inTransaction = () => database.inTransaction || looks === 1;
  const retention = new Retention(database, retainMs, clock);
  const step = (ms: number) => {
    [stepMs, looks] = [ms, 0];
    return retention.step(startOfTime * 2);
  };
  const quick = [step(1), step(1), step(1), step(1)];
  expect(quick).toEqual([512, 1_024, 2_048, 4_096]);
  const slow = [step(50), step(50), step(50), step(6), step(6)];
  expect(slow).toEqual([8_192, 4_096, 2_048, 1_024, 1_024]);
});
