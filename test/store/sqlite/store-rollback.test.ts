// A batch is stored completely or not at all: the disk fills up within the batch, at its end and after it; afterwards
// numbers, repeats and the index are as if the failed batch had never come.

import { expect, setDefaultTimeout, test } from "bun:test";
import { openDatabase } from "../../../lib/store/sqlite/file/open-database.ts";
import { chunkSize } from "../../../lib/store/sqlite/reports/report-chunks.ts";
import { ReportReader } from "../../../lib/store/sqlite/reports/report-reader.ts";
import { SqliteStore } from "../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, loginOf, registerOf, reportOf } from "../fixtures.ts";
import { messagesOf, newDatabase, newPath, noLegacy, storeMany } from "./store-fixtures.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { operate } from "../operations.ts";
import { lastReports } from "./last-reports.ts";

setDefaultTimeout(testTimeoutMs);

const right = { kind: "verified", hash: "h1" } as const;

/** Limits a database to `pages` further pages; null removes the limit. */
function leavePages(database: ReturnType<typeof newDatabase>, pages: number | null): void {
  const { n } = database.query("SELECT page_count AS n FROM pragma_page_count").get() as {
    n: number;
  };
  database.run(`PRAGMA max_page_count = ${pages === null ? 1_000_000 : n + pages}`);
}

function codeOfFailure(run: () => unknown): string {
  try {
    run();
    return "stored";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each([":memory:", "a file"])("a full disk stores nothing of the batch (%s)", async (where) => {
  const path = newPath();
  const opened = where === ":memory:" ? null : await openDatabase(path, noLegacy);
  const database = opened?.database ?? newDatabase();
  const store = new SqliteStore(database);
  const device = deviceOf(1);
  operate(store, [registerOf(device), loginOf(device, right), reportOf(device.id, "kept")]);
  const dump = () =>
    ["registrar", "login", "data"].map((table) => database.query(`SELECT * FROM ${table}`).all());
  const before = dump();
  leavePages(database, 2);
  const lost = Array.from({ length: 200 }, (_, i) =>
    reportOf(device.id, `${i} ${"x".repeat(900)}`),
  );
  const batch = [
    registerOf(deviceOf(2)),
    { kind: "end", id: "device-1", lastSeen: 0, session: 1, reason: "logoff", at: 5 } as const,
    ...lost,
  ];
  for (let i = 0; i < 3; i++) {
    expect(codeOfFailure(() => operate(store, batch))).toBe("SQLITE_FULL");
    expect(database.inTransaction).toBe(false);
    expect(dump()).toEqual(before);
    expect(store.openSessions()).toHaveLength(1);
  }
  // What fits is still stored.
  expect(operate(store, [reportOf(device.id, "small")])).toMatchObject([{ sequence: 2 }]);
  leavePages(database, null);
  const outcomes = operate(store, batch);
  expect(outcomes.slice(2)).toEqual(
    lost.map((_, i) => ({ kind: "report", sequence: 3 + i, repeated: false })),
  );
  expect(operate(store, lost.slice(0, 1))).toMatchObject([{ sequence: 3, repeated: true }]);
  expect(messagesOf(store, device.id, 1000)).toHaveLength(202);
  store.close();
  opened?.lock.release();
});

test("a batch of which nothing was stored has no outcomes: it throws", () => {
  const database = newDatabase();
  const store = new SqliteStore(database);
  leavePages(database, 0);
  const batch = Array.from({ length: 50 }, (_, i) => reportOf("asmith", "x".repeat(900 + i)));
  expect(() => operate(store, batch)).toThrow(expect.objectContaining({ code: "SQLITE_FULL" }));
});

test("an index that cannot be written is written later, and reading works meanwhile", () => {
  const database = newDatabase();
  const store = new SqliteStore(database);
  const reportAt = (i: number) => reportOf(`device-${i % 3000}`, `${i}`);
  for (let i = 0; i <= chunkSize; i += 1024) {
    operate(
      store,
      Array.from({ length: 1024 }, (_, j) => reportAt(i + j)),
    );
  }
  leavePages(database, 3);
  for (let i = 0; i < 20; i++) store.housekeep();
  const chunks = () => database.query("SELECT count(*) AS n FROM report_chunk").get();
  expect(chunks()).toEqual({ n: 0 });
  const expected = messagesOf(store, "device-7", 1000);
  expect(expected).toHaveLength(23);
  leavePages(database, null);
  for (let i = 0; i < 7; i++) {
    store.housekeep();
    expect(messagesOf(store, "device-7", 1000)).toEqual(expected);
  }
  expect(chunks()).toEqual({ n: 1 });
  const alone = lastReports(new ReportReader(database, null), "device-7", 1000);
  expect(alone.map(({ message }) => message)).toEqual(expected);
});

test("any failing statement in the middle ends the batch", () => {
  const database = newDatabase();
  const store = new SqliteStore(database);
  const device = deviceOf(1);
  operate(store, [registerOf(device)]);
  database.run(
    "CREATE TRIGGER no_login BEFORE INSERT ON login BEGIN SELECT raise(FAIL, 'no'); END",
  );
  const batch = [reportOf(device.id, "a"), loginOf(device, right), reportOf(device.id, "b")];
  expect(() => operate(store, batch)).toThrow("no");
  expect(messagesOf(store, device.id)).toEqual([]);
  database.run("DROP TRIGGER no_login");
  expect(operate(store, batch)).toMatchObject([
    { sequence: 1, repeated: false },
    { code: "70", session: 1 },
    { sequence: 2, repeated: false },
  ]);
});

test("closing on a full disk keeps everything for the next start", async () => {
  const path = newPath();
  const first = await openDatabase(path, noLegacy);
  const store = new SqliteStore(first.database);
  storeMany(store, 3000, (i) => reportOf("asmith", `${i}`));
  first.database.run("PRAGMA max_page_count = 1");
  store.close();
  first.lock.release();
  const second = await openDatabase(path, noLegacy);
  const again = new SqliteStore(second.database);
  expect(messagesOf(again, "asmith", 5000)).toHaveLength(3000);
  again.close();
  second.lock.release();
});
