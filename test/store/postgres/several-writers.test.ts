// Reads of a database into which several servers store reports: what is stored is in counts, charts and lists at once, also
// if it comes with a lower number than what was there before; and what is summed up for good misses nothing.

import type { SQL } from "bun";
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import { SeriesReader } from "../../../lib/web/series/series-reader.ts";
import { DeviceWatch } from "../../../lib/web/live/device-watch.ts";
import { ForeignReports } from "../../../lib/web/live/foreign-reports.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { SeededRandom } from "../../e2e/seeded-random.ts";
import { postgresServer } from "../../postgres-server.ts";
import { fakePorts } from "../../web/fake-ports.ts";
import { reading, report } from "../contract/tested-store.ts";
import { startOfTime } from "../fixtures.ts";
import { oldestWriting } from "../../../lib/store/postgres/reports/horizon.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);

const connections: SQL[] = [];
afterEach(async () => {
  await closeStores();
  for (const sql of connections.splice(0)) await sql.close({ timeout: 0 });
});

const traits = { fingerprint: "SHA256:one", sharedIp: false };

/** Reports that another server is storing. */
type Held = { readonly numbers: readonly number[]; commit(): Promise<void> };

/** A database that a store and others write; the store's clock stands at `clock.now`, ms. */
async function shared() {
  const address = await newAddress();
  const clock = { now: 0 };
  const store = await openAt(address, [], traits, "test", {}, { now: () => clock.now });
  const connect = async () => {
    const sql = (await postgresServer()).connect(address.database);
    connections.push(sql);
    return sql;
  };
  const sql = await connect();
  const takeBlock = async (): Promise<number> => {
    const [row] = await sql.unsafe("SELECT nextval('report_block')::float8 AS it");
    return row.it as number;
  };
  /** Begins to store reports of a device from a number on; times are in ms after the start. */
  const hold = async (first: number, device: string, times: readonly number[]): Promise<Held> => {
    const own = await connect();
    await own.unsafe("BEGIN");
    for (const [i, time] of times.entries()) {
      await own.unsafe(
        `INSERT INTO report (sequence, device, time, at, received, code, message, key)
         VALUES ($1, $2, 't', $3, $3, '01', $4, gen_random_uuid())`,
        [first + i, device, startOfTime + time, `${first + i}`],
      );
    }
    return {
      numbers: times.map((_, i) => first + i),
      commit: async () => void (await own.unsafe("COMMIT")),
    };
  };
  const series = new SeriesReader(store.reads);
  return { address, clock, store, sql, takeBlock, hold, series };
}

/** Stores reports of device a, all at once, each one ms after the other. */
async function storeSome(store: OpenStore, from: number, count: number): Promise<void> {
  const steps = Array.from({ length: count }, (_, i) =>
    reading("a", `${from + i}`, { at: startOfTime + from + i }),
  );
  await report(store, ...steps);
}

async function listed(store: OpenStore, range: { from?: number; to?: number } = {}) {
  const scan = store.reads.scan(
    null,
    { low: 0, high: await store.reads.end(), ...range },
    "oldest",
  );
  const found: number[] = [];
  while (!scan.done) found.push(...(await scan.next(5_000)).map(({ sequence }) => sequence));
  return found;
}

/** What a chart of a device has of all times. */
function chartOf(series: SeriesReader, device: string) {
  const [from, to] = [startOfTime - 1e6, startOfTime + 1e9];
  return series.points({ device, field: "value", from, to, points: 4_000 });
}

test("a report that comes late with a lower number is in counts, charts and lists at once", async () => {
  const { store, series, hold, takeBlock, clock } = await shared();
  await storeSome(store, 0, 10);
  const late = await hold(await takeBlock(), "a", [5_000, 2_000]);
  await storeSome(store, 1_000, 300);
  expect(await store.reads.count()).toBe(310);
  expect((await chartOf(series, "a")).reports).toBe(310);
  clock.now = 17_000;
  await late.commit();
  expect(await store.reads.count()).toBe(312);
  expect(await chartOf(series, "a")).toMatchObject({ reports: 312 });
  const numbers = await listed(store, { from: startOfTime + 2_000, to: startOfTime + 5_000 });
  expect(numbers).toEqual([...late.numbers]);
  expect(await listed(store)).toHaveLength(312);
  const [chunk] = await store.reads.chunks(startOfTime, startOfTime);
  expect(chunk?.finalBelow).toBeLessThanOrEqual(late.numbers[0] as number);
});

test("one server alone knows at once that nothing comes any more", async () => {
  const { store, takeBlock, clock } = await shared();
  for (let i = 0; i < 5; i++) await storeSome(store, i * 300, 300);
  const all = { number: 0, isOrdered: true, revision: 0 };
  expect(await store.reads.chunks(-Infinity, Infinity)).toEqual([all]);
  // Another one takes numbers.
  await takeBlock();
  await storeSome(store, 2_000, 300);
  const [open] = await store.reads.chunks(-Infinity, Infinity);
  expect(open?.finalBelow).toBeLessThan(2_000);
  // After a while it is gone, and what it had.
  clock.now = 30_000;
  expect(await store.reads.chunks(-Infinity, Infinity)).toEqual([all]);
  await storeSome(store, 3_000, 300);
  expect(await store.reads.chunks(-Infinity, Infinity)).toEqual([all]);
});

test("while a report is being stored that is seen, and how long it takes", async () => {
  const { sql, hold, takeBlock } = await shared();
  expect((await sql.unsafe(oldestWriting))[0].ms).toBeNull();
  const late = await hold(await takeBlock(), "a", [7]);
  const [{ ms }] = await sql.unsafe(oldestWriting);
  expect(ms).toBeGreaterThan(0);
  expect((await sql.unsafe(oldestWriting))[0].ms).toBeGreaterThan(ms);
  await late.commit();
  expect((await sql.unsafe(oldestWriting))[0].ms).toBeNull();
});

