// Restoring a copy: refused if the copy cannot be complete; killed at any step, it leaves either the old database or
// the new one, complete, and never a mixture.

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { backUp } from "../../../../lib/store/sqlite/file/backup.ts";
import { checkDatabase } from "../../../../lib/store/sqlite/file/database-check.ts";
import { openDatabase } from "../../../../lib/store/sqlite/file/open-database.ts";
import { restore } from "../../../../lib/store/sqlite/file/restore.ts";
import {
  applicationId,
  migrations,
  schemaVersion,
} from "../../../../lib/store/sqlite/file/schema.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { reportOf } from "../../fixtures.ts";
import { bytesIn, newPath, noLegacy, refusalOf } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

const quiet = { onProgress: () => {}, onChecking: () => {} };

async function openStore(path: string) {
  const { database, lock } = await openDatabase(path, noLegacy);
  const store = new SqliteStore(database);
  const close = () => {
    store.close();
    lock.release();
  };
  return { database, store, close };
}

/** A closed database whose reports carry its name. */
async function newNamed(name: string, reports = 50, path = newPath()): Promise<string> {
  const { store, close } = await openStore(path);
  operate(
    store,
    Array.from({ length: reports }, (_, i) => reportOf("a", `${name} ${i}`)),
  );
  close();
  return path;
}

/** An old database, and beside it a copy of a new one. */
async function newPair(): Promise<{ path: string; copy: string; kept: string }> {
  const path = await newNamed("old");
  const copy = join(dirname(path), "copy.db");
  backUp(await newNamed("new", 3_000), copy, quiet);
  return { path, copy, kept: `${path}.kept` };
}

test("a check names a device of an earlier release whose id no device may have", async () => {
  const path = await newNamed("old");
  const database = new Database(path);
  database.run(
    `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
     VALUES ('server', 'm', 'm', '10.0.0.1', 9, 'h', 1, 1), ('servers', 'n', 'n', '10.0.0.2', 9, 'h', 1, 1)`,
  );
  database.close();
  expect(checkDatabase(path).reservedIds).toEqual(["server"]);
});

/** The name of a database, after a check of every page and every row. */
function nameOf(path: string): string {
  expect(checkDatabase(path).damage).toEqual([]);
  const database = new Database(path, { readonly: true });
  const rows = database.query("SELECT message FROM data").values() as [string][];
  database.close();
  const names = new Set(rows.map(([message]) => message.split(" ")[0]));
  expect(names.size).toBe(1);
  const [name = ""] = names;
  expect(rows).toHaveLength(name === "new" ? 3_000 : 50);
  return name;
}

