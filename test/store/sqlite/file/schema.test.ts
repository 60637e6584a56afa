// The schema step by step: each version that a release wrote is migrated to the current one, and a failing step leaves
// the version before.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import {
  applicationId,
  migrate,
  migrations,
  schemaVersion,
  versionOf,
} from "../../../../lib/store/sqlite/file/schema.ts";
import { newDatabase, refusalOf } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function tablesOf(database: Database): unknown[] {
  return database
    .query("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    .all();
}

/** A database as the release with schema `version` left it, with a row in each table. */
function newAtVersion(version: number): Database {
  const database = new Database(":memory:");
  for (const step of migrations.slice(0, version)) database.run(step);
  if (version > 0) {
    database.run(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`);
    database.run(`INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
      VALUES ('asmith', 'AA', 'aa', '10.0.0.1', 1994, 'hash', 1, 2)`);
    database.run(`INSERT INTO login (device, ip, port, login_ip, login_port, started, last_seen)
      VALUES ('asmith', '10.0.0.1', 5, '10.0.0.1', 1994, 3, 4)`);
    database.run(`INSERT INTO data (sequence, device, time, received, code, message, key)
      VALUES (1, 'asmith', 'now', 5, '01', 'text', 6)`);
  }
  return database;
}

test.each(migrations.map((_, version) => version))("version %d is migrated", (version) => {
  const database = newAtVersion(version);
  migrate(database, ":memory:");
  expect(versionOf(database)).toBe(schemaVersion);
  expect(database.query("PRAGMA application_id").get()).toEqual({ application_id: applicationId });
  expect(tablesOf(database)).toEqual(tablesOf(newDatabase()));
  const { n } = database.query("SELECT count(*) AS n FROM registrar").get() as { n: number };
  expect(n).toBe(version > 0 ? 1 : 0);
});

test("a current database is left unchanged", () => {
  const database = newDatabase();
  const before = database.serialize();
  migrate(database, ":memory:");
  expect(database.serialize().equals(before)).toBe(true);
});

test("a newer database is refused and left unchanged", async () => {
  const database = newDatabase();
  database.run(`PRAGMA user_version = ${schemaVersion + 1}`);
  const before = database.serialize();
  expect(await refusalOf(() => migrate(database, "some.db"))).toBe("newer-schema");
  expect(database.serialize().equals(before)).toBe(true);
});

test("a failing step leaves everything unchanged", () => {
  const database = new Database(":memory:");
  // Conflicts with one of the later tables.
  database.run("CREATE TABLE report_index (a)");
  const before = tablesOf(database);
  expect(() => migrate(database, ":memory:")).toThrow("report_index");
  expect(tablesOf(database)).toEqual(before);
  expect(versionOf(database)).toBe(0);
});

test("a chunk of 1.0.0 gets its lowest and highest time and its count from its rows, in whatever order they came", () => {
  const database = newAtVersion(3);
  const first = 65_536;
  const times = [70, 10, 90, 50];
  for (const [i, ms] of times.entries()) {
    database.run("INSERT INTO data VALUES (?, 'asmith', 't', ?, '01', 'm', 1)", [first + i, ms]);
  }
  database.run("INSERT INTO data VALUES (?, 'asmith', 't', 5, '01', 'm', 1)", [2 * first]);
  database.run("INSERT INTO report_chunk VALUES (1, 70, 50)");
  migrate(database, ":memory:");
  expect(database.query("SELECT * FROM report_chunk").all()).toEqual([
    {
      chunk: 1,
      lowest_received: 10,
      highest_received: 90,
      reports: 4,
      lowest_at: 10,
      highest_at: 90,
      ordered: 0,
    },
  ]);
});

test.each([
  ["ascend", [10, 20, 20], 3, 1],
  ["do not ascend", [10, 30, 20], 3, 0],
  ["ascend, and one more report was removed", [10, 20, 30], 4, 0],
])("times in a chunk of 1.0.0 that %s", (_, times, indexed, ordered) => {
  const database = newAtVersion(3);
  for (const [i, ms] of times.entries()) {
    database.run("INSERT INTO data VALUES (?, 'asmith', 't', ?, '01', 'm', 1)", [65_536 + i, ms]);
  }
  database.run("INSERT INTO report_chunk VALUES (1, 0, 0)");
  database.run("INSERT INTO report_index VALUES (1, 'asmith', zeroblob(?))", [2 * indexed]);
  migrate(database, ":memory:");
  expect(database.query("SELECT ordered FROM report_chunk").get()).toEqual({ ordered });
  expect(database.query("SELECT count(at) AS n FROM data").get()).toEqual({ n: 0 });
});
