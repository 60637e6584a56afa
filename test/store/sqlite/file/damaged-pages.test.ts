// Each page of a database is damaged in turn: what the devices need is refused in words, damaged reports are served
// around, nothing is acknowledged that is not stored, and every reader says that the database is damaged.

import { Database } from "bun:sqlite";
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { OperatingError } from "../../../../lib/operating-error.ts";
import { backUp } from "../../../../lib/store/sqlite/file/backup.ts";
import { checkDatabase } from "../../../../lib/store/sqlite/file/database-check.ts";
import { listDevices } from "../../../../lib/store/sqlite/rows/device-listing.ts";
import { explain } from "../../../../lib/store/sqlite/file/database-refusal.ts";
import { openDatabase, openReadOnly } from "../../../../lib/store/sqlite/file/open-database.ts";
import { OperatorReader } from "../../../../lib/store/sqlite/operator-reader.ts";
import { allReports, historyOf } from "../../../../lib/store/sqlite/reports/report-history.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { closeDatabase } from "../../../../lib/store/sqlite/file/statements.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { deviceOf, loginOf, registerOf, reportOf } from "../../fixtures.ts";
import { newPath, noLegacy } from "../store-fixtures.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

const pageBytes = 4_096;
const reports = 66_500;
const devices = 40;
let whole: string;
/** The pages of each table and index. */
const pagesOf = new Map<string, number[]>();

type Damage = (page: Uint8Array) => void;
const damages: Record<string, Damage> = {
  zeros: (page) => void page.fill(0),
  garbage: (page) => {
    for (let i = 0; i < page.length; i++) page[i] = (i * 37 + 11) & 0xff;
  },
};

beforeAll(async () => {
  whole = newPath();
  const { database, lock } = await openDatabase(whole, noLegacy);
  const store = new SqliteStore(database);
  operate(
    store,
    Array.from({ length: devices }, (_, i) => registerOf(deviceOf(i))),
  );
  operate(store, [loginOf(deviceOf(1), { kind: "verified", hash: "h1" })]);
  for (let from = 0; from < reports; from += 500) {
    const batch = Array.from({ length: 500 }, (_, i) =>
      reportOf(`device-${(from + i) % devices}`, `reading ${from + i}`),
    );
    operate(store, batch);
    store.housekeep();
  }
  const rows = database
    .query<{ name: string; pageno: number }, []>("SELECT name, pageno FROM dbstat")
    .all();
  for (const { name, pageno } of rows) pagesOf.set(name, [...(pagesOf.get(name) ?? []), pageno]);
  store.close();
  lock.release();
});

/** A copy of the database with one damaged page. */
function damaged(page: number, how: Damage): string {
  const path = newPath();
  copyFileSync(whole, path);
  const bytes = readFileSync(path);
  // The first 100 bytes of the file tell what it is; without them it is no database.
  const first = page === 1 ? 100 : (page - 1) * pageBytes;
  how(bytes.subarray(first, page * pageBytes));
  writeFileSync(path, bytes);
  return path;
}

/** How a call ends: "done", or the code of its operating error. Any other error is one that nobody can read. */
async function endOf(path: string, call: () => unknown): Promise<string> {
  try {
    await call();
    return "done";
  } catch (error) {
    const explained = explain(error, path);
    if (!(explained instanceof OperatingError)) throw error;
    return explained.code;
  }
}

/** Serves a database: stores a report, reads it again; returns what happened. */
async function serve(path: string): Promise<string> {
  const { database, lock, damage } = await openDatabase(path, noLegacy);
  const store = new SqliteStore(database, { damage });
  try {
    let told: string;
    try {
      const report = reportOf("device-1", "after the damage");
      expect(operate(store, [report])).toMatchObject([{ kind: "report", repeated: false }]);
      const row = database.query("SELECT message FROM data WHERE sequence = ?");
      expect(row.get(store.nextSequence - 1)).toEqual({ message: "after the damage" });
      row.finalize();
      told = "stored";
    } catch (error) {
      expect((error as Error).message).toContain("a page of the database is damaged");
      told = "refused";
    }
    return `${told}, ${store.damage === null ? "no damage" : "damage"} told`;
  } finally {
    closeDatabase(database);
    lock.release();
  }
}

const needed = [
  "sqlite_schema",
  "registrar",
  "registrar_by_mac",
  "registrar_by_ip",
  "sqlite_autoindex_registrar_1",
  "login",
  "login_open",
  "answered",
  "question",
  "report_chunk",
];

