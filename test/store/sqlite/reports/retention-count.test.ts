// What retention would remove, counted to the report and in parts, whatever happens between them.

import { expect, setDefaultTimeout, test } from "bun:test";
import { chunkSize } from "../../../../lib/store/sqlite/reports/report-chunks.ts";
import { Retention } from "../../../../lib/store/sqlite/reports/retention.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { newDraw, reportOf, startOfTime } from "../../fixtures.ts";
import { newDatabase, storeMany } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** A store of reports of the given times, ms from the start, and retention with a clock that each reading moves. */
function newRetention(times: readonly number[], readingMs: number) {
  const database = newDatabase();
  const store = new SqliteStore(database);
  const add = (more: readonly number[]) => {
    storeMany(store, more.length, (i) =>
      reportOf("a", `${i}`, { at: startOfTime + (more[i] as number) }),
    );
    for (let i = 0; i < 4; i++) store.housekeep();
  };
  add(times);
  let ms = 0;
  return { add, retention: new Retention(database, store.chunks, () => (ms += readingMs)) };
}

const upTo = (length: number) => Array.from({ length }, (_, i) => i);

/** Counts to the end; the count, and the number of parts that it took. */
function counted(retention: Retention, before: number) {
  for (let parts = 1; ; parts++) {
    const count = retention.count(startOfTime + before);
    if (count !== null) return { parts, ...count };
  }
}

test("what a pass would remove is counted to the report", () => {
  const draw = newDraw(3);
  const times = Array.from({ length: 2 * chunkSize + 500 }, () => draw(1_000));
  const { retention } = newRetention(times, 0);
  for (const before of [0, 1, 400, 1_000]) {
    const old = times.filter((ms) => ms < before).length;
    expect(counted(retention, before)).toEqual({ old, all: times.length, parts: 1 });
  }
  let left = times.length;
  do left -= retention.step(startOfTime + 500);
  while (retention.isBehind);
  expect(counted(retention, 0)).toMatchObject({ old: 0, all: left });
});

test("a part ends when it has taken long enough, and the next one goes on with the same limit", () => {
  const { add, retention } = newRetention(upTo(chunkSize + 3_000), 2);
  expect([retention.count(startOfTime + 40_000), retention.isBehind]).toEqual([null, true]);
  // A few hundred rows a part; the reports that come meanwhile are not too old.
  add([90_000, 90_001]);
  const rest = counted(retention, 50_000);
  expect(rest).toMatchObject({ old: 40_000, all: chunkSize + 3_000 });
  expect(rest.parts).toBeGreaterThan(100);
  expect(retention.isBehind).toBe(false);
});

test("a count that is abandoned begins anew", () => {
  const { retention } = newRetention(upTo(chunkSize + 3_000), 2);
  for (let part = 0; part < 9; part++) expect(retention.count(startOfTime + 40_000)).toBeNull();
  retention.abandon();
  expect(retention.isBehind).toBe(false);
  expect(counted(retention, 50_000).old).toBe(50_000);
});
