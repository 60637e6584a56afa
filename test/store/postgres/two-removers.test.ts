// Old reports are removed by several servers of one database: each report once, each counted once, and no server shows what
// another has removed.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import { chunkLock, settling } from "../../../lib/store/postgres/reports/chunk-summaries.ts";
import { removalLock } from "../../../lib/store/postgres/reports/remover.ts";
import { SeriesReader } from "../../../lib/web/series/series-reader.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { postgresServer } from "../../postgres-server.ts";
import { startOfTime as at } from "../fixtures.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const chunkSize = 65_536;
const traits = { fingerprint: "SHA256:one", sharedIp: false };

/** Two servers of a database with `count` reports of device a, one a millisecond. */
async function twoStores(count: number) {
  const address = await newAddress();
  await openAt(address);
  await closeStores();
  const sql = (await postgresServer()).connect(address.database);
  await sql.unsafe(
    `INSERT INTO report (sequence, device, time, at, received, code, message, key)
     SELECT i, 'a', 't', ${at} + i, ${at} + i, '01', i, gen_random_uuid() FROM generate_series(1, ${count}) AS i`,
  );
  await sql.unsafe(`SELECT setval('report_block', (${count} / 256 + 1) * 256 + 1, false)`);
  const clock = { now: 0 };
  const around = { now: () => clock.now };
  const one = await openAt(address, [], traits, "one", {}, around);
  const two = await openAt(address, [], traits, "two", {}, around);
  const stores = [one, two] as const;
  // What the second one has found is final a while later.
  for (const { reads } of stores) await reads.count();
  clock.now = 31_000;
  const wrong = async () => {
    const [row] = await sql.unsafe(
      `SELECT count(*)::int AS it FROM report_chunk AS c WHERE reports <> (SELECT count(*) FROM report
         WHERE sequence >= c.number * ${chunkSize} AND sequence < (c.number + 1) * ${chunkSize})`,
    );
    return row.it as number;
  };
  return { stores, clock, sql, wrong };
}

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

function chartOf(series: SeriesReader) {
  return series.points({ device: "a", field: "value", from: at, to: at + 1e6, points: 4_000 });
}

test("two servers that remove at the same time remove each report once, and count right", async () => {
  const count = 3 * chunkSize + 5_000;
  const { stores, sql, wrong } = await twoStores(count);
  for (const { reads } of stores) expect(await reads.count()).toBe(count);
  const before = at + 2 * chunkSize + 20_000;
  const removed = await Promise.all(stores.map((store) => remove(store, before)));
  // Who left it to the other ends what the other left.
  for (const store of stores) removed.push(await remove(store, before));
  expect(removed.reduce((sum, n) => sum + n)).toBe(2 * chunkSize + 19_999);
  for (const { reads } of stores) expect(await reads.count()).toBe(chunkSize - 14_999);
  expect(await wrong()).toBe(0);
  await sql.close({ timeout: 0 });
});

test("one that finds another removing leaves it to that one", async () => {
  const { stores, sql } = await twoStores(chunkSize);
  await sql.unsafe("BEGIN");
  await sql.unsafe("SELECT pg_advisory_xact_lock($1::bigint)", [removalLock]);
  expect(await remove(stores[0], at + 100)).toBe(0);
  await sql.unsafe("COMMIT");
  expect(await remove(stores[0], at + 100)).toBe(99);
  await sql.close({ timeout: 0 });
});

test("a chunk that another server is summing up is corrected when it has its row", async () => {
  const { stores, sql, wrong } = await twoStores(10_000);
  await sql.unsafe("BEGIN");
  await sql.unsafe("SELECT pg_advisory_xact_lock($1::bigint)", [chunkLock]);
  await sql.unsafe(settling, [0, chunkSize]);
  const removing = remove(stores[0], at + 100);
  const watcher = (await postgresServer()).connect();
  await until("the removal to wait", async () => {
    const [row] = await watcher.unsafe(
      "SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND locktype = 'advisory'",
    );
    return row.n === 1;
  });
  await watcher.close({ timeout: 0 });
  await sql.unsafe("COMMIT");
  expect(await removing).toBe(99);
  expect(await wrong()).toBe(0);
  await sql.close({ timeout: 0 });
});

test("what one server removed of the newest chunk is gone from the counts and charts of the other", async () => {
  const { stores, sql } = await twoStores(10_000);
  const [one, two] = stores;
  const series = new SeriesReader(two.reads);
  expect(await two.reads.count()).toBe(10_000);
  expect(await chartOf(series)).toMatchObject({ reports: 10_000 });
  expect(await remove(one, at + 5_000)).toBe(4_999);
  expect(await two.reads.count()).toBe(5_001);
  const [chunk] = await two.reads.chunks(-Infinity, Infinity);
  expect(chunk).toMatchObject({ number: 0, isOrdered: false, revision: 1 });
  expect(await chartOf(series)).toMatchObject({ reports: 5_001 });
  expect(await remove(two, at + 6_000)).toBe(1_000);
  expect(await one.reads.count()).toBe(4_001);
  expect(await chartOf(series)).toMatchObject({ reports: 4_001 });
  await sql.close({ timeout: 0 });
});

test("a chunk that is summed up after reports of it were removed is not taken for ordered", async () => {
  const { stores, clock, sql, wrong } = await twoStores(10_000);
  const [one, two] = stores;
  const series = new SeriesReader(two.reads);
  expect(await chartOf(series)).toMatchObject({ reports: 10_000 });
  expect(await remove(one, at + 5_000)).toBe(4_999);
  // The numbers go on in the next chunk.
  await sql.unsafe(
    `INSERT INTO report (sequence, device, time, at, received, code, message, key)
     VALUES (${chunkSize}, 'b', 't', ${at}, ${at + 1e6}, '01', 'x', gen_random_uuid())`,
  );
  await two.reads.count();
  clock.now = 62_000;
  expect(await two.reads.count()).toBe(5_002);
  const [chunk] = await two.reads.chunks(-Infinity, Infinity);
  expect(chunk).toEqual({ number: 0, isOrdered: false, revision: 1 });
  expect(await chartOf(series)).toMatchObject({ reports: 5_001 });
  expect(await wrong()).toBe(0);
  await sql.close({ timeout: 0 });
});
