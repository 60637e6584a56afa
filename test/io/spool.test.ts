// The spools, in memory and in a file: one contract; and what only the file promises. What was committed survives the
// end of the process, damage and a full disk stop nobody, and only one agent uses a file.

import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReportQueue } from "../../lib/client/report-queue.ts";
import { openSpoolDatabase } from "../../lib/io/spool-database.ts";
import { SpoolFile } from "../../lib/io/spool-file.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { report, testSpool, textsOf } from "../client/spool-contract.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const root = mkdtempSync(join(tmpdir(), "iot-spool-"));
let files = 0;

afterAll(() => rmSync(root, { recursive: true, force: true }));

const newPath = () => join(root, `spool-${++files}`);
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

function open(path = newPath(), reportsMax = 100, device = "asmith") {
  const notices: string[] = [];
  const waiting: (() => void)[] = [];
  const ports = {
    soon: (run: () => void) => void setImmediate(run),
    later: (run: () => void) => void waiting.push(run),
    notice: (line: string) => void notices.push(line),
  };
  return { path, notices, waiting, spool: new SpoolFile(path, device, reportsMax, ports) };
}

function refusalOf(run: () => unknown): OperatingError {
  try {
    run();
  } catch (error) {
    if (error instanceof OperatingError) return error;
    throw error;
  }
  throw new Error("not refused");
}

/** The files as they are on the disk now, as a kill of the process would leave them. */
function crashed(path: string): string {
  const copy = newPath();
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  return copy;
}

testSpool("memory", (reportsMax) => new ReportQueue(reportsMax), turn);
testSpool("file", (reportsMax) => open(newPath(), reportsMax).spool, turn);

test("after a kill all committed reports are there, in order; at most 7 delivered ones are sent again", async () => {
  const { path, spool } = open();
  for (let n = 1; n <= 50; n++) spool.push(report(n));
  await turn();
  for (let n = 1; n <= 31; n++) spool.settle(spool.take(1));
  const again = open(crashed(path)).spool;
  const left = textsOf(again.take(100));
  expect(left).toEqual(
    Array.from({ length: left.length }, (_, i) => `report ${51 - left.length + i}`),
  );
  expect(left.length).toBeGreaterThanOrEqual(19);
  expect(left.length).toBeLessThanOrEqual(19 + 7);
  again.push(report(51));
  expect(again.take(100).at(-1)?.msgid).toBe(report(51).msgid);
  again.close();
  spool.close();
});

test("what arrives together is one commit", async () => {
  const { path, spool } = open();
  spool.push(report(1));
  await turn();
  const one = statSync(`${path}-wal`).size;
  for (let n = 2; n <= 20; n++) spool.push(report(n));
  await turn();
  // One report a commit would write a page or more each.
  expect(statSync(`${path}-wal`).size - one).toBeLessThan(4 * 4_200);
  spool.close();
});

