// Small parts of the store on PostgreSQL: keys and numbers of reports, arrays as parameters, devices that were asked.

import { expect, setDefaultTimeout, test } from "bun:test";
import { AskedDevices } from "../../../lib/store/postgres/batch/asked-devices.ts";
import { ReportNumbers } from "../../../lib/store/postgres/batch/numbers.ts";
import { textArray } from "../../../lib/store/postgres/connection/arrays.ts";
import { reportKeyOf } from "../../../lib/store/postgres/reports/report-key.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { postgresServer } from "../../postgres-server.ts";

setDefaultTimeout(testTimeoutMs);

const hash = "0123456789abcdef".repeat(4);
const digest = { hex: hash };
const text = { timeMs: 1_795_338_846_000, digest, link: null, msgidHigh: 0, msgidLow: 0 };

test("the key of a text report is its time and the beginning of its hash", () => {
  expect(reportKeyOf(text)).toBe(`01a20288bf30${hash.slice(0, 20)}`);
  expect(reportKeyOf({ ...text, timeMs: null })).toBe(`000000000000${hash.slice(0, 20)}`);
  expect(reportKeyOf({ ...text, timeMs: -5 }).slice(0, 12)).toBe("000000000000");
  expect(reportKeyOf({ ...text, timeMs: 1e300 }).slice(0, 12)).toBe("ffffffffffff");
});

test("over a link the client's key and the msgid are in it, too", () => {
  const sealed = { ...text, link: { key: "one" }, msgidHigh: 1, msgidLow: 2 };
  const keys = [
    text,
    sealed,
    { ...sealed, link: { key: "other" } },
    { ...sealed, msgidHigh: 2 },
    { ...sealed, msgidLow: 3 },
    { ...sealed, digest: { hex: hash.replace("0", "1") } },
  ].map(reportKeyOf);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => /^01a20288bf30[0-9a-f]{20}$/.test(key))).toBe(true);
  expect(reportKeyOf({ ...sealed })).toBe(keys[1] as string);
});

/** Numbers of a sequence with others between: the next block begins at `at.next`. */
function numbersFrom(start: number, next: number | null) {
  const at = { next: start, newest: Number.NaN, now: 0, taken: [] as number[] };
  const parts = {
    take: async (count: number) => {
      at.taken.push(count);
      const firsts = Array.from({ length: count }, () => (at.newest = (at.next += 256) - 256));
      return { firsts, clock: 1e6 + at.now };
    },
    newest: async () => ({ first: at.newest, clock: 1e6 + at.now }),
    now: () => at.now,
  };
  return { at, numbers: new ReportNumbers(parts, next) };
}

test("numbers of reports are taken in blocks, and ascend also where blocks are apart", async () => {
  const { at, numbers } = numbersFrom(1, 1);
  const batch = numbers.begin();
  const given = await batch.next(3);
  at.next += 256;
  given.push(...(await batch.next(300)), ...(await batch.next(1)));
  expect(given.slice(0, 4)).toEqual([1, 2, 3, 4]);
  expect(given.slice(254, 258)).toEqual([255, 256, 513, 514]);
  expect(given).toHaveLength(304);
  expect(at.taken).toEqual([1, 2]);
});

test("while blocks are used up quickly more of them are taken at once, up to 16", async () => {
  const { at, numbers } = numbersFrom(1, 1);
  const batch = numbers.begin();
  const given: number[] = [];
  for (let i = 0; i < 40; i++) given.push(...(await batch.next(256)));
  expect(at.taken).toEqual([1, 2, 4, 8, 16, 16]);
  expect(given).toEqual(Array.from({ length: 40 * 256 }, (_, i) => i + 1));
  at.now += 1_000;
  await batch.next(8 * 256);
  expect(at.taken.slice(6)).toEqual([1]);
});

test("after devices have come from another server, numbers are higher than those that it has taken by then", async () => {
  const { at, numbers } = numbersFrom(1, 1);
  const batch = numbers.begin();
  expect(await batch.next(2)).toEqual([1, 2]);
  batch.raise(1);
  expect(await batch.next(1)).toEqual([3]);
  // Blocks that are on their way have numbers that were taken before those of another server.
  const other = numbers.begin().next(300);
  at.next = 1_025;
  batch.raise(769);
  expect((await other).at(-1)).toBeGreaterThan(769);
  expect((await batch.next(1))[0]).toBeGreaterThan(769);
});

test("batches at the same time get numbers in order", async () => {
  const { numbers } = numbersFrom(1, 1);
  const given = await Promise.all([1, 2, 3].map(() => numbers.begin().next(200)));
  expect(given.flat()).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
});

