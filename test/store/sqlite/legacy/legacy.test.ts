// Databases of the original system: what is migrated, what is reported, what stays in the backup, and that no password
// stays in plain text elsewhere. Both forms of the database, made from test/fixtures/legacy-*.sql.

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { applicationId, schemaVersion } from "../../../../lib/store/sqlite/file/schema.ts";
import { openDatabase } from "../../../../lib/store/sqlite/file/open-database.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, startOfTime } from "../../fixtures.ts";
import {
  bytesIn,
  hashOf,
  newDatabaseFrom,
  newLegacyPort,
  noLegacy,
  refusalOf,
} from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

const backupSuffix = ".bak-20261122-091406";
const ourHash =
  "$argon2id$v=19$m=19456,t=2,p=1$c29tZSByYW5kb20gc2FsdCBvZiBub2JvZHk$8WJ2PPP1r6kqKwbz4vlLEsOdKkOZ5y0lOJ0yAxKqBPI";

/** Opens a database once, which migrates it, and closes it. */
async function migrateAt(path: string) {
  const legacy = newLegacyPort();
  const { database, lock } = await openDatabase(path, legacy.port);
  new SqliteStore(database).close();
  lock.release();
  return legacy;
}

function read<Row>(path: string, sql: string): Row[] {
  const database = new Database(path, { readonly: true });
  const rows = database.query<Row, []>(sql).all();
  database.close();
  return rows;
}

function backupsOf(path: string): string[] {
  return readdirSync(dirname(path)).filter((name) => name.includes(".bak-"));
}

