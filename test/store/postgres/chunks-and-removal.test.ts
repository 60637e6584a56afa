// Chunks of many reports on PostgreSQL, and the removal of old ones: the same answers from memory, from rows, and after a
// restart. Rows are put in by SQL where there are many.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import type { PostgresAddress } from "../../../lib/store/postgres/connection/address.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { postgresServer } from "../../postgres-server.ts";
import { reading, report } from "../contract/tested-store.ts";
import { startOfTime as at } from "../fixtures.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const chunkSize = 65_536;
const most = Number.MAX_SAFE_INTEGER;

/** A store on reports with these numbers: of devices a and b in turn, one per millisecond. */
async function filled(
  from: number,
  to: number,
): Promise<{ store: OpenStore; address: PostgresAddress }> {
  const address = await newAddress();
  await openAt(address);
  await closeStores();
  const sql = (await postgresServer()).connect(address.database);
  await sql.unsafe(
    `INSERT INTO report (sequence, device, time, at, received, code, message, key)
     SELECT i, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END, 't', ${at} + i, ${at} + i, '01', 'm' || i, gen_random_uuid()
     FROM generate_series(${from}, ${to}) AS i`,
  );
  await sql.unsafe(`SELECT setval('report_block', (${to} / 256 + 1) * 256 + 1, false)`);
  await sql.close({ timeout: 0 });
  return { store: await openAt(address), address };
}

async function numbersOf(store: OpenStore, id: string | null, from: number, to: number) {
  const scan = store.reads.scan(id, { low: 0, high: most, from, to }, "oldest");
  const found: number[] = [];
  while (!scan.done) found.push(...(await scan.next(10_000)).map(({ sequence }) => sequence));
  return found;
}

test("full chunks get their rows, and a range of times finds its chunks", async () => {
  const { store, address } = await filled(1, 2 * chunkSize + 10);
  expect(await store.reads.count()).toBe(2 * chunkSize + 10);
  const ends = [0, 1, 2].map((number) => ({ number, isOrdered: true, revision: 0 }));
  expect(await store.reads.chunks(-Infinity, Infinity)).toEqual(ends);
  expect(await store.reads.chunks(at, at + chunkSize - 1)).toEqual(ends.slice(0, 1));
  expect(await store.reads.chunks(at + chunkSize, at + chunkSize)).toEqual(ends.slice(1, 2));
  expect(await numbersOf(store, "a", at + chunkSize - 2, at + chunkSize + 2)).toEqual([
    chunkSize - 2,
    chunkSize,
    chunkSize + 2,
  ]);
  await report(store, reading("a", "late", { at: at + 1 }));
  const after = await store.reads.chunks(at + 1, at + 1);
  expect(after.map(({ number, isOrdered }) => [number, isOrdered])).toEqual([
    [0, true],
    [2, false],
  ]);
  await closeStores();
  const again = await openAt(address);
  expect(await again.reads.chunks(at + 1, at + 1)).toEqual(after);
  expect(await again.reads.count()).toBe(2 * chunkSize + 11);
});

test("wide holes between numbers cost nothing", async () => {
  const { store } = await filled(9_000_000_000, 9_000_000_003);
  await report(store, reading("a", "x", { at: at + 1e10 }));
  expect(await store.reads.first()).toBe(9_000_000_000);
  expect(await store.reads.count()).toBe(5);
  expect(await store.reads.end()).toBeGreaterThan(9_000_000_004);
  expect(await numbersOf(store, null, at, at + 1e11)).toHaveLength(5);
});

/** Removes what was received before a time, step by step as the schedule does; returns how many. */
async function remove({ remover }: OpenStore, before: number): Promise<number> {
  let removed = remover.step(before);
  await until("the removal", () => {
    if (!remover.isBehind) return true;
    removed += remover.step(before);
    return false;
  });
  return removed + remover.step(before);
}

test("old reports are counted and removed, in full chunks and in the newest one", async () => {
  const { store, address } = await filled(1, chunkSize + 1_000);
  await report(store, reading("a", "new", { at: at + 1e9 }));
  const before = at + chunkSize + 500;
  const count = await until("the count", () => store.remover.count(before));
  expect(count).toEqual({ old: chunkSize + 499, all: chunkSize + 1_001 });
  const [full] = await store.reads.chunks(at + 1, at + 1);
  expect(full).toMatchObject({ number: 0, revision: 0 });
  expect(await remove(store, before)).toBe(chunkSize + 499);
  expect(await store.reads.count()).toBe(502);
  expect(await store.reads.first()).toBe(chunkSize + 500);
  const [left, ...others] = await store.reads.chunks(-Infinity, Infinity);
  expect(others).toEqual([]);
  expect(left).toMatchObject({ number: 1, isOrdered: false });
  expect(await store.reads.reportsAt([1, chunkSize + 500])).toMatchObject([
    null,
    { message: `m${chunkSize + 500}` },
  ]);
  const times = await store.reads.timesAt("a", chunkSize, Uint16Array.of(2, 500));
  expect([...times]).toEqual([Number.NaN, at + chunkSize + 500]);
  expect(await remove(store, before)).toBe(0);
  await closeStores();
  const again = await openAt(address);
  expect(await again.reads.count()).toBe(502);
  expect(again.remover.newest()).toBe(at + 1e9);
});
