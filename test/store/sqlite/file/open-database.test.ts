// Which files are opened as a database and which are refused; a refused file stays unchanged, to the byte.

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { openDatabase, openReadOnly } from "../../../../lib/store/sqlite/file/open-database.ts";
import { ReportReader } from "../../../../lib/store/sqlite/reports/report-reader.ts";
import { schemaVersion } from "../../../../lib/store/sqlite/file/schema.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { closeDatabase } from "../../../../lib/store/sqlite/file/statements.ts";
import { reportOf } from "../../fixtures.ts";
import { bytesIn, newDatabaseFrom, newPath, noLegacy, refusalOf } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";
import { lastReports } from "../last-reports.ts";

setDefaultTimeout(testTimeoutMs);

/** Opens a database, stores some reports, and closes it again. */
async function useOnce(path: string, reports = 0): Promise<void> {
  const { database, lock } = await openDatabase(path, noLegacy);
  const store = new SqliteStore(database);
  operate(
    store,
    Array.from({ length: reports }, (_, i) => reportOf("asmith", `reading ${i}`)),
  );
  store.close();
  lock.release();
}

/** A database of another program. */
function newForeign(journalMode = "DELETE", pragma = ""): string {
  const path = newPath();
  const database = new Database(path, { create: true, readwrite: true });
  database.run(`PRAGMA journal_mode = ${journalMode}`);
  database.run(`CREATE TABLE music (title TEXT); INSERT INTO music VALUES ('so what'); ${pragma}`);
  database.close();
  return path;
}

/** Expects that both ways of opening refuse a file with this code and change nothing in its folder. */
async function expectRefused(path: string, code: string): Promise<void> {
  const before = bytesIn(dirname(path));
  expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe(code);
  expect(bytesIn(dirname(path))).toEqual(before);
  expect(await refusalOf(() => openReadOnly(path))).toBe(code);
  expect(bytesIn(dirname(path))).toEqual(before);
}

describe("a damaged file", () => {
  test("text", async () => {
    const path = newPath();
    writeFileSync(path, "username,ip,mac\n".repeat(100));
    await expectRefused(path, "database-corrupt");
  });

  test("a header with a wrong letter, a header alone", async () => {
    const path = newPath();
    await useOnce(path);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, 99));
    await expectRefused(path, "database-corrupt");
    bytes[3] = 0x20;
    writeFileSync(path, bytes);
    await expectRefused(path, "database-corrupt");
  });

  test("cut short by a page", async () => {
    const path = newPath();
    await useOnce(path, 1000);
    truncateSync(path, readFileSync(path).length - 4096);
    await expectRefused(path, "database-corrupt");
  });

  test("a header written by an older SQLite, without the size, is no sign of damage", async () => {
    const path = newDatabaseFrom("legacy-older.sql");
    const bytes = readFileSync(path);
    bytes.writeUInt32BE(0, 92);
    bytes.writeUInt32BE(10_000, 28);
    writeFileSync(path, bytes);
    const hashPassword = () => Promise.resolve("hash");
    const { database, lock } = await openDatabase(path, { ...noLegacy, hashPassword });
    closeDatabase(database);
    lock.release();
  });
});

describe("a database that is not for this server", () => {
  test.each([
    ["another program's", newForeign()],
    ["another program's, in WAL mode", newForeign("WAL")],
    [
      "another program's, with an application_id",
      newForeign("DELETE", "PRAGMA application_id = 7"),
    ],
    ["another program's, with a user_version", newForeign("DELETE", "PRAGMA user_version = 7")],
  ])("%s", (_name, path) => expectRefused(path, "database-foreign"));

  test("another program's, with a log that is not checkpointed: the log stays separate", async () => {
    const path = newForeign("WAL");
    const writer = new Database(path, { readwrite: true });
    writer.run("INSERT INTO music VALUES ('blue in green')");
    const files = ["", "-wal"].map((suffix) => [suffix, readFileSync(path + suffix)] as const);
    writer.close();
    for (const [suffix, bytes] of files) writeFileSync(path + suffix, bytes);
    expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe("database-foreign");
    for (const [suffix, bytes] of files) expect(readFileSync(path + suffix)).toEqual(bytes);
  });

  test.each(["DELETE", "WAL"])("a newer server's (%s)", async (journalMode) => {
    const path = newPath();
    await useOnce(path);
    const database = new Database(path, { readwrite: true });
    database.run(`PRAGMA journal_mode = ${journalMode}`);
    database.run(`PRAGMA user_version = ${schemaVersion + 1}`);
    database.close();
    await expectRefused(path, "newer-schema");
  });

  test("one of the original system cannot be read before it is migrated", async () => {
    const path = newDatabaseFrom("legacy-older.sql");
    const before = bytesIn(dirname(path));
    expect(await refusalOf(() => openReadOnly(path))).toBe("database-foreign");
    expect(bytesIn(dirname(path))).toEqual(before);
  });
});

