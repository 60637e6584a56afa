// Copies of SQLite databases of earlier releases, and of the original system: these stay as they are.

import { Database } from "bun:sqlite";
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { dirname } from "node:path";
import { applicationId, migrations } from "../../../lib/store/sqlite/file/schema.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { load } from "../contract/tested-store.ts";
import { closeStores, newAddress, openAt } from "../postgres/postgres-fixtures.ts";
import { bytesIn, hashOf, newDatabaseFrom, newPath } from "../sqlite/store-fixtures.ts";
import { copy } from "./copy-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const clientKey = new Uint8Array(32).fill(7);
const digest = new Uint8Array(16).fill(9);

test("a database of 1.0.0, and one of the original system, are copied and stay as they are", async () => {
  const path = newPath();
  const database = new Database(path);
  for (const step of migrations.slice(0, 3)) database.run(step);
  database.run(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = 3`);
  database.run(`INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
    VALUES ('asmith', 'AA', 'aa', '10.0.0.1', 1994, 'hash', 1, 2)`);
  database.run(`INSERT INTO answered VALUES (7, 'asmith', x'${"07".repeat(32)}', -3, '00')`);
  database.run("INSERT INTO data VALUES (1, 'asmith', 'now', 5, '01', 'text', 6)");
  database.close();
  const legacy = newDatabaseFrom("legacy-older.sql", "WAL");
  for (const [file, device] of [
    [path, "asmith"],
    [legacy, "bsmith"],
  ] as const) {
    const before = bytesIn(dirname(file));
    const address = await newAddress();
    const said: string[] = [];
    await copy(file, address, said);
    expect(bytesIn(dirname(file))).toEqual(before);
    expect(said.join()).not.toContain("is kept as");
    const store = await openAt(address);
    const { device: found, answered } = await load(store, {
      device,
      answered: { clientKey, msgid: 2n ** 64n - 3n, digest, device },
    });
    expect(found?.hash).toBe(file === path ? "hash" : hashOf("1234"));
    if (file === path) expect(answered).toEqual({ code: "00", digest: null });
    await closeStores();
  }
});
