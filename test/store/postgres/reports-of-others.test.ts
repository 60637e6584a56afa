// A server follows the reports of the others: each is found once, also if it comes late with a lower number, and those of a
// device in their order; its own are not.

import type { SQL } from "bun";
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { ReportsOfOthers } from "../../../lib/server/nodes.ts";
import type { ReportRow } from "../../../lib/server/rows.ts";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import { OwnBlocks } from "../../../lib/store/postgres/batch/own-blocks.ts";
import { Readers } from "../../../lib/store/postgres/connection/readers.ts";
import { PostgresReportsOfOthers } from "../../../lib/store/postgres/reports/reports-of-others.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { SeededRandom } from "../../e2e/seeded-random.ts";
import { postgresServer } from "../../postgres-server.ts";
import { reading, report } from "../contract/tested-store.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);

const closings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  await closeStores();
  for (const close of closings.splice(0)) await close();
});

/** A database with two nodes, whose clocks stand at `clock.now`, ms; and what a third one does by hand. */
async function pair() {
  const address = await newAddress();
  const clock = { now: 0 };
  const open = (node: string) => openAt(address, [], undefined, node, {}, { now: () => clock.now });
  const [other, own] = [await open("other"), await open("own")];
  const connect = async (): Promise<SQL> => {
    const sql = (await postgresServer()).connect(address.database);
    closings.push(() => sql.close({ timeout: 0 }));
    return sql;
  };
  const sql = await connect();
  const takeBlock = async () =>
    (await sql.unsafe("SELECT nextval('report_block')::float8 AS it"))[0].it as number;
  /** Begins to store reports of a device; returns what commits them. */
  const hold = async (first: number, device: string, count = 1) => {
    const held = await connect();
    await held.unsafe("BEGIN");
    await held.unsafe(
      `INSERT INTO report (sequence, device, time, at, received, code, message, key)
       SELECT n, $2, 't', 1, 1, '01', n::text, gen_random_uuid() FROM generate_series($1::bigint, $1::bigint + $3::int - 1) AS n`,
      [first, device, count],
    );
    return async () => void (await held.unsafe("COMMIT"));
  };
  return { address, clock, other, own, sql, takeBlock, hold };
}

const follow = ({ elsewhere }: OpenStore) =>
  (elsewhere as NonNullable<typeof elsewhere>).reportsOfOthers();

/** All that there is now. */
async function all(reports: ReportsOfOthers, limit = 100): Promise<ReportRow[]> {
  const found: ReportRow[] = [];
  for (;;) {
    const { reports: some, more } = await reports.next(limit);
    found.push(...some);
    if (!more) return found;
  }
}

const messages = async (reports: ReportsOfOthers, limit?: number) =>
  (await all(reports, limit)).map(({ message }) => message);

const store = (at: OpenStore, device: string, from: number, count: number) =>
  report(at, ...Array.from({ length: count }, (_, i) => reading(device, `${from + i}`)));

test("what others store is found once, from the first look on, and what is stored here is not", async () => {
  const { other, own } = await pair();
  await store(other, "a", 0, 3);
  const reports = follow(own);
  expect(await all(reports)).toEqual([]);
  await store(own, "b", 0, 3);
  await store(other, "a", 3, 3);
  const found = await all(reports);
  expect(found.map(({ message }) => message)).toEqual(["3", "4", "5"]);
  expect(found[0]).toMatchObject({ device: "a", code: "01", time: "t" });
  expect(await all(reports)).toEqual([]);
  await store(own, "b", 3, 600);
  await store(other, "a", 6, 700);
  expect(await messages(reports, 64)).toEqual(Array.from({ length: 700 }, (_, i) => `${6 + i}`));
  expect(await all(reports)).toEqual([]);
  // Another one that begins later finds what is new then.
  const late = follow(own);
  expect(await all(late)).toEqual([]);
  await store(other, "a", 1_000, 1);
  expect([await messages(late), await messages(reports)]).toEqual([["1000"], ["1000"]]);
});

test("what comes late with a lower number is found, up to 30 s after numbers went beyond it", async () => {
  const { clock, other, own, takeBlock, hold } = await pair();
  const before = await hold(await takeBlock(), "early");
  const reports = follow(own);
  expect(await all(reports)).toEqual([]);
  const [first, second] = [await takeBlock(), await takeBlock()];
  const late = await hold(first + 7, "late", 2);
  const tooLate = await hold(second, "too late");
  await store(other, "a", 0, 300);
  expect(await messages(reports)).toHaveLength(300);
  await before();
  expect((await all(reports)).map(({ device }) => device)).toEqual(["early"]);
  clock.now = 29_000;
  expect(await all(reports)).toEqual([]);
  await late();
  expect(await messages(reports)).toEqual([`${first + 7}`, `${first + 8}`]);
  clock.now = 31_000;
  expect(await all(reports)).toEqual([]);
  await tooLate();
  expect(await all(reports)).toEqual([]);
  // The newest block stays in use for as long as nobody takes another one.
  await store(other, "a", 300, 1);
  expect(await messages(reports)).toEqual(["300"]);
});

test("what a node has stored just before it left is found, and one that is alone asks no more after a while", async () => {
  const { clock, other, own, sql } = await pair();
  const reports = follow(own);
  await all(reports);
  await store(other, "a", 0, 2);
  await other.close();
  await until("the departure", () => !own.reads.isShared());
  expect(await messages(reports)).toEqual(["0", "1"]);
  clock.now = 60_000;
  await sql.unsafe("ALTER TABLE report RENAME TO report_then");
  expect(await all(reports)).toEqual([]);
});

