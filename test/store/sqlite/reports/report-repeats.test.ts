// A report is stored exactly once: a repeat is recognised in its batch, later, after a restart, and long after its key
// has left the memory. Two readings are two reports, even within one second.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openDatabase } from "../../../../lib/store/sqlite/file/open-database.ts";
import { chunkSize } from "../../../../lib/store/sqlite/reports/report-chunks.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { reportOf, startOfTime } from "../../fixtures.ts";
import { messagesOf, newDatabase, newPath, noLegacy, storeMany } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";
import { lastReports } from "../last-reports.ts";

setDefaultTimeout(testTimeoutMs);

/** A store in memory that remembers the keys of the latest 16 to 32 reports. */
function newStore(recentReportsMax = 32) {
  const database = newDatabase();
  return { database, store: new SqliteStore(database, { recentReportsMax }) };
}

/** Reports of 50 other devices. */
const filler = (i: number) => reportOf(`other-${i % 50}`, `filler ${i}`, { previous: i });

function outcomesOf(store: SqliteStore, ...reports: ReturnType<typeof reportOf>[]) {
  return operate(store, reports).map((outcome) =>
    outcome.kind === "report" ? [outcome.sequence, outcome.repeated] : null,
  );
}

describe("a repeat gets the number of the first report", () => {
  test("in the same batch", () => {
    const { store } = newStore();
    const report = reportOf("asmith", "21.5");
    expect(outcomesOf(store, report, report, report)).toEqual([
      [1, false],
      [1, true],
      [1, true],
    ]);
    expect(messagesOf(store, "asmith")).toEqual(["21.5"]);
  });

  test("in a later batch and with a later time, whether the device's previous report is known or not", () => {
    const { store } = newStore();
    outcomesOf(store, reportOf("asmith", "21.5"));
    for (const previous of [0, 1]) {
      const repeat = reportOf("asmith", "21.5", { at: startOfTime + 60_000, previous });
      expect(outcomesOf(store, repeat)).toEqual([[1, true]]);
    }
    expect(lastReports(store.reader, "asmith", 10)).toMatchObject([{ received: startOfTime }]);
  });

  test("when other devices' reports have displaced its key from memory", () => {
    const { store } = newStore();
    outcomesOf(store, reportOf("asmith", "21.5"));
    storeMany(store, 500, filler);
    expect(outcomesOf(store, reportOf("asmith", "21.5", { previous: 1 }))).toEqual([[1, true]]);
    expect(outcomesOf(store, reportOf("asmith", "21.5", { previous: 0 }))).toEqual([[1, true]]);
    expect(outcomesOf(store, reportOf("asmith", "21.6", { previous: 1 }))).toEqual([[502, false]]);
  });

  test("when its own key is displaced too: the last 16 reports of the device are compared, in any order", () => {
    const { store } = newStore();
    const own = Array.from({ length: 20 }, (_, i) => reportOf("asmith", `own ${i}`));
    outcomesOf(store, ...own);
    storeMany(store, 500, filler);
    const repeats = own.slice(4).map(({ report, key }) => {
      return { kind: "report", report, key, previous: 20 } as const;
    });
    const numbers = repeats.map((_, i) => [5 + i, true]);
    expect(outcomesOf(store, ...repeats.toReversed())).toEqual(numbers.toReversed());
  });

  test("when its key is displaced and its chunk is in the index only", () => {
    const { store } = newStore();
    outcomesOf(store, reportOf("asmith", "21.5"));
    storeMany(store, 3 * chunkSize, filler);
    for (const previous of [1, 0]) {
      expect(outcomesOf(store, reportOf("asmith", "21.5", { previous }))).toEqual([[1, true]]);
    }
  });

  test("after a restart, whether its key is read back or not", async () => {
    const path = newPath();
    const old = reportOf("asmith", "old");
    const late = reportOf("asmith", "late", { previous: 1 });
    for (const run of ["first", "second"] as const) {
      const { database, lock } = await openDatabase(path, noLegacy);
      const store = new SqliteStore(database, { recentReportsMax: 32 });
      if (run === "first") {
        outcomesOf(store, old);
        storeMany(store, 500, filler);
        outcomesOf(store, late);
      } else {
        expect(outcomesOf(store, { ...late, previous: 0 }, { ...old, previous: 0 })).toEqual([
          [502, true],
          [1, true],
        ]);
        expect(outcomesOf(store, reportOf("asmith", "new"))).toEqual([[503, false]]);
      }
      store.close();
      lock.release();
    }
  });
});

