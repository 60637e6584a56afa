// What other programs can do to a served database: copy its file without the log, open it under a second name, hold its
// write lock, read its lock file.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, copyFileSync, linkSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { backUp } from "../../../../lib/store/sqlite/file/backup.ts";
import { lockPathOf } from "../../../../lib/store/sqlite/file/instance-lock.ts";
import { batchWaitMs, openDatabase } from "../../../../lib/store/sqlite/file/open-database.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, registerOf, reportOf } from "../../fixtures.ts";
import { newPath, noLegacy, refusalOf } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

async function openStore(path: string) {
  const { database, lock, ...rest } = await openDatabase(path, noLegacy);
  const store = new SqliteStore(database);
  const close = () => {
    store.close();
    lock.release();
  };
  return { database, store, close, ...rest };
}

/** Whether a database is taken for a copy without its log. */
async function lacksLog(path: string): Promise<boolean> {
  const opened = await openStore(path);
  opened.close();
  return opened.lacksLog;
}

const copyOf = (path: string) => {
  const copy = newPath();
  copyFileSync(path, copy);
  return copy;
};

test("a copy of a young database's file alone is known for what it is, and is no new database", async () => {
  const path = newPath();
  const { store, close } = await openStore(path);
  const young = copyOf(path);
  operate(store, [registerOf(deviceOf(1)), reportOf("device-1", "21")]);
  const lacking = copyOf(path);
  for (const copy of [young, lacking]) {
    const readonly = new Database(copy, { readonly: true });
    expect(readonly.query("SELECT count(*) AS it FROM registrar").get()).toEqual({ it: 0 });
    readonly.close();
    expect(await lacksLog(copy)).toBe(true);
    // The warning is given once.
    expect(await lacksLog(copy)).toBe(false);
  }
  close();
});

test("no log is missed after a clean stop, after a crash, and in a backup of a served database", async () => {
  const path = newPath();
  const first = await openStore(path);
  operate(first.store, [registerOf(deviceOf(1))]);
  const backup = newPath("backup.db");
  backUp(path, backup, { onProgress: () => {}, onChecking: () => {} });
  const crashed = copyOf(path);
  copyFileSync(`${path}-wal`, `${crashed}-wal`);
  first.close();
  for (const file of [path, backup, crashed]) expect(await lacksLog(file)).toBe(false);
});

test("nobody else can read, and so lock, the lock file; an older one is mended", async () => {
  const path = newPath();
  const modeOf = () => statSync(lockPathOf(path)).mode & 0o777;
  (await openStore(path)).close();
  expect(modeOf()).toBe(0o600);
  chmodSync(lockPathOf(path), 0o644);
  (await openStore(path)).close();
  expect(modeOf()).toBe(0o600);
});

test("a file with a second name is served under one of them only", async () => {
  const path = newPath();
  const { close } = await openStore(path);
  const other = join(dirname(path), "other.db");
  linkSync(path, other);
  expect(await refusalOf(() => openDatabase(other, noLegacy))).toBe("database-in-use");
  close();
  const served = await openStore(other);
  expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe("database-in-use");
  served.close();
  (await openStore(path)).close();
});

test("a file with a name in another folder is refused", async () => {
  const path = newPath();
  (await openStore(path)).close();
  const elsewhere = join(dirname(path), "elsewhere");
  mkdirSync(elsewhere);
  linkSync(path, join(elsewhere, "other.db"));
  expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe("database-linked");
  expect(await refusalOf(() => openDatabase(join(elsewhere, "other.db"), noLegacy))).toBe(
    "database-linked",
  );
});

test("another program's write lock fails a batch in words, later ones at once, until it is gone", async () => {
  const path = newPath();
  const { database, store, close } = await openStore(path);
  const waitMs = () => Object.values(database.query("PRAGMA busy_timeout").get() as object)[0];
  expect(waitMs()).toBe(batchWaitMs);
  const other = new Database(path);
  other.run("BEGIN IMMEDIATE");
  const batch = [registerOf(deviceOf(1)), reportOf("device-1", "21")];
  for (let i = 0; i < 3; i++) {
    expect(() => operate(store, batch)).toThrow("another program has locked the database");
    expect(waitMs()).toBe(0);
  }
  other.run("COMMIT");
  other.close();
  expect(operate(store, batch)).toMatchObject([{ code: "00" }, { sequence: 1, repeated: false }]);
  expect(waitMs()).toBe(batchWaitMs);
  expect(operate(store, [reportOf("device-1", "22")])).toMatchObject([{ sequence: 2 }]);
  close();
});