describe("a path that does not lead to a file", () => {
  test("a directory", async () => {
    const path = newPath();
    mkdirSync(path);
    await expectRefused(path, "database-unwritable");
    expect(readdirSync(dirname(path))).toEqual(["iot_server.db"]);
  });

  test("a FIFO without a writer, and a device: neither blocks", async () => {
    const path = newPath();
    expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
    await expectRefused(path, "database-unwritable");
    expect(await refusalOf(() => openDatabase("/dev/zero", noLegacy))).toBe("database-unwritable");
  });

  test("a missing directory", async () => {
    const path = join(newPath("missing"), "iot_server.db");
    expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe("database-unwritable");
    expect(await refusalOf(() => openReadOnly(path))).toBe("no-database");
  });

  test("a reader creates no file", async () => {
    const path = newPath();
    expect(await refusalOf(() => openReadOnly(path))).toBe("no-database");
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test("links that form a loop", async () => {
    const path = newPath();
    symlinkSync(path, `${path}-2`);
    symlinkSync(`${path}-2`, path);
    expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe("database-unwritable");
  });
});

/** Runs as an unprivileged user if the tests run as root. */
async function asNobody<T>(run: () => T): Promise<Awaited<T>> {
  const uid = process.getuid?.();
  if (uid === 0) process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    if (uid === 0) process.seteuid?.(0);
  }
}

describe("a user without write permission", () => {
  test("cannot serve, and changes nothing", async () => {
    const path = newPath();
    await useOnce(path, 3);
    rmSync(`${path}.lock`);
    chmodSync(path, 0o444);
    chmodSync(dirname(path), 0o555);
    const before = bytesIn(dirname(path));
    const refusal = () => refusalOf(() => openDatabase(path, noLegacy));
    expect(await asNobody(refusal)).toBe("database-unwritable");
    expect(bytesIn(dirname(path))).toEqual(before);
    chmodSync(dirname(path), 0o777);
    // Now the lock can be created, but the database still cannot be written.
    expect(await asNobody(refusal)).toBe("database-unwritable");
    expect(readFileSync(path).toString("base64")).toBe(before["iot_server.db"] as string);
  });

  test("reads a stopped server's database, and leaves nothing beside it", async () => {
    const path = newPath();
    await useOnce(path, 3);
    // The operator allows others to read it.
    chmodSync(path, 0o644);
    for (const mode of [0o555, 0o777]) {
      chmodSync(dirname(path), mode);
      const before = bytesIn(dirname(path));
      const count = await asNobody(() => {
        const database = openReadOnly(path);
        const reports = lastReports(new ReportReader(database, null), "asmith", 10);
        closeDatabase(database);
        return reports.length;
      });
      expect(count).toBe(3);
      expect(bytesIn(dirname(path))).toEqual(before);
    }
  });
});

describe("opening", () => {
  test("a new database and an empty file: marked, in WAL mode, synchronous", async () => {
    const empty = newPath();
    writeFileSync(empty, "");
    for (const path of [newPath(), empty]) {
      const { database, lock } = await openDatabase(path, noLegacy);
      expect(database.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
      expect(database.query("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
      expect(database.query("PRAGMA user_version").get()).toEqual({ user_version: schemaVersion });
      closeDatabase(database);
      lock.release();
    }
  });

  test("a link to a file, existing or not: log and lock lie beside the file", async () => {
    const path = newPath();
    const link = newPath("link.db");
    symlinkSync(path, link);
    await useOnce(link, 1);
    expect(readdirSync(dirname(path)).toSorted()).toEqual(["iot_server.db", "iot_server.db.lock"]);
    expect(readdirSync(dirname(link))).toEqual(["link.db"]);
    await useOnce(link, 1);
    expect(lastReports(new ReportReader(openReadOnly(path), null), "asmith", 10)).toHaveLength(1);
  });

  test("the log of a killed server is read: no report is lost", async () => {
    const path = newPath();
    const { database, lock } = await openDatabase(path, noLegacy);
    const store = new SqliteStore(database);
    operate(store, [reportOf("asmith", "kept")]);
    const copy = newPath();
    for (const suffix of ["", "-wal"]) writeFileSync(copy + suffix, readFileSync(path + suffix));
    store.close();
    lock.release();
    // The file itself is still empty; all rows are in the log.
    const reader = openReadOnly(copy);
    expect(lastReports(new ReportReader(reader, null), "asmith", 10)).toHaveLength(1);
    closeDatabase(reader);
    await useOnce(copy);
    expect(lastReports(new ReportReader(openReadOnly(copy), null), "asmith", 10)).toHaveLength(1);
  });

  test("a closed database leaves no log, and the next opening finds every report", async () => {
    const path = newPath();
    await useOnce(path, 5);
    expect(readdirSync(dirname(path)).toSorted()).toEqual(["iot_server.db", "iot_server.db.lock"]);
    const reader = openReadOnly(path);
    expect(lastReports(new ReportReader(reader, null), "asmith", 10)).toHaveLength(5);
    closeDatabase(reader);
  });
});
