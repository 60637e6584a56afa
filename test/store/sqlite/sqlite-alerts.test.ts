// Commits of alerts in an SQLite file: on the disk when they return, nothing of those that fail, and batches of devices before,
// between and after them as if they had never been.

import { Database } from "bun:sqlite";
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import type { Write } from "../../../lib/server/store-port.ts";
import { checkDatabase } from "../../../lib/store/sqlite/file/database-check.ts";
import { openBeside, openDatabase } from "../../../lib/store/sqlite/file/open-database.ts";
import { FileGuard } from "../../../lib/store/sqlite/file/file-guard.ts";
import { closeDatabase } from "../../../lib/store/sqlite/file/statements.ts";
import { AlertRows } from "../../../lib/store/sqlite/rows/alert-rows.ts";
import { SqliteAlerts } from "../../../lib/store/sqlite/sqlite-alerts.ts";
import { SqliteStore } from "../../../lib/store/sqlite/sqlite-store.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { alertOf, deliveryOf, puts, putSetting } from "../contract/alerts-contract.ts";
import { deviceOf, registerOf, reportOf } from "../fixtures.ts";
import { operate } from "../operations.ts";
import { messagesOf, newPath, noLegacy } from "./store-fixtures.ts";

setDefaultTimeout(testTimeoutMs);

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
});

/** A store on a file with its alerts, as `openSqlite` puts them together. */
async function openStore(path = newPath()) {
  const { database, lock } = await openDatabase(path, noLegacy);
  const store = new SqliteStore(database, {}, new FileGuard(path));
  const beside = openBeside(path);
  const alerts = new SqliteAlerts(beside, store, new AlertRows(database));
  const close = () => {
    closeDatabase(beside);
    store.close();
    lock.release();
  };
  return { path, database, store, alerts, close };
}

async function openForTest() {
  const opened = await openStore();
  closings.push(opened.close);
  return opened;
}