test("a read that fails loses nothing, also if only its answer was lost", async () => {
  const { address, other } = await pair();
  const readers = new Readers(address, "test");
  closings.push(() => readers.close());
  let failing = 0;
  const read: Readers["read"] = async (text, values) => {
    const rows = await readers.read<never>(text, values);
    if (failing-- > 0) throw new Error("lost");
    return rows;
  };
  const own = new OwnBlocks(() => {});
  const parts = { readers: { read }, own, isAlone: () => false, now: () => 0 };
  const reports = new PostgresReportsOfOthers(parts);
  failing = 1;
  expect(reports.next(9)).rejects.toThrow("lost");
  await all(reports);
  const found: string[] = [];
  for (let i = 0; i < 10; i++) {
    await store(other, "a", i * 40, 40);
    failing = 1;
    expect(reports.next(9)).rejects.toThrow("lost");
    found.push(...(await messages(reports, 9)));
  }
  expect(found).toEqual(Array.from({ length: 400 }, (_, i) => `${i}`));
});

test("what this server stores is not even read, unless its numbers are being taken just then", async () => {
  const { address, takeBlock, hold } = await pair();
  const readers = new Readers(address, "test");
  closings.push(() => readers.close());
  const own = new OwnBlocks(() => {});
  let read = 0;
  const counting: Readers["read"] = async (text, values) => {
    const rows = await readers.read<never>(text, values);
    read += rows.length;
    return rows;
  };
  const parts = { readers: { read: counting }, own, isAlone: () => false, now: () => 0 };
  const reports = new PostgresReportsOfOthers(parts);
  await all(reports);
  read = 0;
  const taken = [await takeBlock(), await takeBlock(), await takeBlock()] as const;
  own.note([taken[0], taken[2]]);
  for (const first of taken) await (await hold(first, "a", 200))();
  const numbers = async () => (await all(reports)).map(({ sequence }) => sequence);
  expect(await numbers()).toEqual(Array.from({ length: 200 }, (_, i) => taken[1] + i));
  expect(read).toBe(200);
  // A block that is taken, and not known to be, while numbers beyond it are seen.
  const [next, beyond] = [await takeBlock(), await takeBlock()];
  await (
    await hold(beyond, "b")
  )();
  expect(await numbers()).toEqual([beyond]);
  own.note([next]);
  await (
    await hold(next, "a", 9)
  )();
  expect(await numbers()).toEqual([]);
  read = 0;
  await (
    await hold(next + 9, "a", 9)
  )();
  expect(await numbers()).toEqual([]);
  expect(read).toBe(0);
});

test("while others store over all their lanes, each report is found once, and in the order of its device", async () => {
  const { address, other, own } = await pair();
  const third = await openAt(address, [], undefined, "third");
  const reports = follow(own);
  await all(reports);
  let isOver = false;
  const lane = async (at: OpenStore, index: number) => {
    for (let n = 0; n < 60; n++) {
      const steps = Array.from({ length: 9 }, (_, i) =>
        reading(`${at === other ? "o" : at === own ? "self" : "t"}${index}`, `${n * 9 + i}`),
      );
      await at.apply(steps, index);
    }
  };
  const storing = Promise.all(
    [0, 1, 2, 3].flatMap((i) => [lane(other, i), lane(third, i), lane(own, i)]),
  );
  void storing.finally(() => (isOver = true));
  const found: ReportRow[] = [];
  while (!isOver) found.push(...(await all(reports, 50)));
  found.push(...(await all(reports)));
  await storing;
  const byDevice = Object.groupBy(found, ({ device }) => device);
  expect(Object.keys(byDevice).sort()).toEqual(["o0", "o1", "o2", "o3", "t0", "t1", "t2", "t3"]);
  const expected = Array.from({ length: 540 }, (_, i) => `${i}`);
  for (const rows of Object.values(byDevice)) {
    expect(rows?.map(({ message }) => message)).toEqual(expected);
  }
});

test.each([1, 2, 3, 4])(
  "others that commit late and in any order: each report is found once (seed %d)",
  async (seed) => {
    const random = new SeededRandom(seed);
    const { clock, other, own, sql, takeBlock, hold } = await pair();
    const reports = follow(own);
    await all(reports);
    const found: ReportRow[] = [];
    const held: { readonly before: number; commit(): Promise<void> }[] = [];
    for (let round = 0; round < 60; round++) {
      clock.now += random.below(4_000);
      for (const one of held.filter(({ before }) => before <= clock.now || random.below(3) === 0)) {
        await one.commit();
        held.splice(held.indexOf(one), 1);
      }
      if (random.below(2) === 0) {
        const commit = await hold(
          (await takeBlock()) + random.below(200),
          `held-${round}`,
          1 + random.below(50),
        );
        held.push({ commit, before: clock.now + 13_000 });
      }
      if (random.below(2) === 0) await store(own, "own", round * 1_000, 1 + random.below(400));
      if (random.below(2) === 0) await store(other, "a", round * 1_000, 1 + random.below(400));
      if (random.below(3) > 0) {
        const limit = 1 + random.below(300);
        const { reports: some, more } = await reports.next(limit);
        expect(some.length).toBeLessThanOrEqual(limit);
        found.push(...some);
        if (!more) expect(some.length).toBeLessThan(limit);
      }
    }
    for (const one of held) await one.commit();
    found.push(...(await all(reports)));
    const rows = await sql.unsafe(
      "SELECT sequence::float8 AS n FROM report WHERE device <> 'own' ORDER BY 1",
    );
    expect(found.map(({ sequence }) => sequence).sort((a, b) => a - b)).toEqual(
      rows.map(({ n }: { n: number }) => n),
    );
    const ofDevice = found.filter(({ device }) => device === "a").map(({ sequence }) => sequence);
    expect(ofDevice).toEqual(ofDevice.toSorted((a, b) => a - b));
  },
);
