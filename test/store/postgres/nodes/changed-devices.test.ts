// What a channel reads of changed devices: in pages, each change once, none twice at the same time, and nothing that is older
// than what this node knows.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { PlacedRow } from "../../../../lib/server/nodes.ts";
import { ChangedDevices } from "../../../../lib/store/postgres/nodes/changed-devices.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";
import { placed } from "./channel-fixtures.ts";

setDefaultTimeout(testTimeoutMs);

type Query = {
  readonly ids: readonly string[];
  readonly give: (rows: readonly PlacedRow[]) => void;
  readonly fail: () => void;
};

const opened: ChangedDevices[] = [];
afterEach(() => {
  for (const devices of opened.splice(0)) devices.stop();
});

function bench(pace = { readMs: 1 }) {
  const queries: Query[] = [];
  const told: ReadonlyMap<string, PlacedRow | null>[] = [];
  const sessions = new Set<string>();
  const devices = new ChangedDevices(
    {
      rowsOf: (ids) =>
        new Promise((resolve, reject) => {
          queries.push({ ids, give: resolve, fail: () => reject(new Error("away")) });
        }),
      sessionIds: () => sessions,
      onChanged: (changed) => void told.push(changed),
    },
    pace,
  );
  opened.push(devices);
  const query = (number: number) => until(`query ${number}`, () => queries[number - 1]);
  /** Gives each query nothing, until `count` were made. */
  const exhaust = async (count: number) => {
    for (let i = 1; i <= count; i++) (await query(i)).give([]);
  };
  return { devices, queries, told, sessions, query, exhaust };
}

const numbered = (count: number, name = "device") =>
  Array.from({ length: count }, (_, i) => `${name}-${i}`);

test("changes are read in pages, one query at a time", async () => {
  const { devices, queries, told, query } = bench();
  devices.changed(numbered(2_500));
  const first = await query(1);
  expect(first.ids).toEqual(numbered(1_000));
  devices.changed(["device-0", "device-2400"]);
  let turns = 0;
  await until("some turns", () => ++turns > 5);
  expect(queries).toHaveLength(1);
  first.give([placed("device-3", "b"), placed("stranger", "b")]);
  (await query(2)).give([]);
  const third = await query(3);
  expect(third.ids).toEqual([...numbered(2_500).slice(2_000), "device-0"]);
  third.give([]);
  await until("all", () => told.length === 3);
  expect([...(told[0]?.entries() ?? [])].filter(([, row]) => row !== null)).toEqual([
    ["device-3", placed("device-3", "b")],
  ]);
  expect(told[0]?.size).toBe(1_000);
});

test("a query that fails is made again", async () => {
  const { devices, told, query } = bench();
  devices.changed(["a"]);
  (await query(1)).fail();
  const second = await query(2);
  expect(second.ids).toEqual(["a"]);
  second.give([]);
  await until("the change", () => told.length === 1);
});

test("what this node has changed while it was read is read again, and not told", async () => {
  const { devices, told, query } = bench();
  devices.changed(["a", "b"]);
  const first = await query(1);
  devices.ownChange(["a", "c"]);
  first.give([placed("a", "other"), placed("b", "other")]);
  const second = await query(2);
  expect(told.map((map) => [...map.keys()])).toEqual([["b"]]);
  expect(second.ids).toEqual(["a"]);
  second.give([placed("a", "own")]);
  await until("the rest", () => told.length === 2);
  expect(told[1]?.get("a")?.node).toBe("own");
});

test("a comparison and changes share the pages", async () => {
  const { devices, sessions, query } = bench();
  for (const id of numbered(1_000, "session")) sessions.add(id);
  devices.compareAll();
  devices.changed(numbered(2_000));
  const { ids } = await query(1);
  expect(ids).toEqual([...numbered(750), ...numbered(250, "session")]);
});

test("a comparison that is asked for during another one follows it", async () => {
  const { devices, queries, sessions, query, exhaust } = bench();
  for (const id of numbered(2_500, "session")) sessions.add(id);
  devices.compareAll();
  await query(1);
  devices.compareAll();
  devices.compareAll();
  await exhaust(6);
  expect(queries.map(({ ids }) => ids.length)).toEqual([1_000, 1_000, 500, 1_000, 1_000, 500]);
  expect(new Set(queries.slice(3).flatMap(({ ids }) => ids))).toEqual(sessions);
  devices.changed(["last"]);
  expect((await query(7)).ids).toEqual(["last"]);
});

test("more changes than can wait are a comparison", async () => {
  const { devices, sessions, query } = bench();
  sessions.add("session");
  devices.changed(numbered(100_001));
  expect((await query(1)).ids).toEqual(["session"]);
});

test("whoever waits for a comparison gets it whole, without pauses", async () => {
  const { devices, told, sessions, query, exhaust } = bench({ readMs: 600_000 });
  for (const id of numbered(2_500, "session")) sessions.add(id);
  devices.compareAll();
  // The first query goes at once, the next one would after a long time.
  (await query(1)).give([]);
  await until("the first page", () => told.length === 1);
  let isSettled = false;
  const settled = devices.settle().then(() => (isSettled = true));
  await exhaust(3);
  expect(isSettled).toBe(false);
  (await query(4)).give([]);
  await settled;
  const compared = told.slice(1).map((map) => map.size);
  expect(compared).toEqual([1_000, 1_000, 500]);
});

test("a comparison that fails is not over", async () => {
  const { devices, told, sessions, query } = bench();
  sessions.add("session");
  const settled = devices.settle();
  (await query(1)).fail();
  (await query(2)).give([]);
  await settled;
  expect(told).toEqual([new Map([["session", null]])]);
});

test("nobody waits for a comparison of nothing, or after the stop", async () => {
  const { devices, sessions, query } = bench();
  await devices.settle();
  sessions.add("session");
  const settled = devices.settle();
  await query(1);
  devices.stop();
  await settled;
  await devices.settle();
});
