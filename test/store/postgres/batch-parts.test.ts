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

test("numbers of reports are taken in blocks, and ascend also where blocks are apart", async () => {
  const taken: number[] = [];
  let block = 1;
  const numbers = new ReportNumbers(async (count) => {
    taken.push(count);
    return Array.from({ length: count }, () => (block += 512) - 512);
  });
  const given = [
    ...(await numbers.next(3)),
    ...(await numbers.next(300)),
    ...(await numbers.next(1)),
  ];
  expect(given.slice(0, 4)).toEqual([1, 2, 3, 4]);
  expect(given.slice(254, 258)).toEqual([255, 256, 513, 514]);
  expect(given).toHaveLength(304);
  expect(taken).toEqual([1, 1]);
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