describe("two different reports are stored twice", () => {
  test.each([
    ["another message in the same second", reportOf("asmith", "21.6")],
    ["the same at another time", reportOf("asmith", "21.5", { time: "2026-11-22:09:14:07" })],
    ["the same under another code", reportOf("asmith", "21.5", { code: "02" })],
    ["the same of another device", reportOf("bsmith", "21.5")],
    ["the same under another key", { ...reportOf("asmith", "21.5"), key: 7 }],
    [
      "another under the same key",
      { ...reportOf("asmith", "9"), key: reportOf("asmith", "21.5").key },
    ],
  ])("%s", (_name, other) => {
    const { store } = newStore();
    expect(outcomesOf(store, reportOf("asmith", "21.5"), other)).toEqual([
      [1, false],
      [2, false],
    ]);
    expect(outcomesOf(store, other)).toEqual([[2, true]]);
  });

  test("keys that share the 32 bits kept in memory are distinguished by the row", () => {
    const { store } = newStore();
    const { report } = reportOf("asmith", "21.5");
    const reports = [5, 5 + 2 ** 32, 5 + 2 ** 47].map((key) => {
      return { kind: "report", report, key, previous: 0 } as const;
    });
    const numbers = [1, 2, 3];
    expect(outcomesOf(store, ...reports)).toEqual(numbers.map((n) => [n, false]));
    expect(outcomesOf(store, ...reports)).toEqual(numbers.map((n) => [n, true]));
  });

  test("more reports of one key than memory keeps: the last ones of the device are compared", () => {
    const { store } = newStore();
    const reportAt = (n: number, previous: number) => {
      const { report } = reportOf("asmith", `${n}`);
      return { kind: "report", report, key: 5, previous } as const;
    };
    const reports = Array.from({ length: 20 }, (_, i) => reportAt(i + 1, i));
    expect(outcomesOf(store, ...reports)).toEqual(reports.map((_, i) => [i + 1, false]));
    const again = [20, 19, 9, 8].map((n) => reportAt(n, 20));
    expect(outcomesOf(store, ...again)).toEqual([20, 19, 9, 8].map((n) => [n, true]));
  });
});

describe("a batch that fails", () => {
  test("is forgotten: its reports are new when they come again, with the same numbers", () => {
    const { database, store } = newStore();
    outcomesOf(store, reportOf("asmith", "kept"));
    database.run(
      "CREATE TRIGGER full BEFORE INSERT ON data WHEN new.message = 'poison' BEGIN SELECT raise(ABORT, 'full'); END",
    );
    const batch = [1, 2, 3].map((i) => reportOf("asmith", `lost ${i}`));
    for (let i = 0; i < 50; i++) {
      expect(() => operate(store, [...batch, reportOf("bsmith", "poison")])).toThrow("full");
    }
    expect(messagesOf(store, "asmith")).toEqual(["kept"]);
    expect(outcomesOf(store, reportOf("bsmith", "fine"), ...batch)).toEqual([
      [2, false],
      [3, false],
      [4, false],
      [5, false],
    ]);
    expect(outcomesOf(store, ...batch).map((outcome) => outcome?.[1])).toEqual([true, true, true]);
    expect(messagesOf(store, "asmith")).toEqual(["lost 3", "lost 2", "lost 1", "kept"]);
  });
});