describe.each(Object.entries(damages))("%s", (_how, damage) => {
  test.each(needed)("%s: the server does not start, in words", async (table) => {
    for (const page of new Set([pagesOf.get(table)?.at(0), pagesOf.get(table)?.at(-1)])) {
      const path = damaged(page as number, damage);
      expect([table, page, await endOf(path, () => serve(path))]).toEqual([
        table,
        page,
        "database-corrupt",
      ]);
    }
  });

  test("old reports: new ones are stored beside them, the damage is told", async () => {
    const pages = pagesOf.get("data") as number[];
    for (const page of [pages[2], pages[100], pages[pages.length >> 1]] as number[]) {
      const path = damaged(page, damage);
      expect([page, await serve(path)]).toEqual([page, "stored, damage told"]);
    }
  });

  test("the newest reports: nothing is acknowledged that is not stored", async () => {
    const newest = Math.max(...(pagesOf.get("data") as number[]));
    const path = damaged(newest, damage);
    const end = await endOf(path, () =>
      serve(path).then((told) => expect(told).toBe("refused, damage told")),
    );
    expect(["done", "database-corrupt"]).toContain(end);
  });

  test("reading fails where the damage is, says so, and works elsewhere", async () => {
    const pages = pagesOf.get("data") as number[];
    const path = damaged(pages[pages.length >> 1] as number, damage);
    const read = (call: (database: Database) => unknown) =>
      endOf(path, () => {
        const database = openReadOnly(path);
        try {
          call(database);
        } finally {
          closeDatabase(database);
        }
      });
    expect(await read((database) => expect([...listDevices(database)]).toHaveLength(devices))).toBe(
      "done",
    );
    let exported = 0;
    const exportAll = (database: Database) => {
      for (const _ of allReports(database)) exported++;
    };
    expect(await read(exportAll)).toBe("database-corrupt");
    // All but what is on the page: a page has a hundred reports or so.
    expect(exported).toBeGreaterThan(reports - 500);
    expect(exported).toBeLessThan(reports);
    expect(await read((database) => [...historyOf(database, "device-1", 5, 0)])).toBe("done");
    expect(
      await endOf(path, () => backUp(path, newPath(), { onProgress() {}, onChecking() {} })),
    ).toBe("database-corrupt");
    expect(checkDatabase(path).damage.length).toBeGreaterThan(0);
  });
});

test("a page that goes bad while the server runs fails only what is on it, and is told once", async () => {
  const path = newPath();
  copyFileSync(whole, path);
  const { database, lock } = await openDatabase(path, noLegacy);
  const troubles: string[] = [];
  const onTrouble = (words: string) => void troubles.push(words);
  const store = new SqliteStore(database, { onTrouble });
  const newest = Math.max(...(pagesOf.get("data") as number[]));
  // No page stays in memory, as if it had to be read again later.
  database.run("PRAGMA cache_size = 0");
  database.run("PRAGMA shrink_memory");
  const bytes = readFileSync(path);
  bytes.fill(0, (newest - 1) * pageBytes, newest * pageBytes);
  writeFileSync(path, bytes);
  for (let i = 0; i < 2; i++) {
    expect(
      operate(store, [{ kind: "latest", id: "device-39" }, registerOf(deviceOf(devices + i))]),
    ).toMatchObject([
      { kind: "found", known: true, report: null, unreadable: true },
      { code: "00" },
    ]);
  }
  // However many ask, what has to be stored is stored.
  const many = Array.from(
    { length: devices },
    (_, i) => ({ kind: "latest", id: `device-${i}` }) as const,
  );
  const outcomes = operate(store, [...many, registerOf(deviceOf(devices + 2))]);
  expect(outcomes.slice(0, -1)).toEqual(
    many.map(() => expect.objectContaining({ unreadable: true })),
  );
  expect(outcomes.at(-1)).toMatchObject({ code: "00" });
  expect(() => operate(store, [reportOf("device-1", "21")])).toThrow(
    "a page of the database is damaged",
  );
  expect(store.damage).not.toBeNull();
  expect(troubles).toEqual([`the database is damaged: ${store.damage}`]);
  closeDatabase(database);
  lock.release();
});

test("a list of free pages that names a page in use is refused: new reports would overwrite stored ones", async () => {
  const path = newPath();
  copyFileSync(whole, path);
  const edit = new Database(path);
  edit.run("CREATE TABLE gone AS SELECT zeroblob(20000) AS bytes");
  edit.run("DROP TABLE gone");
  edit.run("PRAGMA wal_checkpoint(TRUNCATE)");
  edit.close();
  const bytes = readFileSync(path);
  const trunk = (bytes.readUInt32BE(32) - 1) * pageBytes;
  expect(bytes.readUInt32BE(trunk + 4)).toBeGreaterThan(0);
  bytes.writeUInt32BE(pagesOf.get("data")?.[5] as number, trunk + 8);
  writeFileSync(path, bytes);
  expect(await endOf(path, () => openDatabase(path, noLegacy))).toBe("database-corrupt");
});

test("where the oldest reports are damaged, the newest can be read", async () => {
  const path = (pagesOf.get("data") ?? [])
    .slice(0, 10)
    .map((page) => damaged(page, damages["zeros"] as Damage))
    .find((copy) => isOldestDamaged(copy)) as string;
  const { database, lock } = await openDatabase(path, noLegacy);
  const store = new SqliteStore(database);
  const beside = new Database(path, { readonly: true });
  const reader = new OperatorReader(beside, store);
  const range = { low: reader.first(), high: reader.end() };
  expect(reader.scan(null, range, "newest").next(1)).toMatchObject([{ sequence: reports }]);
  expect(store.damage).not.toBeNull();
  closeDatabase(beside);
  store.close();
  lock.release();
});

/** Whether the oldest report cannot be read, and the newest can. */
function isOldestDamaged(path: string): boolean {
  const look = new Database(path, { readonly: true });
  const isReadable = (end: "min" | "max") => {
    try {
      return look.query(`SELECT ${end}(sequence) FROM data`).get() !== null;
    } catch {
      return false;
    }
  };
  const isOldest = !isReadable("min") && isReadable("max");
  look.close();
  return isOldest;
}
