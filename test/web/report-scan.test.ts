// Ranges of reports by number and time from the real store, across chunk boundaries, against a plain filter.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { OperatorReader } from "../../lib/store/sqlite/operator-reader.ts";
import { migrate } from "../../lib/store/sqlite/file/schema.ts";
import { SqliteStore } from "../../lib/store/sqlite/sqlite-store.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { operate } from "../store/operations.ts";

setDefaultTimeout(testTimeoutMs);

type Kept = { readonly sequence: number; readonly device: string; readonly at: number };

const chunk = 65_536;
const total = 2 * chunk + 9_000;
/** Most reports are of one device, every 50th and every 5,000th of two others. */
const deviceOf = (n: number) => (n % 5_000 === 0 ? "rare" : n % 50 === 0 ? "some" : "most");

/**
 * Times ascend, but for a stretch across a boundary at which the clock was wrong, one report of the far future, and one of
 * the far past.
 */
const timeOf = (n: number) => {
  if (n === 5 || n === 2 * chunk + 500) return n === 5 ? 1e12 : 900;
  return 1_000 + Math.floor(n / 3) + (n > 60_000 && n < 70_000 ? -15_000 : 0);
};

let database: Database;
let reader: OperatorReader;
const kept: Kept[] = [];

beforeAll(() => {
  database = new Database(":memory:", { strict: true });
  migrate(database, ":memory:");
  const store = new SqliteStore(database);
  for (let n = 0; n < total; n += 4_000) {
    const operations = Array.from({ length: Math.min(4_000, total - n) }, (_, i) => {
      const device = deviceOf(n + i);
      const at = timeOf(n + i);
      // Most were received later than measured.
      const received = at + ((n + i) % 3) * 1_000;
      const report = { device, time: "t", received, at, code: "01", message: `${n + i}` };
      return { kind: "report", report, key: n + i, previous: Number.MAX_SAFE_INTEGER } as const;
    });
    const outcomes = operate(store, operations);
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.kind !== "report") throw new Error("not stored");
      const { device, at } = (operations[i] as (typeof operations)[number]).report;
      kept.push({ sequence: outcome.sequence, device, at });
    }
    store.housekeep();
  }
  reader = new OperatorReader(database, store);
});

afterAll(() => database.close());

type Range = { low: number; high: number; from?: number; to?: number };

function all(id: string | null, range: Range, order: "newest" | "oldest", limit: number) {
  const scan = reader.scan(id, range, order);
  const found: number[] = [];
  while (!scan.done) {
    const rows = scan.next(limit);
    expect(rows.length).toBeLessThanOrEqual(limit);
    found.push(...rows.map(({ sequence }) => sequence));
  }
  expect(scan.next(10)).toEqual([]);
  return found;
}

describe("a scan finds the same as a filter", () => {
  const everything = { low: 0, high: total + 10 };
  const ranges: readonly Range[] = [
    everything,
    { low: chunk - 3, high: chunk + 3 },
    { low: chunk, high: 2 * chunk },
    { low: 70_000, high: 70_001 },
    { low: 70_001, high: 70_000 },
    { low: total - 100, high: total + 1 },
    { ...everything, from: 8_000, to: 9_000 },
    { ...everything, from: 6_500, to: 6_500 },
    { ...everything, from: 40_000 },
    { ...everything, from: 1e12, to: 2e12 },
    { ...everything, to: 999 },
    { low: 64_000, high: 70_500, from: 22_000, to: 24_000 },
  ];
  for (const id of ["most", "some", "rare", "nobody", null]) {
    for (const range of ranges) {
      test(`${id ?? "all"} ${JSON.stringify(range)}`, () => {
        const { low, high, from = -Infinity, to = Infinity } = range;
        const expected = kept
          .filter(
            ({ sequence, device, at }) =>
              sequence >= low &&
              sequence < high &&
              at >= from &&
              at <= to &&
              (id === null || device === id),
          )
          .map(({ sequence }) => sequence);
        expect(all(id, range, "oldest", 1_000)).toEqual(expected);
        expect(all(id, range, "newest", 999)).toEqual(expected.reverse());
      });
    }
  }
});