test("a commit is on the disk: every one is synced", () => {
  const database = openSpoolDatabase(newPath(), "asmith", () => {});
  expect(database.query("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  expect(database.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  database.close();
});

test("closed and opened again, it has what was not delivered, and only that", () => {
  const { path, spool } = open();
  for (let n = 1; n <= 3; n++) spool.push(report(n));
  spool.settle(spool.take(1));
  expect(spool.keep()).toBe(2);
  spool.close();
  const again = open(path).spool;
  expect(textsOf(again.take(9))).toEqual(["report 2", "report 3"]);
  again.close();
});

test("the file and its log are private; a file that others can read is refused", async () => {
  const { path, spool } = open();
  spool.push(report(1));
  await turn();
  for (const name of [path, `${path}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600);
  spool.close();
  chmodSync(path, 0o640);
  expect(refusalOf(() => open(path))).toMatchObject({ code: "secret-exposed" });
});

test("a second agent is refused, and so is another device's or another program's file", () => {
  const { path, spool } = open();
  const refusal = refusalOf(() => open(path));
  expect([refusal.code, refusal.message]).toEqual([
    "spool-in-use",
    `The spool ${path} is used by another iot-client.`,
  ]);
  spool.close();
  expect(refusalOf(() => open(path, 9, "bsmith")).message).toContain(
    "the spool of the device asmith",
  );
  const other = newPath();
  const database = new Database(other);
  database.run("CREATE TABLE data (x)");
  database.close();
  chmodSync(other, 0o600);
  expect(refusalOf(() => open(other)).code).toBe("spool-foreign");
  expect(readdirSync(root).filter((name) => name.includes("damaged"))).toEqual([]);
});

test.each([
  ["text", (path: string) => writeFileSync(path, "hello ".repeat(2_000))],
  ["a page of zeros", (path: string) => overwrite(path, 1, 0)],
  ["a page of noise", (path: string) => overwrite(path, 2, 0x5a)],
])("%s in its place is put aside with a notice, and a new spool begins", (_, damage) => {
  const first = open();
  first.spool.push(report(1));
  first.spool.close();
  damage(first.path);
  const { path, notices, spool } = open(first.path);
  expect(notices.join()).toContain(`It is kept as ${path}.damaged-1`);
  spool.push(report(2));
  expect(textsOf(spool.take(9))).toEqual(["report 2"]);
  spool.close();
  expect(statSync(`${path}.damaged-1`).size).toBeGreaterThan(0);
});

function overwrite(path: string, page: number, byte: number): void {
  const database = new Database(path, { readonly: true });
  const bytes = Buffer.from(database.serialize());
  database.close();
  writeFileSync(path, bytes.fill(byte, page * 4_096, (page + 1) * 4_096));
}

test("a file that cannot be written: reports wait in memory with one notice, and are written when it can", async () => {
  const path = newPath();
  open(path).spool.close();
  const database = new Database(path);
  // Stands for a full disk: there is room for two reports.
  database.run(`CREATE TRIGGER full BEFORE INSERT ON report WHEN (SELECT count(*) FROM report) >= 2
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`);
  database.close();
  const { notices, waiting, spool } = open(path);
  for (let n = 1; n <= 4; n++) {
    spool.push(report(n));
    await turn();
  }
  // It is tried again once in a while, not at each report.
  expect(waiting).toHaveLength(1);
  expect(notices).toEqual([
    `The spool ${path} cannot be written (database or disk is full): reports wait in memory.`,
  ]);
  expect([spool.length, spool.keep()]).toEqual([4, 2]);
  expect(textsOf(spool.take(9))).toEqual(["report 1", "report 2", "report 3", "report 4"]);
  spool.settle(spool.take(2));
  waiting.shift()?.();
  expect(spool.keep()).toBe(2);
  expect(notices.slice(1)).toEqual([`The spool ${path} is written again.`]);
  spool.close();
});

test("a file that was removed is noticed: nothing in it is promised", async () => {
  const { path, notices, spool } = open();
  spool.push(report(1));
  await turn();
  rmSync(path);
  spool.push(report(2));
  await turn();
  expect(notices).toEqual([
    `The spool ${path} cannot be written (the file was removed): reports wait in memory.`,
  ]);
  expect(textsOf(spool.take(9))).toEqual(["report 1", "report 2"]);
  expect(spool.keep()).toBe(0);
  spool.close();
});

test("many delivered reports that cannot be removed do not slow it down", async () => {
  const path = newPath();
  const first = open(path, 20_000).spool;
  for (let n = 1; n <= 20_000; n++) first.push(report(n));
  first.close();
  const database = new Database(path);
  database.run(`CREATE TRIGGER full BEFORE DELETE ON report
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`);
  database.close();
  const { spool } = open(path, 20_000);
  // Twenty thousand looks at up to twenty thousand rows would take minutes.
  for (let n = 1; n <= 20_000; n++) spool.settle(spool.take(1));
  expect([spool.length, spool.take(1)]).toEqual([0, []]);
  spool.close();
});

test("a full spool whose file cannot be written drops its oldest reports without reading them", async () => {
  const path = newPath();
  const first = open(path, 25_000).spool;
  for (let n = 1; n <= 25_000; n++) first.push(report(n));
  first.close();
  const database = new Database(path);
  database.run(`CREATE TRIGGER full BEFORE DELETE ON report
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`);
  database.close();
  const { spool } = open(path, 25_000);
  // One is on its way: it stays, and the others behind it go. Reading all those that went for each new one, it would
  // take minutes.
  spool.take(1);
  for (let n = 25_001; n <= 49_000; n++) expect(spool.push(report(n))).toBe(true);
  expect([spool.length, spool.dropped]).toEqual([25_000, 24_000]);
  expect(textsOf(spool.take(3))).toEqual(["report 1", "report 24002", "report 24003"]);
  spool.close();
});

test("a file that cannot be read any more: its reports do not count, and none counts as less than none", async () => {
  const path = newPath();
  const long = "x".repeat(2_000);
  const first = open(path, 3_000).spool;
  for (let n = 1; n <= 3_000; n++) first.push(report(n, `${n} ${long}`));
  first.close();
  const { notices, spool } = open(path, 3_000);
  const taken = spool.take(1);
  // The check at the start has read all pages, more than SQLite keeps in memory.
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(1_400 * 4_096, 0x5a), 0, 1_400 * 4_096, 3 * 4_096);
  closeSync(file);
  for (let n = 1; n <= 100; n++) spool.push(report(n));
  spool.settle(taken);
  const left = spool.take(200);
  expect(textsOf(left)).toEqual(Array.from({ length: 100 }, (_, i) => `report ${i + 1}`));
  expect(spool.length).toBe(100);
  expect(notices.join()).toContain("cannot be read");
  spool.settle(left);
  expect(spool.length).toBe(0);
  spool.close();
});
