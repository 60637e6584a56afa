// kill -9 during a migration: the old database stays complete, and the next start does the work; all attempts share one
// backup. A kill happens where the process says it is, not at a time.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { hashPassword } from "../../../../lib/io/secrets/password-hasher.ts";
import { openDatabase } from "../../../../lib/store/sqlite/file/open-database.ts";
import { closeDatabase } from "../../../../lib/store/sqlite/file/statements.ts";
import { newDatabaseFrom, newLegacyPort, noLegacy, refusalOf } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const everything = "SELECT * FROM registrar ORDER BY rowid";

/** Starts a migration in a process of its own, which stops at a point, and kills it there. */
async function killAt(path: string, point: string): Promise<void> {
  const script = `
    import { openDatabase } from ${JSON.stringify(join(import.meta.dir, "../../../../lib/store/sqlite/file/open-database.ts"))};
    const stop = (here) => {
      if (here !== ${JSON.stringify(point)}) return;
      require("node:fs").writeSync(1, "here");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    };
    let hashes = 0;
    await openDatabase(${JSON.stringify(path)}, {
      now: () => (stop("before the backup"), Date.now()),
      onNote: (words) => {
        if (words.includes("It is kept as")) stop("after the backup");
        if (words.includes("were taken over")) stop("after the commit");
      },
      onProgress: (done, total) => { if (done === total) stop("after the last hash"); },
      hashPassword: async () => (stop("hash " + ++hashes), "hash"),
    });`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("here");
  child.kill("SIGKILL");
  await child.exited;
}

function read(path: string, sql: string): unknown[] {
  const database = new Database(path, { readonly: true });
  const rows = database.query(sql).all();
  database.close();
  return rows;
}

test.each(["DELETE", "WAL"])("killed repeatedly, it succeeds (%s)", async (journalMode) => {
  const path = newDatabaseFrom("legacy-current.sql", journalMode);
  const before = read(path, everything);
  const points = [
    "before the backup",
    "after the backup",
    "hash 1",
    "hash 4",
    "after the last hash",
  ];
  for (const point of points) {
    await killAt(path, point);
    expect(read(path, everything)).toEqual(before);
  }
  const { port, notes } = newLegacyPort();
  const { database, lock } = await openDatabase(path, { ...port, now: Date.now });
  expect(database.query("SELECT count(*) AS n FROM registrar").get()).toEqual({ n: 6 });
  expect(notes.at(-1)).toBe("6 devices were taken over.");
  closeDatabase(database);
  lock.release();
  const backups = readdirSync(dirname(path)).filter((name) => name.includes(".bak-"));
  expect(backups).toHaveLength(1);
  expect(read(join(dirname(path), backups[0] as string), everything)).toEqual(before);
});

test("killed after the commit, the migration is complete", async () => {
  const path = newDatabaseFrom("legacy-current.sql");
  await killAt(path, "after the commit");
  const { database, lock } = await openDatabase(path, noLegacy);
  expect(database.query("SELECT count(*) AS n FROM registrar").get()).toEqual({ n: 6 });
  closeDatabase(database);
  lock.release();
});

test("another program cannot write to the database while it is migrated", async () => {
  const path = newDatabaseFrom("legacy-current.sql");
  const other = new Database(path, { readwrite: true });
  const { port } = newLegacyPort();
  const refused: string[] = [];
  const hashPasswordMeanwhile = (password: string) => {
    try {
      other.run("INSERT INTO registrar VALUES ('late', '1.1.1.1', 'l', 'l', '1', 0)");
    } catch (error) {
      refused.push((error as { code: string }).code);
    }
    return port.hashPassword(password);
  };
  const opened = await openDatabase(path, { ...port, hashPassword: hashPasswordMeanwhile });
  expect(refused).toEqual(Array(5).fill("SQLITE_BUSY"));
  other.close();
  closeDatabase(opened.database);
  opened.lock.release();
});

test("a full disk leaves the old database and no partial backup", async () => {
  const path = newDatabaseFrom("legacy-current.sql");
  const before = read(path, everything);
  const { port } = newLegacyPort();
  const full = Object.assign(new Error("disk is full"), { code: "SQLITE_FULL" });
  const onProgress = (done: number) => {
    if (done === 3) throw full;
  };
  expect(await refusalOf(() => openDatabase(path, { ...port, onProgress }))).toBe("disk-full");
  expect(read(path, everything)).toEqual(before);
  expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("a hash made by the server verifies the password it was made of", async () => {
  const path = newDatabaseFrom("legacy-older.sql");
  const { port } = newLegacyPort();
  const { database, lock } = await openDatabase(path, { ...port, hashPassword });
  const { password } = database
    .query<{ password: string }, []>("SELECT password FROM registrar WHERE id = 'asmith'")
    .get() as { password: string };
  expect(await Bun.password.verify("clear-one", password)).toBe(true);
  closeDatabase(database);
  lock.release();
  // The migration recognises such a hash: a database whose passwords are partly hashed already keeps those hashes.
  const { isOurHash } = await import("../../../../lib/store/sqlite/legacy/legacy-rows.ts");
  expect(isOurHash(password)).toBe(true);
  expect(isOurHash("clear-one")).toBe(false);
});
