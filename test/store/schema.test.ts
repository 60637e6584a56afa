// The schema step by step: every version a release ever wrote comes up to the one of now, and a step that fails leaves
// the version before it.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  applicationId,
  migrate,
  migrations,
  schemaVersion,
  versionOf,
} from "../../lib/store/schema.ts";
import { newDatabase, refusalOf } from "./store-fixtures.ts";

function tablesOf(database: Database): unknown[] {
  return database
    .query("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    .all();
}

/** A database as the release with so many steps left it, with a row in each table. */
function newAtVersion(version: number): Database {
  const database = new Database(":memory:");
  for (const step of migrations.slice(0, version)) database.run(step);
  if (version > 0) {
    database.run(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`);
    database.run(`INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
      VALUES ('asmith', 'AA', 'aa', '10.0.0.1', 1994, 'hash', 1, 2)`);
    database.run(`INSERT INTO login (device, ip, port, login_ip, login_port, started, last_seen)
      VALUES ('asmith', '10.0.0.1', 5, '10.0.0.1', 1994, 3, 4)`);
    database.run("INSERT INTO data VALUES (1, 'asmith', 'now', 5, '01', 'text', 6)");
  }
  return database;
}

test.each(migrations.map((_, version) => version))("version %d comes up to now", (version) => {
  const database = newAtVersion(version);
  migrate(database, ":memory:");
  expect(versionOf(database)).toBe(schemaVersion);
  expect(database.query("PRAGMA application_id").get()).toEqual({ application_id: applicationId });
  expect(tablesOf(database)).toEqual(tablesOf(newDatabase()));
  const { n } = database.query("SELECT count(*) AS n FROM registrar").get() as { n: number };
  expect(n).toBe(version > 0 ? 1 : 0);
});

test("a database of now is left as it is", () => {
  const database = newDatabase();
  const before = database.serialize();
  migrate(database, ":memory:");
  expect(database.serialize().equals(before)).toBe(true);
});

test("a newer one is refused and left as it is", async () => {
  const database = newDatabase();
  database.run(`PRAGMA user_version = ${schemaVersion + 1}`);
  const before = database.serialize();
  expect(await refusalOf(() => migrate(database, "some.db"))).toBe("newer-schema");
  expect(database.serialize().equals(before)).toBe(true);
});

test("a step that fails leaves everything as it was", () => {
  const database = new Database(":memory:");
  // Stands in the way of one of the later tables.
  database.run("CREATE TABLE report_index (a)");
  const before = tablesOf(database);
  expect(() => migrate(database, ":memory:")).toThrow("report_index");
  expect(tablesOf(database)).toEqual(before);
  expect(versionOf(database)).toBe(0);
});