test("a commit is synced as a batch is, in one transaction that another connection sees when it returns", async () => {
  const { path, database, alerts } = await openForTest();
  expect(database.query("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  expect(database.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  alerts.commit([putSetting("rule", "a", "1"), ...puts(alertOf(1), deliveryOf(1))]);
  expect(database.inTransaction).toBe(false);
  const other = new Database(path, { readonly: true });
  const count = "(SELECT count(*) FROM alert) + (SELECT count(*) FROM alert_delivery)";
  expect(other.query(`SELECT ${count} AS n FROM alert_setting`).get()).toEqual({ n: 2 });
  other.close();
});

test("nothing of a commit is left when the disk is full, and the next one and the next batch are stored", async () => {
  const { database, store, alerts } = await openForTest();
  operate(store, [registerOf(deviceOf(1)), reportOf("device-1", "before")]);
  alerts.commit([putSetting("rule", "kept", "1"), ...puts(alertOf(1), deliveryOf(1))]);
  const { n } = database.query("SELECT page_count AS n FROM pragma_page_count").get() as {
    n: number;
  };
  const large = Array.from({ length: 40 }, (_, i) =>
    deliveryOf(10 + i, { body: "x".repeat(9_000) }),
  );
  const changes = [
    putSetting("rule", "lost", "1"),
    ...puts(alertOf(1, { state: "resolved" }), alertOf(2), deliveryOf(1, { ended: 1 }), ...large),
  ];
  for (let i = 0; i < 3; i++) {
    database.run(`PRAGMA max_page_count = ${n + 2}`);
    expect(() => alerts.commit(changes)).toThrow("full");
    expect(database.inTransaction).toBe(false);
    expect(alerts.open()).toEqual([alertOf(1)]);
    expect(alerts.waiting()).toEqual([deliveryOf(1)]);
    expect(alerts.settings().map(({ name }) => name)).toEqual(["kept"]);
    expect([alerts.next(), alerts.settingsRevision()]).toEqual([{ alert: 2, delivery: 2 }, 1]);
    database.run("PRAGMA max_page_count = 1000000");
    operate(store, [reportOf("device-1", `after ${i}`)]);
  }
  alerts.commit(changes);
  expect(alerts.open()).toEqual([alertOf(2)]);
  expect(alerts.next()).toEqual({ alert: 3, delivery: 50 });
  expect(messagesOf(store, "device-1").toReversed()).toEqual([
    "before",
    "after 0",
    "after 1",
    "after 2",
  ]);
});

test("nothing of a commit is left while another program has locked the file, and batches wait no longer for that", async () => {
  const { path, store, alerts, database } = await openForTest();
  const other = new Database(path, { readwrite: true });
  other.run("BEGIN IMMEDIATE");
  expect(() => alerts.commit(puts(alertOf(1)))).toThrow("another program has locked");
  expect(database.query("PRAGMA busy_timeout").get()).toEqual({ timeout: 0 });
  expect(() => operate(store, [registerOf(deviceOf(1))])).toThrow("another program has locked");
  other.run("ROLLBACK");
  other.close();
  operate(store, [registerOf(deviceOf(1))]);
  alerts.commit(puts(alertOf(1)));
  expect(alerts.open()).toEqual([alertOf(1)]);
});

test("a batch waits for the lock of another program before its first step: within it SQLite would not wait", async () => {
  const { path, store } = await openForTest();
  const other = new Database(path, { readwrite: true });
  other.run("BEGIN IMMEDIATE");
  let decided = 0;
  const writes: readonly Write[] = [{ kind: "note-service", ms: 1, wall: 1 }];
  const decide = () => ({ outcome: ++decided, writes });
  const apply = () => store.apply([{ kind: "rule", keys: { device: "device-1" }, decide }]);
  expect(apply).toThrow("another program has locked");
  expect(decided).toBe(0);
  other.run("ROLLBACK");
  other.close();
  apply();
  expect(decided).toBe(1);
});

test("a commit to a file that is gone is refused", async () => {
  const { path, alerts } = await openForTest();
  for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`);
  expect(() => alerts.commit(puts(alertOf(1)))).toThrow();
});

test("the check finds numbers that would be given again", async () => {
  const { path, database, alerts } = await openForTest();
  alerts.commit(puts(alertOf(7), alertOf(3), deliveryOf(4)));
  expect(checkDatabase(path).damage).toEqual([]);
  database.run("UPDATE alert_mark SET alert = 6, delivery = 3");
  expect(checkDatabase(path).damage).toEqual([
    "1 rows of alert have numbers that would be given again",
    "1 rows of alert_delivery have numbers that would be given again",
  ]);
});

test("lists are found by an index: none reads all alerts and sorts them", async () => {
  const { database, alerts } = await openForTest();
  const many = Array.from({ length: 4_000 }, (_, i) =>
    alertOf(i + 1, {
      rule: `r${i % 9}`,
      device: `d${i}`,
      state: i % 50 === 0 ? "firing" : "resolved",
    }),
  );
  alerts.commit(puts(...many));
  const plan = (where: string) =>
    database
      .query<{ detail: string }, []>(
        `EXPLAIN QUERY PLAN SELECT * FROM alert WHERE ${where} ORDER BY number DESC LIMIT 9`,
      )
      .all()
      .map(({ detail }) => detail)
      .join("; ");
  expect(plan("number < 99 AND rule = 'r1'")).toContain("alert_of_rule");
  expect(plan("number < 99 AND device = 'd1'")).toContain("alert_of_device");
  expect(plan("number < 99 AND state = 'resolved'")).toContain("alert_by_state");
  expect(plan("number < 99 AND state IN ('pending', 'firing')")).toContain("alert_by_state");
  for (const where of [
    "number < 99",
    "number < 99 AND rule = 'r1'",
    "number < 99 AND device = 'd1'",
  ]) {
    expect(plan(where)).not.toContain("B-TREE");
  }
});
