// Copies of a database: complete and of one moment, even while it is written; a failure leaves nothing behind.

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { backUp } from "../../../../lib/store/sqlite/file/backup.ts";
import { integrityOf } from "../../../../lib/store/sqlite/file/database-check.ts";
import { openDatabase } from "../../../../lib/store/sqlite/file/open-database.ts";
import { chunkSize } from "../../../../lib/store/sqlite/reports/report-chunks.ts";
import { Retention } from "../../../../lib/store/sqlite/reports/retention.ts";
import { AlertRows } from "../../../../lib/store/sqlite/rows/alert-rows.ts";
import { SqliteAlerts } from "../../../../lib/store/sqlite/sqlite-alerts.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, loginOf, registerOf, reportOf, startOfTime } from "../../fixtures.ts";
import { bytesIn, newPath, noLegacy, refusalOf, storeMany } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { alertOf, deliveryOf, puts, putSetting } from "../../contract/alerts-contract.ts";
import { writing } from "../../contract/tested-store.ts";
import { doorRows } from "../../door-fixtures.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

const quiet = { onProgress: () => {}, onChecking: () => {} };
/** All of them: a table that a copy lacks is a test that fails. */
const tables = [
  "registrar",
  "login",
  "label",
  "command",
  "join_window",
  "join_token",
  "pending_device",
  "data",
  "report_chunk",
  "report_index",
  "answered",
  "question",
  "service",
  "alert_setting",
  "alert",
  "alert_delivery",
  "alert_mark",
  "sqlite_sequence",
];

/** Opens a store on a file. */
async function openStore(path = newPath()) {
  const { database, lock } = await openDatabase(path, noLegacy);
  const store = new SqliteStore(database);
  const close = () => {
    store.close();
    lock.release();
  };
  return { path, database, store, close };
}

/** A closed database with three devices, two sessions and `reports` reports. */
async function newFilled(reports: number): Promise<string> {
  const { path, database, store, close } = await openStore();
  fill(database, store, reports);
  close();
  return path;
}

function fill(database: Database, store: SqliteStore, reports: number): void {
  const devices = [deviceOf(1), deviceOf(2), deviceOf(3)] as const;
  const request = {
    device: "device-1",
    clientKey: new Uint8Array(32),
    msgid: 1n,
    digest: new Uint8Array(16),
  };
  operate(
    store,
    devices.map((device) => ({ ...registerOf(device), request })),
  );
  const proof = { kind: "verified", hash: "h1" } as const;
  operate(
    store,
    devices.slice(0, 2).map((device) => loginOf(device, proof)),
  );
  const asked = {
    device: "device-1",
    code: "01",
    target: "a",
    by: "cli",
    time: "1",
    asked: 1,
  } as const;
  operate(store, [{ kind: "question", question: asked }, { kind: "hour" }]);
  const changes = [{ key: "name", value: "Cold room" }];
  store.apply([writing({ kind: "change-labels", device: "device-0", macKey: "m", changes })]);
  new SqliteAlerts(database, store, new AlertRows(database)).commit([
    putSetting("destination", "ops", "{}"),
    ...puts(alertOf(1), deliveryOf(1)),
  ]);
  store.apply(doorRows.map((write) => writing(write)));
  storeMany(store, reports, (i) => reportOf(`device-${i % 7}`, `${i}`, { at: startOfTime + i }));
}

/** The rows of all tables of a database. */
function contentOf(path: string): Record<string, unknown[]> {
  const database = new Database(path, { readonly: true });
  const names = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all();
  // `serving` says whether this file is served: a copy is not.
  const copied = names.map(({ name }) => name).filter((name) => name !== "serving");
  expect(copied.toSorted()).toEqual(tables.toSorted());
  const all = tables.map((table) => [table, database.query(`SELECT * FROM ${table}`).values()]);
  expect(integrityOf(database)).toEqual([]);
  database.close();
  return Object.fromEntries(all);
}

test("a copy has every row of every table and its owner's rights, and its progress ends at the end", async () => {
  const path = await newFilled(2 * chunkSize + 500);
  const target = join(dirname(path), "copy.db");
  const shown: number[][] = [];
  const said: string[] = [];
  const facts = backUp(path, target, {
    onProgress: (...numbers) => void shown.push(numbers),
    onChecking: () => void said.push("checking"),
  });
  const reports = 2 * chunkSize + 500;
  expect(facts).toEqual({ devices: 3, sessions: 2, reports });
  expect(shown.length).toBe(3);
  expect(shown.at(-1)).toEqual([reports, reports]);
  expect(said).toEqual(["checking"]);
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(path)).sort()).toEqual([
    "copy.db",
    basename(path),
    `${basename(path)}.lock`,
  ]);
  expect(contentOf(target)).toEqual(contentOf(path));
});

test("a copy of a database that is written meanwhile has the state of one moment", async () => {
  const { path, database, store, close } = await openStore();
  fill(database, store, chunkSize + 100);
  const target = join(dirname(path), "copy.db");
  const before = database.query("SELECT count(*) AS it FROM data").get() as { it: number };
  let more = 0;
  // Another connection commits between two steps of the copy.
  const facts = backUp(path, target, {
    onProgress: () => {
      operate(store, [reportOf("device-1", `more ${more++}`), registerOf(deviceOf(100 + more))]);
    },
    onChecking: () => {},
  });
  expect(more).toBeGreaterThan(1);
  expect(facts).toEqual({ devices: 3, sessions: 2, reports: before.it });
  expect(contentOf(target)["data"]).toHaveLength(before.it);
  const after = database.query("SELECT count(*) AS it FROM data").get() as { it: number };
  expect(after.it).toBe(before.it + more);
  close();
});