test("after 2 s numbers are only given of the newest block of all", async () => {
  const { at, numbers } = numbersFrom(1, 1);
  const batch = numbers.begin();
  expect(await batch.next(2)).toEqual([1, 2]);
  at.now = 2_000;
  // Another server takes one.
  at.newest = at.next;
  at.next += 256;
  expect(await batch.next(1)).toEqual([3]);
  at.now = 2_001;
  expect(await batch.next(1)).toEqual([513]);
  at.now = 60_000;
  expect(await batch.next(1)).toEqual([514]);
  at.now = 62_000;
  at.newest = at.next;
  at.next += 256;
  expect(await batch.next(1)).toEqual([515]);
  at.now = 62_001;
  expect(await batch.next(1)).toEqual([1_025]);
});

test("of blocks that are too old when they come nothing is given, and the batch fails", async () => {
  let [now, taken] = [0, 0];
  const parts = {
    take: async () => {
      now += 2_001;
      return { firsts: [(taken += 512) - 511], clock: 0 };
    },
    newest: async () => ({ first: taken + 1, clock: 0 }),
    now: () => now,
  };
  const numbers = new ReportNumbers(parts, 1);
  const refused = numbers
    .begin()
    .next(1)
    .catch((error: Error) => error.message);
  expect(await refused).toContain("too slowly");
  expect(taken).toBe(2 * 512);
});

test("it is known below which number no own one comes any more", async () => {
  const { at, numbers } = numbersFrom(257, 257);
  expect(numbers.done).toEqual({ from: 257, below: 257 });
  const [one, two, three] = [numbers.begin(), numbers.begin(), numbers.begin()] as const;
  await one.next(100);
  await two.next(100);
  await two.next(100);
  await three.next(1);
  two.end(true);
  expect(numbers.done).toEqual({ from: 257, below: 257 });
  // It may be stored or not, and will be within 30 s.
  one.end(false);
  at.now = 29_999;
  expect(numbers.done.below).toBe(257);
  at.now = 30_000;
  expect(numbers.done.below).toBe(557);
  three.end(true);
  expect(numbers.done.below).toBe(558);
  // Another server takes a block.
  at.newest = at.next;
  at.next += 256;
  at.now = 40_000;
  const four = numbers.begin();
  // After the two blocks that were taken at once, and that one.
  expect(await four.next(1)).toEqual([1_281]);
  four.end(true);
  expect(numbers.done).toEqual({ from: 1_281, below: 1_282 });
});

test("a number may be stored for 12 s, also by a batch that is under way for longer", async () => {
  const { at, numbers } = numbersFrom(1, 1);
  const [one, two] = [numbers.begin(), numbers.begin()] as const;
  expect(one.until).toBe(Infinity);
  await one.next(1);
  at.now = 2_000;
  await two.next(300);
  await one.next(1);
  expect([one.until, two.until]).toEqual([1e6 + 12_000, 1e6 + 12_000]);
  at.now = 5_000;
  const three = numbers.begin();
  await three.next(1);
  expect([one.until, three.until]).toEqual([1e6 + 12_000, 1e6 + 17_000]);
});

test("a block that is given up while it is asked whether it is the newest stays given up", async () => {
  const { at, numbers } = numbersFrom(1, 1);
  const batch = numbers.begin();
  expect(await batch.next(1)).toEqual([1]);
  at.now = 5_000;
  const given = batch.next(1);
  // In the turn in which the sequence is asked.
  await Promise.resolve();
  batch.raise(257);
  expect(await given).toEqual([257]);
  // All were its own.
  expect(numbers.done.from).toBe(1);
});

test("of the first numbers it may not be known what was before", async () => {
  const { numbers } = numbersFrom(1, null);
  expect(numbers.done.from).toBe(Infinity);
  await numbers.begin().next(1);
  expect(numbers.done).toEqual({ from: 1, below: 1 });
});

test("any text without NUL passes as an array", async () => {
  const server = await postgresServer();
  const sql = server.connect();
  const texts = ["", "NULL", "a,b", '"{}"', "\\", "\n\t\x1f", "🌡️", " x "];
  const [row] = await sql.unsafe("SELECT $1::text[] AS it", [textArray([...texts, null])]);
  expect([...row.it]).toEqual([...texts, null]);
  await sql.close({ timeout: 0 });
});

test("devices with questions are told by their times, and beyond the bound by their ids", () => {
  const asked = new AskedDevices(3);
  for (const time of ["1", "2", "3"]) asked.note("a", time);
  expect([asked.mayHave("a", "2"), asked.mayHave("a", "9"), asked.mayHave("b", null)]).toEqual([
    true,
    false,
    false,
  ]);
  asked.note("b", "1");
  expect([asked.mayHave("a", "9"), asked.mayHave("b", "9"), asked.mayHave("c", null)]).toEqual([
    true,
    true,
    false,
  ]);
});
