// Reports for a person or a file, oldest first: the same as a plain list, by number and by time, across chunks.

import { expect, setDefaultTimeout, test } from "bun:test";
import { chunkSize } from "../../../../lib/store/sqlite/reports/report-chunks.ts";
import { allReports, historyOf } from "../../../../lib/store/sqlite/reports/report-history.ts";
import { Retention } from "../../../../lib/store/sqlite/reports/retention.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, registerOf, reportOf, startOfTime } from "../../fixtures.ts";
import { newDatabase, storeMany } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

const total = 2 * chunkSize + 700;
const all = Number.MAX_SAFE_INTEGER;

function deviceAt(i: number): string {
  if (i % 30_011 === 7) return "seldom";
  if (i < 500 && i % 2 === 0) return "early";
  return i % 3 === 0 ? "busy" : `many-${i % 100}`;
}

/** Numbers of a device's reports, oldest first. */
function expected(device: string, last = all, from = 0): number[] {
  const found: number[] = [];
  for (let i = from; i < total; i++) if (deviceAt(i) === device) found.push(i + 1);
  return found.slice(-Math.min(last, total));
}

const database = newDatabase();
const store = new SqliteStore(database);
storeMany(store, total, (i) => reportOf(deviceAt(i), `${i}`, { at: startOfTime + i }));

const numbers = (device: string, last: number, since: number) =>
  Array.from(historyOf(database, device, last, since), ({ sequence }) => sequence);

test.each(["busy", "seldom", "early", "many-1", "nobody"])("of %s", (device) => {
  for (const last of [1, 2, 20, 1_500, 30_000, all]) {
    for (const from of [0, 1, 400, chunkSize - 2, chunkSize + 1, 2 * chunkSize + 5, total]) {
      const since = from === 0 ? 0 : startOfTime + from;
      expect([last, from, numbers(device, last, since)]).toEqual([
        last,
        from,
        expected(device, last, from),
      ]);
    }
  }
});

test("a report has the fields it was sent with", () => {
  const [report] = historyOf(database, "early", 1, 0);
  const sequence = expected("early").at(-1) as number;
  const sent = reportOf("early", `${sequence - 1}`, { at: startOfTime + sequence - 1 });
  expect(report).toEqual({ ...sent.report, sequence });
});

test("all reports, in order", () => {
  const reports = allReports(database);
  expect(reports.next().value).toMatchObject({ sequence: 1 });
  let last = 1;
  for (const { sequence } of reports) {
    expect(sequence).toBe(last + 1);
    last = sequence;
  }
  expect(last).toBe(total);
  expect([...allReports(newDatabase())]).toEqual([]);
  expect([...historyOf(newDatabase(), "a", all, 0)]).toEqual([]);
});

test("after retention the remaining reports", () => {
  const retention = new Retention(database, store.chunks);
  do retention.step(startOfTime + chunkSize + 50);
  while (retention.isBehind);
  expect(numbers("busy", all, 0)).toEqual(expected("busy", all, chunkSize + 50));
  expect(numbers("busy", 40_000, 0)).toEqual(expected("busy", all, chunkSize + 50));
  expect(numbers("early", all, 0)).toEqual([]);
});

test.each([
  [4_000, true],
  [5_000, false],
])("a QUERY for the latest report looks %d chunks back: %p", (chunks, found) => {
  const long = newDatabase();
  operate(new SqliteStore(long), [registerOf(deviceOf(1))]);
  // One report in the first chunk, and after it `chunks` chunks of other devices.
  long.run("INSERT INTO data VALUES (5, 'device-1', 't', 1, '01', 'm', 1, NULL)");
  long.run("INSERT INTO report_index VALUES (0, 'device-1', x'0500')");
  long.run(
    `INSERT INTO report_chunk (chunk, lowest_received, highest_received, highest_at) WITH RECURSIVE n(i) AS
       (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${chunks}) SELECT i, 1, 1, 1 FROM n`,
  );
  const [outcome] = operate(new SqliteStore(long), [{ kind: "latest", id: "device-1" }]);
  expect(outcome).toMatchObject({ kind: "found", known: true });
  expect(outcome?.kind === "found" && outcome.report !== null).toBe(found);
});

test("since a time: all reports of it, also those stored while the clock was wrong or set back", () => {
  const set = newDatabase();
  const clock = new SqliteStore(set);
  const hourMs = 3_600_000;
  // Fifteen reports of the last hour; ten of them behind one of 1970 and one of the year 2036.
  const times = [
    ...Array.from({ length: 5 }, (_, i) => startOfTime - hourMs + i),
    10,
    ...Array.from({ length: 5 }, (_, i) => startOfTime - hourMs / 2 + i),
    2_100_000_000_000,
    ...Array.from({ length: 5 }, (_, i) => startOfTime - 1_000 + i),
  ];
  storeMany(clock, times.length, (i) => reportOf("a", `${i}`, { at: times[i] as number }));
  const since = startOfTime - hourMs;
  const found = [...historyOf(set, "a", Number.MAX_SAFE_INTEGER, since)];
  expect(found.map(({ at }) => at)).toEqual(times.filter((ms) => ms >= since));
  expect(found).toHaveLength(16);
  const newest = [...historyOf(set, "a", 3, since)].map(({ message }) => message);
  expect(newest).toEqual(["14", "15", "16"]);
});
