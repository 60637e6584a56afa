// One server per database, by whatever path it is opened, within this process and among processes; and a file that
// disappears under an open database is noticed.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FileGuard } from "../../../../lib/store/sqlite/file/file-guard.ts";
import { isServed, takeInstanceLock } from "../../../../lib/store/sqlite/file/instance-lock.ts";
import { openDatabase, openReadOnly } from "../../../../lib/store/sqlite/file/open-database.ts";
import { ReportReader } from "../../../../lib/store/sqlite/reports/report-reader.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { closeDatabase } from "../../../../lib/store/sqlite/file/statements.ts";
import { reportOf } from "../../fixtures.ts";
import { bytesIn, newPath, noLegacy, refusalOf } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";
import { lastReports } from "../last-reports.ts";

setDefaultTimeout(testTimeoutMs);

async function serve(path: string) {
  const { database, lock } = await openDatabase(path, noLegacy);
  const guard = new FileGuard(path);
  return { store: new SqliteStore(database, {}, guard), lock };
}

describe("one server per database", () => {
  test("a second server is refused and changes nothing; the first one goes on", async () => {
    const path = newPath();
    const { store, lock } = await serve(path);
    operate(store, [reportOf("asmith", "one")]);
    const before = bytesIn(dirname(path));
    expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe("database-in-use");
    expect(bytesIn(dirname(path))).toEqual(before);
    operate(store, [reportOf("asmith", "two")]);
    expect(lastReports(store.reader, "asmith", 10)).toHaveLength(2);
    store.close();
    lock.release();
  });

  test("another link to the file is the same database", async () => {
    const path = newPath();
    const link = newPath("link.db");
    symlinkSync(path, link);
    const { store, lock } = await serve(path);
    expect(await refusalOf(() => openDatabase(link, noLegacy))).toBe("database-in-use");
    expect(isServed(link)).toBe(true);
    store.close();
    lock.release();
  });

  test("a refused opening releases the lock", async () => {
    const path = newPath();
    writeFileSync(path, "no database, and longer than a header".repeat(10));
    expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe("database-corrupt");
    rmSync(path);
    const { store, lock } = await serve(path);
    store.close();
    lock.release();
  });

  test("after the database is closed the next server can open it, in this process too", async () => {
    const path = newPath();
    for (let i = 0; i < 3; i++) {
      const { store, lock } = await serve(path);
      expect(isServed(path)).toBe(true);
      store.close();
      lock.release();
      expect(isServed(path)).toBe(false);
    }
  });

  test("a reader can read beside a server", async () => {
    const path = newPath();
    const { store, lock } = await serve(path);
    operate(store, [reportOf("asmith", "one")]);
    const database = openReadOnly(path);
    const reader = new ReportReader(database, null);
    expect(lastReports(reader, "asmith", 10)).toHaveLength(1);
    operate(store, [reportOf("asmith", "two")]);
    expect(lastReports(reader, "asmith", 10).map(({ message }) => message)).toEqual(["two", "one"]);
    expect(() => database.run("DELETE FROM data")).toThrow();
    closeDatabase(database);
    store.close();
    lock.release();
  });
});

describe("isServed", () => {
  test("creates no file, and does not lock", () => {
    const path = newPath();
    expect(isServed(path)).toBe(false);
    expect(readdirSync(dirname(path))).toEqual([]);
    takeInstanceLock(path).release();
    expect(isServed(path)).toBe(false);
    const lock = takeInstanceLock(path);
    expect(isServed(path)).toBe(true);
    expect(isServed(path)).toBe(true);
    lock.release();
  });

  test("detects the lock of another process, until that process is killed", async () => {
    const path = newPath();
    const script = `
      import { takeInstanceLock } from ${JSON.stringify(join(import.meta.dir, "../../../../lib/store/sqlite/file/instance-lock.ts"))};
      takeInstanceLock(${JSON.stringify(path)});
      console.log("held");
      setInterval(() => Bun.gc(true), 10);`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    await child.stdout.getReader().read();
    expect(isServed(path)).toBe(true);
    expect(await refusalOf(() => takeInstanceLock(path))).toBe("database-in-use");
    child.kill("SIGKILL");
    await child.exited;
    expect(isServed(path)).toBe(false);
    takeInstanceLock(path).release();
  });
});

