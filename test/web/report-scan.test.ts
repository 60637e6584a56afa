// Ranges of reports from the real store, across chunk boundaries, against a plain filter; and times to numbers.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { OperatorReader } from "../../lib/store/operator-reader.ts";
import { migrate } from "../../lib/store/schema.ts";
import { SqliteStore } from "../../lib/store/sqlite-store.ts";

type Kept = { readonly sequence: number; readonly device: string; readonly received: number };

const chunk = 65_536;
const total = 2 * chunk + 9_000;
/** Most reports are of one device, every 50th and every 5,000th of two others. */
const deviceOf = (n: number) => (n % 5_000 === 0 ? "rare" : n % 50 === 0 ? "some" : "most");

let database: Database;
let reader: OperatorReader;
const kept: Kept[] = [];

beforeAll(() => {
  database = new Database(":memory:", { strict: true });
  migrate(database, ":memory:");
  const store = new SqliteStore(database, { sharedIp: true });
  for (let n = 0; n < total; n += 4_000) {
    const operations = Array.from({ length: Math.min(4_000, total - n) }, (_, i) => {
      const device = deviceOf(n + i);
      const received = 1_000 + Math.floor((n + i) / 3);
      const report = { device, time: "t", received, code: "01", message: `${n + i}` };
      return { kind: "report", report, key: n + i, previous: Number.MAX_SAFE_INTEGER } as const;
    });
    const outcomes = store.applyNow(operations);
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.kind !== "report") throw new Error("not stored");
      const { device, received } = (operations[i] as (typeof operations)[number]).report;
      kept.push({ sequence: outcome.sequence, device, received });
    }
    store.housekeep();
  }
  reader = new OperatorReader(database, store);
});

afterAll(() => database.close());

function all(
  id: string | null,
  low: number,
  high: number,
  order: "newest" | "oldest",
  limit: number,
) {
  const scan = reader.scan(id, low, high, order);
  const found: number[] = [];
  while (!scan.done) found.push(...scan.next(limit).map(({ sequence }) => sequence));
  expect(scan.next(10)).toEqual([]);
  return found;
}

describe("a scan finds the same as a filter", () => {
  const ranges: readonly [low: number, high: number][] = [
    [0, total + 10],
    [chunk - 3, chunk + 3],
    [chunk, 2 * chunk],
    [70_000, 70_001],
    [70_001, 70_000],
    [total - 100, total + 1],
  ];
  for (const id of ["most", "some", "rare", "nobody", null]) {
    for (const [low, high] of ranges) {
      test(`${id ?? "all"} from ${low} to ${high}`, () => {
        const expected = kept
          .filter(
            ({ sequence, device }) =>
              sequence >= low && sequence < high && (id === null || device === id),
          )
          .map(({ sequence }) => sequence);
        expect(all(id, low, high, "oldest", 1_000)).toEqual(expected);
        expect(all(id, low, high, "newest", 999)).toEqual(expected.reverse());
      });
    }
  }
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

test("a time gives the first report received at or after it", () => {
  for (const ms of [0, 1_000, 1_001, 20_000, 40_000, 1_000 + Math.floor(total / 3), 1e12]) {
    const expected = kept.find(({ received }) => received >= ms)?.sequence ?? reader.end();
    expect([ms, reader.sequenceAt(ms)]).toEqual([ms, expected]);
    for (const [low, high] of [
      [expected - 5, expected + 1_000],
      [expected, expected],
      [expected - 1_000, expected - 3],
    ] as const) {
      if (low > 0)
        expect([ms, reader.sequenceAt(ms, low, high)]).toEqual([ms, Math.min(high, expected)]);
    }
  }
});

test("the newest report of a device, even one that has been silent for long", () => {
  for (const id of ["most", "some", "rare"]) {
    const expected = kept.findLast(({ device }) => device === id)?.sequence;
    expect(reader.latest(id)?.sequence).toBe(expected as number);
  }
  expect(reader.latest("nobody")).toBeNull();
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
