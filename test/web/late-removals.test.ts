// Retention that removes reports between the steps of what reads them: a page, an export, a chart. What is kept is there once and in
// order; what goes may be there or not.

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { DeviceRow } from "../../lib/server/rows.ts";
import { migrate } from "../../lib/store/sqlite/file/schema.ts";
import { OperatorReader } from "../../lib/store/sqlite/operator-reader.ts";
import { Retention } from "../../lib/store/sqlite/reports/retention.ts";
import { SqliteStore } from "../../lib/store/sqlite/sqlite-store.ts";
import { reportStream } from "../../lib/web/exports/report-stream.ts";
import { SeriesReader, type SeriesQuery } from "../../lib/web/series/series-reader.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { operate } from "../store/operations.ts";
import { lateReads, type ReadName, type Reads } from "./late-reads.ts";
import { ServedFleet } from "./served-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const total = 3_000;
/** Reports with lower numbers are removed. */
const kept = 1_700;
const timeOf = (number: number) => 1_000_000 + number * 10;

/** A store of one device's reports, and what removes the older ones. */
function newStore() {
  const database = new Database(":memory:", { strict: true });
  migrate(database, ":memory:");
  const store = new SqliteStore(database);
  const operations = Array.from({ length: total }, (_, i) => {
    const at = timeOf(i + 1);
    const report = { device: "a", time: "t", received: at, at, code: "01", message: `${i + 1}` };
    return { kind: "report", report, key: i, previous: i } as const;
  });
  operate(store, operations);
  const retention = new Retention(database, store.chunks);
  const remove = () => {
    do retention.step(timeOf(kept));
    while (retention.isBehind);
  };
  return { database, store, reads: new OperatorReader(database, store), remove };
}

/** Does something once, while the nth read of this name is under way; `wasDone` tells whether it was. */
function during(name: ReadName, nth: number, action: () => void) {
  let reads = 0;
  const onRead = (read: ReadName) => {
    if (read === name && ++reads === nth) action();
  };
  return { onRead, wasDone: () => reads >= nth };
}

/** Fails if a report is there twice or in another order, or if a kept one is missing. */
function expectKept(numbers: readonly number[], order: "newest" | "oldest"): void {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  expect(numbers).toEqual(order === "oldest" ? sorted : sorted.reverse());
  const all = new Set(numbers);
  for (let number = kept; number <= total; number++)
    if (!all.has(number)) throw new Error(`${number} is missing`);
}

