// Retention: exactly what is too old is removed, together with its part of the index, in bounded steps; and no number
// is ever used twice.

import type { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { OperatorReader } from "../../../../lib/store/sqlite/operator-reader.ts";
import { chunkSize } from "../../../../lib/store/sqlite/reports/report-chunks.ts";
import { historyOf } from "../../../../lib/store/sqlite/reports/report-history.ts";
import { Retention } from "../../../../lib/store/sqlite/reports/retention.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, newDraw, registerOf, reportOf, startOfTime } from "../../fixtures.ts";
import { messagesOf, newDatabase, storeMany } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

function newStore(database = newDatabase()) {
  return { database, store: new SqliteStore(database) };
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
function settle(retention: Retention, before: number): number {
  let removed = 0;
  do removed += retention.step(before);
  while (retention.isBehind);
  return removed;
}

test.each([1, 2, 3])("exactly what is older is removed, to the millisecond (seed %d)", (seed) => {
  const draw = newDraw(seed);
  const { database, store } = newStore();
  fill(store, 20_000);
  const retention = new Retention(database, store.chunks);
  for (let keepFrom = 0; keepFrom < 20_000; keepFrom += draw(3_000)) {
    settle(retention, startOfTime + keepFrom);
    expect(numberOf(database, "(SELECT min(received) FROM data)")).toBe(startOfTime + keepFrom);
    expect(numberOf(database, "(SELECT count(*) FROM data)")).toBe(20_000 - keepFrom);
  }
});

test("if nothing is too old, nothing is written", () => {
  const { database, store } = newStore();
  fill(store, 100);
  const retention = new Retention(database, store.chunks);
  const before = numberOf(database, "total_changes()");
  expect(retention.step(startOfTime)).toBe(0);
  expect(retention.isBehind).toBe(false);
  expect(numberOf(database, "total_changes()")).toBe(before);
});

test("the index of a chunk is removed with its last report, and the current chunk stays", () => {
  const { database, store } = newStore();
  fill(store, 2 * chunkSize + 100, 3_000);
  for (let i = 0; i < 20; i++) store.housekeep();
  expect(numberOf(database, "(SELECT count(*) FROM report_index)")).toBe(6_000);
  const retention = new Retention(database, store.chunks);
  // One report of the first chunk is left: numbers begin at 1.
  settle(retention, startOfTime + chunkSize - 2);
  expect(numberOf(database, "(SELECT count(*) FROM report_chunk)")).toBe(2);
  expect(numberOf(database, "(SELECT count(*) FROM report_index)")).toBe(6_000);
  settle(retention, startOfTime + chunkSize - 1);
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
    operate(
      store,
      Array.from({ length: 4_096 }, (_, i) =>
        reportOf(`device-${(at + i) % 3_000}`, `${at + i}`, { at: startOfTime + at + i }),
      ),
    );
  }
  const retention = new Retention(database, store.chunks);
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
    settle(new Retention(database, store.chunks), startOfTime * 2);
    expect(numberOf(database, "(SELECT count(*) FROM data)")).toBe(0);
    expect(newStore(database).store.nextSequence).toBe(count + 1);
    const { store: again } = newStore(database);
    fill(again, 3, 1, count);
    expect(numberOf(database, "(SELECT min(sequence) FROM data)")).toBe(count + 1);
    settle(new Retention(database, again.chunks), startOfTime * 2);
    expect(newStore(database).store.nextSequence).toBe(count + 4);
  },
);

/** A history of the given times, one report each. */
function storeAt(store: SqliteStore, times: readonly number[]): void {
  storeMany(store, times.length, (i) => reportOf("a", `${i}`, { at: times[i] as number }));
  for (let i = 0; i < 4; i++) store.housekeep();
}

const yearMs = 365 * 86_400_000;
const kept = (database: Database) =>
  (database.query("SELECT message FROM data ORDER BY sequence").all() as { message: string }[]).map(
    ({ message }) => Number(message),
  );

test("a report with an odd time protects nothing and condemns nothing else", () => {
  const { database, store } = newStore();
  const times = [10, 11, 12, 30 * yearMs, 13, -20 * yearMs, 20, 21].map((ms) => startOfTime + ms);
  storeAt(store, times);
  settle(new Retention(database, store.chunks), startOfTime + 13);
  expect(kept(database)).toEqual([3, 4, 6, 7]);
});

test("one report of 1970 does not take the three before it along", () => {
  const { database, store } = newStore();
  storeAt(store, [startOfTime, startOfTime + 1, startOfTime + 2, 5_000]);
  settle(new Retention(database, store.chunks), startOfTime - 90 * 86_400_000);
  expect(kept(database)).toEqual([0, 1, 2]);
});

test.each([true, false])(
  "chunks full of reports go only by the times of their own rows (restarted: %p)",
  (restarted) => {
    const { database, store } = newStore();
    // 200 reports of 1970 after 65,400, and 200 of today after them: across the border of a chunk.
    const times = [
      ...Array.from({ length: chunkSize - 136 }, (_, i) => startOfTime + i),
      ...Array.from({ length: 200 }, (_, i) => i),
      ...Array.from({ length: 2 * chunkSize }, (_, i) => startOfTime + 100_000 + i),
    ];
    storeAt(store, times);
    const { store: served } = restarted ? newStore(database) : { store };
    settle(new Retention(database, served.chunks), startOfTime - 1);
    expect(numberOf(database, "(SELECT count(*) FROM data)")).toBe(times.length - 200);
    settle(new Retention(database, served.chunks), startOfTime + 1_000);
    const expected = times.flatMap((ms, i) => (ms >= startOfTime + 1_000 ? [i] : []));
    expect(kept(database)).toEqual(expected);
    const known = numberOf(database, "(SELECT sum(reports) FROM report_chunk)") ?? 0;
    expect(known + served.chunks.count).toBe(expected.length);
  },
);

test("the reports of a device are found around the holes that were removed", () => {
  const { database, store } = newStore();
  const draw = newDraw(7);
  const old = Array.from({ length: 2 * chunkSize + 500 }, () => draw(3) === 0);
  storeMany(store, old.length, (i) =>
    reportOf(`device-${i % 2}`, `${i}`, { at: startOfTime + (old[i] === true ? 0 : 10) }),
  );
  for (let i = 0; i < 4; i++) store.housekeep();
  settle(new Retention(database, store.chunks), startOfTime + 10);
  const expected = old.flatMap((isOld, i) => (isOld || i % 2 === 1 ? [] : [`${i}`])).reverse();
  expect(messagesOf(store, "device-0", Infinity)).toEqual(expected);
  const history = [...historyOf(database, "device-0", 1_000, 0)].map(({ message }) => message);
  expect(history.reverse()).toEqual(expected.slice(0, 1_000));
  const scan = new OperatorReader(database, store).messages("device-0", 0, store.nextSequence);
  const read: string[] = [];
  while (!scan.done) {
    const { places, bytes, base } = scan.next(1_000);
    const texts = Buffer.from(bytes).toString().split("\x1f");
    for (const [i, place] of places.entries()) {
      // Numbers begin at 1; a removed message is empty, and shifts none of the others.
      const isRemoved = old[base + place - 1] === true;
      expect(texts[i]).toBe(isRemoved ? "" : `${base + place - 1}`);
      if (!isRemoved) read.push(texts[i] as string);
    }
  }
  expect(read.reverse()).toEqual(expected);
});

test("a chunk of which a report was removed is not taken for one without holes", () => {
  const { database, store } = newStore();
  storeAt(store, [startOfTime - 1, ...Array.from({ length: 2 * chunkSize }, () => startOfTime)]);
  const ordered = () =>
    new OperatorReader(database, store).chunks(0, 9e15).map(({ isOrdered }) => isOrdered);
  expect(ordered()).toEqual([true, true, true]);
  settle(new Retention(database, store.chunks), startOfTime);
  expect(ordered()).toEqual([false, true, true]);
});

test("the latest report is an earlier one if retention removed only the one that was found before", () => {
  const { database, store } = newStore();
  operate(store, [registerOf(deviceOf(1))]);
  const times = [startOfTime, startOfTime - 10];
  operate(
    store,
    times.map((at, i) => reportOf("device-1", `${i}`, { at })),
  );
  const latest = () => {
    const [outcome] = operate(store, [{ kind: "latest", id: "device-1" }]);
    return outcome?.kind === "found" ? outcome.report?.message : "none";
  };
  expect(latest()).toBe("1");
  settle(new Retention(database, store.chunks), startOfTime);
  expect([latest(), latest()]).toEqual(["0", "0"]);
});

test("a step ends when it has taken long enough, and the next one continues", () => {
  const { database, store } = newStore();
  fill(store, 5_000);
  let ms = 0;
  // Each reading of the clock is 2 ms later than the one before.
  const retention = new Retention(database, store.chunks, () => (ms += 2));
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
  const retention = new Retention(database, store.chunks, clock);
  const step = (ms: number) => {
    [stepMs, looks] = [ms, 0];
    return retention.step(startOfTime * 2);
  };
  const quick = [step(1), step(1), step(1), step(1)];
  expect(quick).toEqual([512, 1_024, 2_048, 4_096]);
  const slow = [step(50), step(50), step(50), step(6), step(6)];
  expect(slow).toEqual([8_192, 4_096, 2_048, 1_024, 1_024]);
});