test("copies of an empty database and of one whose reports retention removed, in part and entirely", async () => {
  const empty = await newFilled(0);
  expect(backUp(empty, `${empty}.copy`, quiet).reports).toBe(0);
  expect(contentOf(`${empty}.copy`)).toEqual(contentOf(empty));

  const { path, database, store, close } = await openStore();
  storeMany(store, chunkSize + 10, (i) => reportOf("a", `${i}`, { at: startOfTime + i }));
  const retention = new Retention(database, store.chunks);
  while (retention.step(startOfTime + chunkSize + 5) > 0 || retention.isBehind);
  backUp(path, `${path}.some`, quiet);
  expect(contentOf(`${path}.some`)["data"]).toHaveLength(5);
  while (retention.step(startOfTime * 2) > 0 || retention.isBehind);
  backUp(path, `${path}.none`, quiet);
  expect(contentOf(`${path}.none`)["data"]).toHaveLength(0);
  close();
  // The copy continues with the number that the original would give.
  const copy = await openStore(`${path}.none`);
  expect(copy.store.nextSequence).toBe(chunkSize + 11);
  copy.close();
});

describe("obstacles are reported, and nothing is left behind", () => {
  test("a target that exists: a file, a folder, a dangling link", async () => {
    const path = await newFilled(10);
    const at = (name: string) => join(dirname(path), name);
    writeFileSync(at("file"), "mine");
    mkdirSync(at("folder"));
    const before = bytesIn(dirname(path));
    for (const name of ["file", "folder", basename(path)]) {
      expect(await refusalOf(() => backUp(path, at(name), quiet))).toBe("target-exists");
    }
    expect(bytesIn(dirname(path))).toEqual(before);
    symlinkSync("nowhere", at("link"));
    expect(await refusalOf(() => backUp(path, at("link"), quiet))).toBe("target-exists");
  });

  test("a missing folder, and a file in place of a folder", async () => {
    const path = await newFilled(10);
    const before = bytesIn(dirname(path));
    for (const target of [join(dirname(path), "no/copy.db"), join(path, "copy.db")]) {
      expect(await refusalOf(() => backUp(path, target, quiet))).toBe("backup-failed");
      expect(() => backUp(path, target, quiet)).toThrow(`there is no folder ${dirname(target)}.`);
    }
    expect(bytesIn(dirname(path))).toEqual(before);
  });

  test("a database that is missing, no database, or damaged", async () => {
    const path = await newFilled(5_000);
    const target = `${path}.copy`;
    expect(await refusalOf(() => backUp(`${path}.no`, target, quiet))).toBe("no-database");
    writeFileSync(`${path}.text`, "not a database, but long enough to look at".repeat(10));
    expect(await refusalOf(() => backUp(`${path}.text`, target, quiet))).toBe("database-corrupt");
    damage(path);
    expect(await refusalOf(() => backUp(path, target, quiet))).toBe("database-corrupt");
    expect(readdirSync(dirname(path)).filter((name) => /copy|unfinished/.test(name))).toEqual([]);
  });

  test("a target that another program creates meanwhile is not overwritten", async () => {
    const path = await newFilled(10);
    const target = `${path}.copy`;
    const onChecking = () => writeFileSync(target, "mine");
    expect(await refusalOf(() => backUp(path, target, { ...quiet, onChecking }))).toBe(
      "target-exists",
    );
    expect(await Bun.file(target).text()).toBe("mine");
    expect(readdirSync(dirname(path)).filter((name) => name.includes("unfinished"))).toEqual([]);
  });
});

test("what a killed backup left is removed by the next one to that name; other leftovers stay", async () => {
  const path = await newFilled(10);
  const target = `${path}.copy`;
  const child = Bun.spawn([process.execPath, "-e", ""]);
  await child.exited;
  const left = `${target}.${child.pid}.unfinished`;
  const running = `${target}.${process.ppid}.unfinished`;
  const others = [running, `${path}.other.${child.pid}.unfinished`, `${target}.txt`];
  for (const name of [left, `${left}-journal`, ...others]) writeFileSync(name, "left");
  backUp(path, target, quiet);
  const names = readdirSync(dirname(path)).map((name) => join(dirname(path), name));
  expect(names).not.toContain(left);
  expect(names).not.toContain(`${left}-journal`);
  for (const name of others) expect(names).toContain(name);
});

test("a database in a read-only folder is copied, and stays unchanged", async () => {
  const path = await newFilled(100);
  const target = newPath("copy.db");
  const before = bytesIn(dirname(path));
  chmodSync(dirname(path), 0o500);
  try {
    expect(backUp(path, target, quiet).reports).toBe(100);
  } finally {
    chmodSync(dirname(path), 0o700);
  }
  expect(bytesIn(dirname(path))).toEqual(before);
});

/** Overwrites a page in the middle of a file. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  const page = Math.floor(bytes.length / 2 / 4_096) * 4_096;
  writeFileSync(path, bytes.fill(0xff, page, page + 4_096));
}