describe("a file that disappears under an open database", () => {
  test.each(["", "-wal"])("%p: nothing is stored until it is back", async (suffix) => {
    const path = newPath();
    const { store, lock } = await serve(path);
    operate(store, [reportOf("asmith", "before")]);
    store.checkFile();
    operate(store, [reportOf("asmith", "still there")]);
    renameSync(path + suffix, `${path}.away`);
    store.checkFile();
    expect(() => operate(store, [reportOf("asmith", "lost")])).toThrow("was deleted or replaced");
    writeFileSync(path + suffix, "another file of this name");
    store.checkFile();
    expect(() => operate(store, [reportOf("asmith", "lost")])).toThrow("was deleted or replaced");
    renameSync(`${path}.away`, path + suffix);
    store.checkFile();
    operate(store, [reportOf("asmith", "after")]);
    const messages = lastReports(store.reader, "asmith", 10).map(({ message }) => message);
    expect(messages).toEqual(["after", "still there", "before"]);
    store.close();
    lock.release();
  });

  test("a log that does not exist yet is watched once it does", () => {
    const path = newPath();
    writeFileSync(path, "");
    const guard = new FileGuard(path);
    writeFileSync(`${path}-wal`, "");
    guard.check();
    guard.assertThere();
    rmSync(`${path}-wal`);
    guard.check();
    expect(() => guard.assertThere()).toThrow("iot_server.db-wal was deleted");
    expect(existsSync(path)).toBe(true);
  });

  test.each(["", "-wal"])("%p is missed by the batch that it went before", async (suffix) => {
    const path = newPath();
    const { store, lock } = await serve(path);
    operate(store, [reportOf("asmith", "before")]);
    renameSync(path + suffix, `${path}.away`);
    expect(() => operate(store, [reportOf("asmith", "lost")])).toThrow("was deleted or replaced");
    store.close();
    lock.release();
  });

  test("once nothing changes in the folder, the log is not asked for after each batch", () => {
    const path = newPath();
    const log = `${path}-wal`;
    writeFileSync(path, "");
    writeFileSync(log, "");
    let ms = 1_000;
    const guard = new FileGuard(path, () => ms);
    const seen = (text: string) => {
      writeFileSync(log, text);
      guard.checkNames();
      guard.assertThere();
      return guard.logBytes;
    };
    // The folder's times may not show yet what happens now.
    expect(seen("1")).toBe(1);
    ms += 1_000;
    expect(seen("12")).toBe(2);
    expect(seen("123")).toBe(2);
    guard.check();
    expect(guard.logBytes).toBe(3);
    writeFileSync(`${path}.other`, "");
    expect(seen("1234")).toBe(4);
    ms += 1_000;
    expect(seen("12345")).toBe(5);
    expect(seen("123456")).toBe(5);
    renameSync(log, `${log}.away`);
    guard.checkNames();
    expect(() => guard.assertThere()).toThrow("iot_server.db-wal was deleted");
  });

  test("a link that leads to another file, and a folder that is replaced, are noticed", () => {
    const path = newPath();
    const link = newPath("link.db");
    writeFileSync(path, "");
    symlinkSync(path, link);
    let ms = 1_000;
    const guards = [new FileGuard(link, () => ms), new FileGuard(path, () => ms)] as const;
    const check = () => {
      for (const guard of guards) guard.checkNames();
    };
    ms += 1_000;
    check();
    rmSync(link);
    symlinkSync(`${path}.other`, link);
    check();
    expect(() => guards[0].assertThere()).toThrow("link.db was deleted");
    guards[1].assertThere();
    ms += 1_000;
    check();
    renameSync(dirname(path), `${dirname(path)}.away`);
    check();
    expect(() => guards[1].assertThere()).toThrow("iot_server.db was deleted");
  });
});