/** Leaves a database as a killed process does: its last changes are in the log only. */
async function leaveLog(path: string): Promise<void> {
  const script = `
    const { openDatabase } = await import(${JSON.stringify(join(import.meta.dir, "../../../../lib/store/sqlite/file/open-database.ts"))});
    const { database } = await openDatabase(${JSON.stringify(path)}, {});
    database.run("UPDATE data SET message = 'logged' || substr(message, instr(message, ' '))");
    require("node:fs").writeSync(1, "here");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;
  await killAt(script);
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
}

/** Runs a script until it prints "here", and kills it there. */
async function killAt(script: string): Promise<void> {
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("here");
  child.kill("SIGKILL");
  await child.exited;
}

describe("a restored copy", () => {
  test("is the database; the former one is kept, and nothing else is left", async () => {
    const { path, copy, kept } = await newPair();
    expect(restore(copy, path, kept, quiet)).toBe(kept);
    expect([nameOf(path), nameOf(kept), nameOf(copy)]).toEqual(["new", "old", "new"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(kept).nlink).toBe(1);
    expect(readdirSync(dirname(path))).toHaveLength(4);
    // A server can open it.
    const { store, close } = await openStore(path);
    expect(store.nextSequence).toBe(3_001);
    close();
  });

  test("where there was no database", async () => {
    const { copy } = await newPair();
    const path = newPath();
    expect(restore(copy, path, `${path}.kept`, quiet)).toBeNull();
    expect(nameOf(path)).toBe("new");
  });

  test("twice in a second keeps both former databases", async () => {
    const { path, copy, kept } = await newPair();
    expect(restore(copy, path, kept, quiet)).toBe(kept);
    expect(restore(copy, path, kept, quiet)).toBe(`${kept}-2`);
    expect([nameOf(kept), nameOf(`${kept}-2`)]).toEqual(["old", "new"]);
  });

  test("over a database whose server was killed: its log goes with the kept one, not with the new one", async () => {
    const { path, copy, kept } = await newPair();
    await leaveLog(path);
    restore(copy, path, kept, quiet);
    expect([nameOf(path), nameOf(kept)]).toEqual(["new", "logged"]);
    expect(existsSync(`${path}-wal`)).toBe(false);
    // A database whose server was killed can itself be restored, with its log.
    const { path: other } = await newPair();
    await leaveLog(other);
    restore(other, path, kept, quiet);
    expect(nameOf(path)).toBe("logged");
  });

  test("over a damaged database, which is kept with its log", async () => {
    const { path, copy, kept } = await newPair();
    writeFileSync(path, "not a database any more".repeat(500));
    writeFileSync(`${path}-wal`, "nor is this its log");
    restore(copy, path, kept, quiet);
    expect(nameOf(path)).toBe("new");
    expect(readFileSync(kept, "utf8")).toStartWith("not a database");
    expect(readFileSync(`${kept}-wal`, "utf8")).toBe("nor is this its log");
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test("of an earlier schema is migrated at the next start", async () => {
    const { path, kept } = await newPair();
    const copy = newPath("earlier.db");
    const database = new Database(copy, { create: true, readwrite: true });
    database.run(migrations[0] as string);
    database.run(`PRAGMA application_id = ${applicationId}`);
    database.run("PRAGMA user_version = 1");
    database.close();
    restore(copy, path, kept, quiet);
    const { database: served, close } = await openStore(path);
    expect(served.query("PRAGMA user_version").get()).toEqual({ user_version: schemaVersion });
    close();
  });
});

describe("refused, with the database unchanged", () => {
  const damagedCopies: Record<string, (copy: string) => void> = {
    "cut short": (copy) => writeFileSync(copy, readFileSync(copy).subarray(0, 20_000)),
    "a page overwritten": (copy) =>
      writeFileSync(copy, readFileSync(copy).fill(0xff, 5 * 4_096, 6 * 4_096)),
    "no database": (copy) => writeFileSync(copy, "plain text".repeat(1_000)),
  };
  for (const [name, spoil] of Object.entries(damagedCopies)) {
    test(`a damaged copy: ${name}`, async () => {
      const { path, copy, kept } = await newPair();
      spoil(copy);
      const before = bytesIn(dirname(path));
      expect(await refusalOf(() => restore(copy, path, kept, quiet))).toBe("database-corrupt");
      expect(() => restore(copy, path, kept, quiet)).toThrow("Nothing was changed.");
      expect(bytesIn(dirname(path))).toEqual(before);
      expect(nameOf(path)).toBe("old");
    });
  }

  test("a copy that is missing, empty, another program's or a newer release's", async () => {
    const { path, copy, kept } = await newPair();
    const other = newPath("other.db");
    const foreign = new Database(other, { create: true, readwrite: true });
    foreign.run("CREATE TABLE things (name TEXT)");
    foreign.close();
    const newer = newPath("newer.db");
    copyFileSync(copy, newer);
    const database = new Database(newer, { readwrite: true });
    database.run("PRAGMA user_version = 999");
    database.close();
    const empty = newPath("empty.db");
    writeFileSync(empty, "");
    const before = bytesIn(dirname(path));
    for (const [file, code] of [
      [`${copy}.no`, "copy-missing"],
      [empty, "database-foreign"],
      [other, "database-foreign"],
      [newer, "newer-schema"],
      [path, "copy-in-use"],
      [dirname(copy), "database-unwritable"],
    ] as const) {
      expect([file, await refusalOf(() => restore(file, path, kept, quiet))]).toEqual([file, code]);
    }
    expect(bytesIn(dirname(path))).toEqual(before);
  });

  test("a database that is served, a copy that is served, and a database that another program reads", async () => {
    const { path, copy, kept } = await newPair();
    const served = await openStore(path);
    expect(await refusalOf(() => restore(copy, path, kept, quiet))).toBe("database-in-use");
    served.close();
    const servedCopy = await openStore(copy);
    expect(await refusalOf(() => restore(copy, path, kept, quiet))).toBe("copy-in-use");
    servedCopy.close();
    const reader = new Database(path, { readonly: true });
    reader.run("BEGIN");
    reader.query("SELECT count(*) FROM data").get();
    expect(await refusalOf(() => restore(copy, path, kept, quiet))).toBe("database-in-use");
    reader.close();
    expect(nameOf(path)).toBe("old");
    expect(existsSync(kept)).toBe(false);
    expect(existsSync(`${path}.unfinished`)).toBe(false);
    expect(restore(copy, path, kept, quiet)).toBe(kept);
  });
});

/** A script that restores, prints "here" at a step, and waits there. */
function stoppingAt(
  step: string,
  { path, copy, kept }: Awaited<ReturnType<typeof newPair>>,
): string {
  return `
    const { restore } = await import(${JSON.stringify(join(import.meta.dir, "../../../../lib/store/sqlite/file/restore.ts"))});
    const stop = (here) => {
      if (here !== ${JSON.stringify(step)}) return;
      require("node:fs").writeSync(1, "here");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    };
    restore(${JSON.stringify(copy)}, ${JSON.stringify(path)}, ${JSON.stringify(kept)}, {
      onProgress: () => stop("copying"),
      onChecking: () => stop("checking"),
      onStep: stop,
    });`;
}

test.each([
  ["copying", "old"],
  ["copied", "old"],
  ["checking", "old"],
  ["checked", "old"],
  ["kept", "old"],
  ["placed", "new"],
])("killed at %s: the %s database, complete; the next restore succeeds", async (step, name) => {
  for (const hasLog of [false, true]) {
    const pair = await newPair();
    if (hasLog) await leaveLog(pair.path);
    await killAt(stoppingAt(step, pair));
    const expected = hasLog && name === "old" ? "logged" : name;
    expect(nameOf(pair.path)).toBe(expected);
    const { leftovers, secondNames } = checkDatabase(pair.path);
    expect(leftovers.length).toBe(step === "placed" ? 0 : 1);
    expect(secondNames).toEqual(step === "kept" ? [pair.kept] : []);
    // A server may start in between.
    (await openStore(pair.path)).close();
    rmSync(pair.kept, { force: true });
    expect(restore(pair.copy, pair.path, pair.kept, quiet)).toBe(pair.kept);
    expect([nameOf(pair.path), nameOf(pair.kept)]).toEqual(["new", expected]);
    expect(checkDatabase(pair.path)).toMatchObject({ leftovers: [], secondNames: [] });
  }
});