test("the chunks of a range, and which of them have ascending times", () => {
  const chunks = (from: number, to: number) =>
    reader.chunks(from, to).map(({ number, isOrdered }) => [number, isOrdered]);
  expect(chunks(0, 1e13)).toEqual([
    [0, false],
    [1, true],
    [2, false],
  ]);
  expect(chunks(0, 950)).toEqual([[2, false]]);
  expect(chunks(46_000, 2e6)).toEqual([
    [0, false],
    [2, false],
  ]);
  expect(chunks(0, 899)).toEqual([]);
});

test("the times of many reports at once", () => {
  for (const id of ["most", "rare"]) {
    const own = kept.filter(({ sequence, device }) => device === id && sequence < 65_000);
    const places = Uint16Array.from(own, ({ sequence }) => sequence);
    expect([...reader.timesAt(id, 0, places)]).toEqual(own.map(({ at }) => at));
  }
  const lastAndNone = reader.timesAt("most", 2 * chunk, Uint16Array.of(9_000, 9_001));
  expect([...lastAndNone]).toEqual([kept.at(-1)?.at ?? 0, Number.NaN]);
});

test("where times begin in an ordered chunk", () => {
  for (const id of ["most", "some", "rare"]) {
    const own = kept.filter(
      ({ sequence, device }) => device === id && sequence >= chunk && sequence < 2 * chunk,
    );
    const places = Uint16Array.from(own, ({ sequence }) => sequence - chunk);
    const [low, high] = [own[0]?.at ?? 0, own.at(-1)?.at ?? 0];
    const times = Float64Array.from({ length: 300 }, (_, i) => low + ((high - low) * i) / 299);
    const around = Float64Array.of(low - 9, low, ...times, high, high + 1, high + 2);
    const found = reader.firstsFrom(id, chunk, places, around);
    const expected = Array.from(around, (time) => {
      const first = own.findIndex(({ at }) => at >= time);
      return first < 0 ? own.length : first;
    });
    expect([...(found ?? [])]).toEqual(expected);
  }
  const gone = Uint16Array.of(9_000, 9_001);
  expect(reader.firstsFrom("most", 2 * chunk, gone, Float64Array.of(1e9))).toBeNull();
});

test("reports by their numbers, in the order asked for", () => {
  const numbers = [70_001, 3, total + 1, 3, chunk];
  const found = reader.reportsAt(numbers).map((report) => report?.message ?? null);
  expect(found).toEqual(["70000", "2", null, "2", `${chunk - 1}`]);
});

describe("a scan of messages finds the same as a filter", () => {
  const ranges: readonly [low: number, high: number][] = [
    [0, total + 10],
    [chunk - 3, chunk + 3],
    [70_001, 70_000],
    [total - 100, total + 1],
  ];
  for (const id of ["most", "some", "rare", "nobody"]) {
    for (const [low, high] of ranges) {
      test(`${id} from ${low} to ${high}`, () => {
        const expected = kept.filter(
          ({ sequence, device }) => sequence >= low && sequence < high && id === device,
        );
        const found = messagesOf(id, low, high, 1_000);
        expect(found.map(([number]) => number)).toEqual(expected.map(({ sequence }) => sequence));
        // Each message is the number of its report minus 1.
        for (const [number, message] of found) expect(message).toBe(`${number - 1}`);
      });
    }
  }
});

function messagesOf(id: string, low: number, high: number, limit: number) {
  const scan = reader.messages(id, low, high);
  const found: [number: number, message: string][] = [];
  while (!scan.done) {
    const { base, places, bytes } = scan.next(limit);
    const messages = Buffer.from(bytes).toString().split("\x1f");
    expect(messages.pop()).toBe("");
    for (const [i, place] of places.entries()) found.push([base + place, messages[i] as string]);
    expect(messages).toHaveLength(places.length);
  }
  return found;
}

test("the newest report of a device, even one that has been silent for long", () => {
  for (const id of ["most", "some", "rare"]) {
    const expected = kept.findLast(({ device }) => device === id)?.sequence;
    expect(reader.latestOf([id])[0]?.sequence).toBe(expected as number);
  }
  expect(reader.latestOf(["nobody"])).toEqual([null]);
});

// This test comes last, because it removes rows.
test("a scan of messages leaves out what retention removes between two steps", () => {
  const scan = reader.messages("most", 0, total + 1);
  scan.next(10);
  database.run("DELETE FROM data WHERE sequence <= 5001");
  const { base, places, bytes } = scan.next(2);
  expect([...places].map((place) => base + place)).toEqual([5_002, 5_003]);
  expect(Buffer.from(bytes).toString()).toBe("5001\x1f5002\x1f");
});