test("reports of servers that have just started are waited for", async () => {
  const { address, store, clock, hold, takeBlock } = await shared();
  const late = await hold(await takeBlock(), "a", [7]);
  const other = await openAt(address, [], traits, "other", {}, { now: () => clock.now });
  await storeSome(other, 100, 300);
  expect(await other.reads.count()).toBe(300);
  await late.commit();
  expect(await other.reads.count()).toBe(301);
  expect(await store.reads.count()).toBe(301);
});

test("chunks are summed up for good while nobody reads", async () => {
  const { store, sql, clock } = await shared();
  await storeSome(store, 0, 300);
  await sql.unsafe("SELECT nextval('report_block') FROM generate_series(1, 300)");
  const summed = async () => {
    const rows = await sql.unsafe(
      "SELECT number::int AS number, reports::int AS reports FROM report_chunk",
    );
    return rows.length > 0 && [...rows];
  };
  for (const now of [0, 10_000, 29_000]) {
    clock.now = now;
    await storeSome(store, 1_000 + now, 300);
    store.housekeep();
  }
  expect(await summed()).toBe(false);
  clock.now = 31_000;
  await storeSome(store, 40_000, 300);
  store.housekeep();
  expect(await until("the row of the chunk", summed)).toEqual([{ number: 0, reports: 300 + 212 }]);
});

test("what a server has stored is news for the live events of another", async () => {
  const { address, store, clock } = await shared();
  const other = await openAt(address, [], traits, "other", {}, { now: () => clock.now });
  expect(other.reads.isShared()).toBe(true);
  const ports = fakePorts({ reports: other.reads, uptimeMs: () => clock.now });
  const news = new ForeignReports(ports);
  const messages = async () => {
    await news.read();
    return news.take([]).reports.map(({ message }) => message);
  };
  await storeSome(store, 0, 3);
  expect(await messages()).toEqual([]);
  await storeSome(store, 5, 3);
  expect(await messages()).toEqual(["7"]);
  await report(store, reading("b", "x"));
  expect(await messages()).toEqual(["x"]);
  const watch = new DeviceWatch(ports, "a", 0);
  const seen = await watch.next(news.since);
  expect(seen.reports.map(({ message }) => message)).toEqual(["5", "6", "7"]);
});

test.each([1, 2, 3])(
  "two servers and others that commit late: all reads are right at any moment (seed %d)",
  async (seed) => {
    const random = new SeededRandom(seed);
    const { address, store, sql, clock, hold, takeBlock, series } = await shared();
    const other = await openAt(address, [], traits, "other", {}, { now: () => clock.now });
    const stores = [store, other];
    const charts = [series, new SeriesReader(other.reads)];
    const held: (Held & { readonly before: number })[] = [];
    for (let round = 0; round < 60; round++) {
      clock.now += random.below(4_000);
      for (const one of held.filter((it) => it.before <= clock.now || random.below(3) === 0)) {
        // One that was to end earlier ends late, but not later than it can.
        await one.commit();
        held.splice(held.indexOf(one), 1);
      }
      // So that there are several chunks.
      if (random.below(3) === 0) {
        await sql.unsafe("SELECT nextval('report_block') FROM generate_series(1, $1)", [
          random.below(120),
        ]);
      }
      if (random.below(2) === 0) {
        const times = Array.from({ length: 1 + random.below(3) }, () => random.below(90_000));
        const late = await hold(await takeBlock(), random.below(2) === 0 ? "a" : "b", times);
        held.push({ ...late, before: clock.now + 13_000 });
      }
      const writer = stores[random.below(2)] as OpenStore;
      await storeSome(writer, round * 1_000, 1 + random.below(400));
      writer.housekeep();
      const at = random.below(2);
      const { reads } = stores[at] as OpenStore;
      const rows = await sql.unsafe(
        "SELECT sequence::float8 AS sequence, device, at::float8 AS at FROM report ORDER BY report.sequence",
      );
      const own = rows.filter(({ device }: { device: string }) => device === "a");
      expect(await reads.count()).toBe(rows.length);
      const numbers = rows.map(({ sequence }: { sequence: number }) => sequence);
      expect(await listed(stores[at] as OpenStore)).toEqual(numbers);
      const chart = await chartOf(charts[at] as SeriesReader, "a");
      expect(chart.reports).toBe(own.length);
      const lowest = startOfTime + random.below(60_000);
      const inRange = rows.filter(
        (one: { at: number }) => one.at >= lowest && one.at <= lowest + 500,
      );
      const range = { from: lowest, to: lowest + 500 };
      expect(await listed(stores[at] as OpenStore, range)).toEqual(
        inRange.map(({ sequence }: { sequence: number }) => sequence),
      );
    }
    clock.now += 20_000;
    for (const one of held) await one.commit();
    clock.now += 31_000;
    for (const { reads } of stores) await reads.count();
    clock.now += 31_000;
    for (const { reads } of stores) await reads.count();
    const wrong = await sql.unsafe(
      `SELECT number FROM report_chunk AS c WHERE reports <> (SELECT count(*) FROM report
         WHERE sequence >= c.number * 65536 AND sequence < (c.number + 1) * 65536)`,
    );
    expect([...wrong]).toEqual([]);
    const [summed] = await sql.unsafe("SELECT count(*)::int AS it FROM report_chunk");
    expect(summed.it).toBeGreaterThan(1);
  },
);