describe.each(["newest", "oldest"] as const)("reports in the order %s", (order) => {
  const device = { id: "a" } as DeviceRow;

  test.each([1, 2, 3, 4])("in pages, while some are removed (seed %d)", async (seed) => {
    const { database, reads, remove } = newStore();
    const { onRead, wasDone } = during("next", 1 + seed, remove);
    const late: Reads = { ...lateReads(reads, seed, onRead), facts: () => device };
    await using server = new ServedFleet().serve(late);
    const numbers: number[] = [];
    for (let cursor = ""; ;) {
      type Page = { reports: { sequence: number }[]; next: string | null };
      const path = `/api/v1/devices/a/reports?limit=400&order=${order}${cursor}`;
      const page = await server.read<Page>(path);
      numbers.push(...page.reports.map(({ sequence }) => sequence));
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expectKept(numbers, order);
    expect(wasDone()).toBe(true);
    database.close();
  });

  test.each([1, 2, 3, 4])("in an export, while some are removed (seed %d)", async (seed) => {
    const { database, reads, remove } = newStore();
    const { onRead, wasDone } = during("next", 1 + (seed % 3), remove);
    const late: Reads = { ...lateReads(reads, seed, onRead), facts: () => device };
    await using server = new ServedFleet().serve(late);
    for (const path of ["/devices/a/reports", "/reports"]) {
      const { text } = await server.get(`/api/v1${path}?format=ndjson&order=${order}`);
      const rows = text.trimEnd().split("\n");
      const numbers = rows.map((line) => (JSON.parse(line) as { sequence: number }).sequence);
      expectKept(numbers, order);
    }
    expect(wasDone()).toBe(true);
    database.close();
  });
});

describe("a chart", () => {
  const query: SeriesQuery = {
    device: "a",
    field: "value",
    from: timeOf(1),
    to: timeOf(total),
    points: 300,
  };
  const cases: readonly (readonly [name: ReadName, nth: number, points: number])[] = [
    ["end", 1, 300],
    ["chunks", 1, 300],
    ["messages", 1, 300],
    ["messages", 3, 300],
    ["timesAt", 1, 300],
    ["timesAt", 2, 300],
    ["firstsFrom", 1, 300],
    ["firstsFrom", 3, 300],
    ["timesAt", 3, 4_000],
    ["timesAt", 5, 2_000],
  ];
  const rounds = cases.flatMap(([name, nth, points]) =>
    [1, 2, 3, 4].map((seed) => [name, nth, points, seed] as const),
  );

  test.each(rounds)(
    "while reports are removed at %s %d, in %d points (seed %d)",
    async (name, nth, points, seed) => {
      const { database, reads, remove } = newStore();
      const { onRead, wasDone } = during(name, nth, remove);
      const series = new SeriesReader(lateReads(reads, seed, onRead));
      const found = await series.points({ ...query, points });
      expect(wasDone()).toBe(true);
      expect(found.times).toEqual(found.times.filter(Number.isFinite).sort((a, b) => a - b));
      expect(found.count.reduce((sum, count) => sum + count, 0)).toBe(found.reports);
      expect(found.reports).toBeGreaterThanOrEqual(total - kept + 1);
      expect(found.last).toBe(total);
      const after = { ...query, from: timeOf(kept), points };
      // A removed reading may be in the first chart, but in no later one.
      expect(await series.points({ ...query, points })).toMatchObject({
        reports: total - kept + 1,
      });
      expect(await series.points(after)).toEqual(await new SeriesReader(reads).points(after));
      database.close();
    },
  );

  test.each([1, 2, 3, 4])(
    "of many requests at once, while reports are removed (seed %d)",
    async (seed) => {
      const { database, reads, remove } = newStore();
      const { onRead } = during("timesAt", 2 * seed, remove);
      const series = new SeriesReader(lateReads(reads, seed, onRead));
      const charts = Array.from({ length: 6 }, (_, i) =>
        series.points({ ...query, points: 50 * (i + 1) }),
      );
      for (const { times, count, reports } of await Promise.all(charts)) {
        expect(times.every(Number.isFinite)).toBe(true);
        expect(count.reduce((sum, one) => sum + one, 0)).toBe(reports);
      }
      const later = await Promise.all([series.points(query), series.points(query)]);
      expect(later.map(({ reports }) => reports)).toEqual([total - kept + 1, total - kept + 1]);
      expect(later[0]).toEqual(await new SeriesReader(reads).points(query));
      database.close();
    },
  );

  // It was measured long before the others: from then on, the times of the chunk do not ascend.
  const report = { device: "a", time: "t", received: 2e6, at: timeOf(5), code: "01", message: "9" };
  const late = { kind: "report", report, key: total, previous: total } as const;

  test.each(["chunks", "messages", "timesAt"] as const)(
    "leaves out what comes while it is made, at %s",
    async (name) => {
      const { database, store, reads } = newStore();
      const wanted = await new SeriesReader(reads).points(query);
      const { onRead, wasDone } = during(name, 1, () => void operate(store, [late]));
      const found = await new SeriesReader(lateReads(reads, 1, onRead)).points(query);
      expect(wasDone()).toBe(true);
      expect(found).toEqual(wanted);
      database.close();
    },
  );

  test.each([1, 2, 3, 4])(
    "leaves it out, too, if another request reads it (seed %d)",
    async (seed) => {
      const { database, store, reads } = newStore();
      const wanted = await new SeriesReader(reads).points(query);
      const others: Promise<unknown>[] = [];
      const begin = during("chunks", 1, () => {
        operate(store, [late]);
        others.push(series.points(query));
      });
      // It goes on when the other one has read all messages.
      const series: SeriesReader = new SeriesReader(
        lateReads(reads, seed, async (name) => {
          const isFirst = others.length === 0;
          begin.onRead(name);
          if (isFirst && name === "chunks") await Promise.all(others);
        }),
      );
      expect(await series.points(query)).toEqual(wanted);
      expect(await Promise.all(others)).toMatchObject([{ reports: total + 1 }]);
      database.close();
    },
  );
});

describe("an export whose client leaves while a step is read", () => {
  test.each([1, 2, 3])("reads no further, and ends once (seed %d)", async (seed) => {
    const { database, reads } = newStore();
    let steps = 0;
    let ended = 0;
    const left = Promise.withResolvers<void>();
    const late = lateReads(reads, seed, () => {
      if (++steps === 2) left.resolve();
    });
    const scan = late.scan("a", { low: 1, high: total + 1 }, "oldest");
    const reader = reportStream(scan, "csv", 1e9, () => ended++).body?.getReader();
    await reader?.read();
    await reader?.read();
    await left.promise;
    await reader?.cancel();
    await new Promise(setImmediate);
    expect([steps, ended]).toEqual([2, 1]);
    database.close();
  });

  test("is cut off if a step fails", async () => {
    let ended = 0;
    const broken = {
      done: false,
      next: async () => {
        throw new Error("the connection is lost");
      },
    };
    const { body } = reportStream(broken, "csv", 10, () => ended++);
    const whole = await new Response(body).text().then(String, (error: Error) => error.message);
    expect([whole, ended]).toEqual(["the connection is lost", 1]);
  });
});