describe("the current form", () => {
  test("devices are migrated: the last complete row of each, canonical, with a hash", async () => {
    const path = newDatabaseFrom("legacy-current.sql");
    const { hashed, progress } = await migrateAt(path);
    const rows = read<Record<string, unknown>>(
      path,
      "SELECT id, mac, mac_key, ip, port, password FROM registrar ORDER BY device",
    );
    const strange = ourHash.replace("19456,t=2", "999999999,t=9");
    expect(rows.map((row) => Object.values(row))).toEqual([
      ["asmith", "aa:aa:aa:aa:aa:aa", "aa:aa:aa:aa:aa:aa", "127.0.0.1", 1994, hashOf("clear-one")],
      ["bsmith", "BB-BB-BB-BB-BB-BB", "bb:bb:bb:bb:bb:bb", "127.0.0.2", 1995, hashOf("clear-two")],
      ["csmith", "cc:cc:cc:cc:cc:cd", "cc:cc:cc:cc:cc:cd", "127.0.0.4", 1997, hashOf("clear-late")],
      ["gsmith", "aa-aa-aa-AA-aa-aa", "aa:aa:aa:aa:aa:aa", "127.0.0.1", 9, hashOf("clear-shared")],
      ["jsmith", "jj", "jj", "127.0.0.10", 2002, ourHash],
      // The parameters of this hash are not ours, so checking it would not be bounded in memory: it is taken as a
      // password.
      ["ksmith", "kk", "kk", "127.0.0.11", 2002, hashOf(strange)],
    ]);
    expect(hashed.toSorted()).toEqual([
      strange,
      "clear-late",
      "clear-one",
      "clear-shared",
      "clear-two",
    ]);
    expect(progress).toEqual(["0/5", "1/5", "2/5", "3/5", "4/5", "5/5"]);
  });

  test("the result has our schema and nothing else, and no session", async () => {
    const path = newDatabaseFrom("legacy-current.sql");
    await migrateAt(path);
    expect(read<unknown>(path, "PRAGMA application_id")).toEqual([
      { application_id: applicationId },
    ]);
    expect(read<unknown>(path, "PRAGMA user_version")).toEqual([{ user_version: schemaVersion }]);
    expect(read<unknown>(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    expect(read<unknown>(path, "SELECT * FROM login")).toEqual([]);
    const fresh = newDatabaseFrom("legacy-current.sql");
    rmSync(fresh);
    const { database, lock } = await openDatabase(fresh, noLegacy);
    const names = "SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
    expect(read<unknown>(path, names)).toEqual(database.query(names).all());
    database.close();
    lock.release();
  });

  test("what an operator should know is reported, without any password", async () => {
    const path = newDatabaseFrom("legacy-current.sql");
    const { notes } = await migrateAt(path);
    expect(notes).toEqual([
      `This is a database of the original system. It is kept as ${path}${backupSuffix}, with its passwords in plain text: delete it when you no longer need it.`,
      "Row 3 is left out: it is empty.",
      "Row 4 is left out: it is empty.",
      "Row 5 (csmith) is left out: row 6 is a later one.",
      "Row 7 (csmith) is left out: it has no password.",
      "Row 8 is left out: id must be 1 to 64 of A-Z a-z 0-9 . _ : -.",
      "Row 9 (esmith) is left out: ip must be an IPv4 or IPv6 literal.",
      "Row 10 (fsmith) is left out: port must be 1 to 65535, decimal without leading zeros.",
      "Row 12 (hsmith) is left out: password must be 1 to 128 bytes without control characters.",
      "Row 13 is left out: id must be 1 to 64 of A-Z a-z 0-9 . _ : -.",
      "The IP 127.0.0.1 belongs to asmith, gsmith: all of them stay.",
      "The MAC belongs to asmith, gsmith: all of them stay.",
      "No port is known for gsmith: 9 stands for it until they register again.",
      "These were logged in and have to log in again: asmith, csmith.",
      "6 devices were taken over.",
    ]);
    expect(notes.join("\n").replace("their passwords in the clear", "")).not.toMatch(
      /clear-|argon2/,
    );
  });

  test.each(["DELETE", "WAL"])(
    "no password stays in plain text in any file but the backup (%s)",
    async (mode) => {
      const path = newDatabaseFrom("legacy-current.sql", mode);
      // That includes the passwords of deleted rows, which lie in free pages.
      expect(readFileSync(path).includes("clear-gone")).toBe(true);
      await migrateAt(path);
      for (const name of readdirSync(dirname(path))) {
        const holds = readFileSync(join(dirname(path), name)).includes("clear-");
        expect([name, holds]).toEqual([name, name.includes(".bak-")]);
      }
    },
  );

  test("the backup is a complete original, readable by its owner only", async () => {
    const path = newDatabaseFrom("legacy-current.sql");
    const everything = "SELECT * FROM registrar ORDER BY rowid";
    const before = read<unknown>(path, everything);
    await migrateAt(path);
    const backup = `${path}${backupSuffix}`;
    expect(backupsOf(path)).toEqual([`iot_server.db${backupSuffix}`]);
    for (const file of [backup, path]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(read<unknown>(backup, everything)).toEqual(before);
    expect(read<unknown>(backup, 'SELECT * FROM "their notes"')).toEqual([{ note: "keep me" }]);
    expect(read<unknown>(backup, "SELECT * FROM active_devices")).toHaveLength(2);
  });

  test("the backup contains the latest rows even if they were in the log only", async () => {
    const path = newDatabaseFrom("legacy-current.sql", "WAL");
    const writer = new Database(path, { readwrite: true });
    writer.run("PRAGMA wal_autocheckpoint = 0");
    writer.run("INSERT INTO registrar VALUES ('zsmith', '127.0.1.1', 'zz', 'clear-z', '7', 0)");
    await migrateAt(path).finally(() => writer.close());
    const found = "SELECT count(*) AS n FROM registrar WHERE";
    expect(read<unknown>(`${path}${backupSuffix}`, `${found} username = 'zsmith'`)).toEqual([
      { n: 1 },
    ]);
    expect(read<unknown>(path, `${found} id = 'zsmith'`)).toEqual([{ n: 1 }]);
  });
});

describe("the older form", () => {
  test("is migrated with a placeholder port, in the order of its key", async () => {
    const path = newDatabaseFrom("legacy-older.sql");
    const { notes } = await migrateAt(path);
    expect(
      read<Record<string, unknown>>(path, "SELECT id, ip, port, password FROM registrar").map(
        (row) => Object.values(row),
      ),
    ).toEqual([
      ["asmith", "127.0.0.1", 9, hashOf("clear-one")],
      ["bsmith", "127.0.0.2", 9, hashOf("1234")],
    ]);
    expect(notes.slice(1)).toEqual([
      "No port is known for asmith, bsmith: 9 stands for it until they register again.",
      "These were logged in and have to log in again: asmith.",
      "2 devices were taken over.",
    ]);
  });

  test("a device gets its own port by registering again with its password", async () => {
    const path = newDatabaseFrom("legacy-older.sql");
    await migrateAt(path);
    const { database, lock } = await openDatabase(path, noLegacy);
    const store = new SqliteStore(database);
    const device = deviceOf(1, {
      id: "asmith",
      mac: "AA-aa:aa:aa:aa:aa",
      ip: "127.0.0.1",
      port: 1994,
    });
    const proof = { kind: "verified", hash: hashOf("clear-one") } as const;
    const [outcome] = operate(store, [
      {
        kind: "register",
        device,
        proof,
        sealed: false,
        clientKey: null,
        join: "open",
        at: startOfTime,
      } as const,
    ]);
    expect(outcome).toMatchObject({ code: "02" });
    store.close();
    lock.release();
  });

  test("many equal notes are limited, and the rest is a number", async () => {
    const path = newDatabaseFrom("legacy-older.sql");
    const writer = new Database(path, { readwrite: true });
    writer.run("DELETE FROM registrar");
    writer.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
      INSERT INTO registrar SELECT 'device-' || i, 'm' || i, '1.2.3.4', '' FROM n`);
    writer.close();
    const { notes, hashed } = await migrateAt(path);
    expect(notes.filter((words) => words.includes("is left out"))).toHaveLength(50);
    expect(notes.slice(-2)).toEqual(["And 70 more rows left out.", "0 devices were taken over."]);
    expect(hashed).toEqual([]);
  });
});

describe("failures", () => {
  test("a failing hash leaves the database unchanged, and the next start completes the migration", async () => {
    const path = newDatabaseFrom("legacy-current.sql");
    const everything = "SELECT * FROM registrar ORDER BY rowid";
    const before = read<unknown>(path, everything);
    const { port } = newLegacyPort();
    let calls = 0;
    const hashPassword = (password: string) =>
      ++calls < 3 ? port.hashPassword(password) : Promise.reject(new Error("no memory"));
    const opening = openDatabase(path, { ...port, hashPassword });
    expect(await opening.catch((error: Error) => error.message)).toBe("no memory");
    expect(read<unknown>(path, everything)).toEqual(before);
    await migrateAt(path);
    expect(read<unknown>(path, "SELECT count(*) AS n FROM registrar")).toEqual([{ n: 6 }]);
    // The backup of the first attempt is reused.
    expect(backupsOf(path)).toEqual([`iot_server.db${backupSuffix}`]);
  });

  test("an earlier backup is never overwritten; a second one is made if it differs", async () => {
    const path = newDatabaseFrom("legacy-current.sql");
    writeFileSync(`${path}${backupSuffix}`, "of another time");
    writeFileSync(`${path}.bak-20200101-000000.part`, "cut short");
    await migrateAt(path);
    expect(readFileSync(`${path}${backupSuffix}`, "utf8")).toBe("of another time");
    const names = [`iot_server.db${backupSuffix}`, `iot_server.db${backupSuffix}-2`];
    expect(backupsOf(path).toSorted()).toEqual(names);
  });

  test("a second opening neither migrates nor makes a backup", async () => {
    const path = newDatabaseFrom("legacy-current.sql");
    await migrateAt(path);
    const files = Object.keys(bytesIn(dirname(path)));
    expect((await migrateAt(path)).notes).toEqual([]);
    expect(Object.keys(bytesIn(dirname(path)))).toEqual(files);
  });

  test("a registrar table with other columns is another program's", async () => {
    const path = newDatabaseFrom("legacy-older.sql");
    const writer = new Database(path, { readwrite: true });
    writer.run("ALTER TABLE registrar RENAME COLUMN mac TO domain");
    writer.close();
    const before = bytesIn(dirname(path));
    expect(await refusalOf(() => openDatabase(path, noLegacy))).toBe("database-foreign");
    expect(bytesIn(dirname(path))).toEqual(before);
  });
});
