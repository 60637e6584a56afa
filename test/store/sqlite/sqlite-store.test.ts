// Each operation of the store: its outcome, the rows it changes, and the rows it must not change.

import type { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Operation, Outcome } from "../operations.ts";
import { listDevices } from "../../../lib/store/sqlite/rows/device-listing.ts";
import { SqliteStore } from "../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, loginOf, endOf, registerOf, reportOf, startOfTime } from "../fixtures.ts";
import { newDatabase } from "./store-fixtures.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { operate } from "../operations.ts";
import { lastReports } from "./last-reports.ts";

setDefaultTimeout(testTimeoutMs);

const right = { kind: "verified", hash: "h1" } as const;
const later = startOfTime + 1000;

function newStore(sharedIp = false) {
  const database = newDatabase();
  const store = new SqliteStore(database);
  return {
    database,
    store,
    apply: (operation: Operation) => operate(store, [operation], { sharedIp })[0],
  };
}

function rows(database: Database, sql: string): unknown[][] {
  return database.query(sql).values();
}

const devices = "SELECT id, mac, mac_key, ip, port, password, registered, updated FROM registrar";
const sessions = "SELECT session, device, ip, port, login_ip, login_port, ended, reason FROM login";

function codeOf(outcome: Outcome | undefined): string {
  if (outcome?.kind === "done") return outcome.code;
  return outcome?.kind === "need" ? outcome.need.kind : "neither";
}

function deregisterOf(device: ReturnType<typeof deviceOf>, at = later): Operation {
  return { kind: "deregister", device, proof: right, clientKey: null, at };
}

describe("register", () => {
  test("a new device", () => {
    const { database, apply } = newStore();
    const device = deviceOf(1, { mac: "AA-bb" });
    expect(codeOf(apply(registerOf(device, { kind: "none" })))).toBe("hash");
    expect(rows(database, devices)).toEqual([]);
    expect(apply(registerOf(device))).toMatchObject({ code: "00", session: 0, hash: "h1" });
    expect(rows(database, devices)).toEqual([
      ["device-1", "AA-bb", "aa:bb", "10.0.0.1", 2000, "h1", startOfTime, startOfTime],
    ]);
  });

  test("a known device with another ip and port: MAC, password and time of registration stay", () => {
    const { database, apply } = newStore();
    apply(registerOf(deviceOf(1)));
    const moved = deviceOf(1, { ip: "10.0.0.7", port: 7, mac: "AA-BB-CC-00-00-1" });
    expect(codeOf(apply({ ...registerOf(moved, right), at: later }))).toBe("02");
    expect(rows(database, devices)).toEqual([
      ["device-1", "aa:bb:cc:00:00:1", "aa:bb:cc:00:00:1", "10.0.0.7", 7, "h1", startOfTime, later],
    ]);
    // The former ip is free now.
    expect(codeOf(apply(registerOf(deviceOf(2, { ip: "10.0.0.1" }))))).toBe("00");
  });

  test("case matters in an id, and not in a MAC", () => {
    const { apply } = newStore();
    apply(registerOf(deviceOf(1, { mac: "aa:bb" })));
    const other = { id: "Device-1", ip: "10.0.0.2" };
    expect(codeOf(apply(registerOf(deviceOf(1, { ...other, mac: "AA-BB" }))))).toBe("13");
    expect(codeOf(apply(registerOf(deviceOf(1, { ...other, mac: "aa:bc" }))))).toBe("00");
  });

  test.each([
    [false, 2000, "12"],
    [false, 2001, "12"],
    [true, 2000, "12"],
    [true, 2001, "00"],
  ])("an ip that another device holds: shared %p, port %d, code %s", (sharedIp, port, code) => {
    const { apply } = newStore(sharedIp);
    apply(registerOf(deviceOf(1)));
    expect(codeOf(apply(registerOf(deviceOf(2, { ip: "10.0.0.1", port }))))).toBe(code);
  });

  test("two with the same id, ip or MAC in one batch: the first one is stored", () => {
    const { database, store } = newStore();
    const batch = [
      deviceOf(1),
      deviceOf(1),
      deviceOf(2, { ip: "10.0.0.1" }),
      deviceOf(3, { mac: "AA:BB:CC:00:00:1" }),
      deviceOf(1, { mac: "cc" }),
    ].map((device) => registerOf(device));
    expect(operate(store, batch).map(codeOf)).toEqual(["00", "01", "12", "13", "11"]);
    expect(rows(database, devices)).toHaveLength(1);
  });
});

describe("login, end, touch", () => {
  const device = deviceOf(1);

  test("only a right password opens a session", () => {
    const { database, apply } = newStore();
    apply(registerOf(device));
    const wrong = { kind: "refused", hash: "h1" } as const;
    expect(codeOf(apply(loginOf(device, { kind: "none" })))).toBe("verify");
    expect(apply(loginOf(device, wrong))).toMatchObject({ code: "31", session: 0 });
    expect(rows(database, sessions)).toEqual([]);
    expect(apply(loginOf(device, right))).toMatchObject({ code: "70", session: 1, hash: "h1" });
    expect(rows(database, sessions)).toEqual([
      [1, "device-1", "10.0.0.1", 2000, "10.0.0.1", 2000, null, null],
    ]);
  });

  test("a second login replaces the session, even within one batch", () => {
    const { database, store } = newStore();
    operate(store, [registerOf(device), loginOf(device, right), loginOf(device, right, later)]);
    expect(rows(database, sessions).map((row) => [row[0], row[6], row[7]])).toEqual([
      [1, later, "replaced"],
      [2, null, null],
    ]);
    expect(store.openSessions()).toMatchObject([
      { session: 2, device: "device-1", started: later },
    ]);
  });

  test.each(["logoff", "offline"] as const)("end: %s, once", (reason) => {
    const { database, store, apply } = newStore();
    operate(store, [registerOf(device), loginOf(device, right)]);
    expect(apply(endOf(1, reason, later))).toEqual({ kind: "nothing" });
    apply(endOf(1, "replaced", later + 1));
    apply(endOf(99, "replaced", later + 1));
    expect(rows(database, sessions).map((row) => row.slice(6))).toEqual([[later, reason]]);
    expect(store.openSessions()).toEqual([]);
  });

  test("touch writes what a restart needs of open sessions", () => {
    const { database, store, apply } = newStore();
    const second = deviceOf(2);
    operate(store, [
      ...[device, second].flatMap((one) => [registerOf(one), loginOf(one, right)]),
      reportOf(device.id, "x"),
    ]);
    const source = { ip: "192.0.2.1", port: 5 };
    const counted = { device: second.id, repeats: 2 };
    const clock = { everySeconds: 12.5, clockOffset: -3_600_000 };
    const touch = { session: 2, lastSeen: later, source, ...clock, ...counted };
    expect(apply({ kind: "touch", sessions: [touch, { ...touch, session: 99 }] })).toEqual({
      kind: "nothing",
    });
    expect(store.openSessions()).toMatchObject([
      { session: 1, source: { ip: "10.0.0.1", port: 2000 }, everySeconds: null },
      { session: 2, source, ...clock, started: startOfTime, lastSeen: later },
    ]);
    expect(store.openSessions()[1]?.stated).toEqual({ ip: "10.0.0.2", port: 2000 });
    // Both touches are of the same device.
    expect([...listDevices(database)].map(({ repeats }) => repeats)).toEqual([0, 4]);
  });
});

describe("deregister", () => {
  const device = deviceOf(1);

  test("the device and its session are removed, its reports and past sessions stay", () => {
    const { database, store, apply } = newStore();
    operate(store, [registerOf(device), loginOf(device, right), reportOf(device.id, "x")]);
    expect(codeOf(apply(deregisterOf(device)))).toBe("20");
    expect(rows(database, devices)).toEqual([]);
    expect(rows(database, sessions).map((row) => row.slice(6))).toEqual([[later, "deregistered"]]);
    expect(lastReports(store.reader, device.id, 10)).toHaveLength(1);
    expect(codeOf(apply(deregisterOf(device)))).toBe("21");
    expect(codeOf(apply(registerOf(device)))).toBe("00");
  });

  test("a device that is registered again never logged in, for who lists it", () => {
    const { database, store, apply } = newStore();
    operate(store, [registerOf(device), loginOf(device, right)]);
    expect([...listDevices(database)][0]?.session?.ended).toBeNull();
    apply(deregisterOf(device));
    apply({ ...registerOf(device), at: later + 1 });
    expect([...listDevices(database)][0]).toMatchObject({ id: device.id, session: null });
  });

  test("one that is refused changes nothing", () => {
    const { database, store, apply } = newStore();
    operate(store, [registerOf(device), loginOf(device, right)]);
    const before = [rows(database, devices), rows(database, sessions)];
    const wrong = { ...deregisterOf(device), proof: { kind: "refused", hash: "h1" } } as Operation;
    expect(codeOf(apply(wrong))).toBe("31");
    expect(codeOf(apply(deregisterOf({ ...device, ip: "10.0.0.9" })))).toBe("30");
    expect([rows(database, devices), rows(database, sessions)]).toEqual(before);
  });
});

describe("find, latest", () => {
  test("what is known of an id", () => {
    const { store } = newStore();
    const [one, two] = [deviceOf(1), deviceOf(2)];
    operate(store, [
      registerOf(one),
      registerOf(two),
      reportOf(one.id, "a"),
      reportOf("gone", "b"),
    ]);
    const outcomes = operate(store, [
      { kind: "find", id: one.id },
      { kind: "find", id: "nobody" },
      { kind: "latest", id: one.id },
      { kind: "latest", id: two.id },
      // Its reports exist, but an unregistered device has no latest report.
      { kind: "latest", id: "gone" },
      reportOf(one.id, "newer"),
      { kind: "latest", id: one.id },
    ]);
    expect(outcomes).toMatchObject([
      { kind: "found", known: true, report: null },
      { kind: "found", known: false, report: null },
      { kind: "found", known: true, report: { message: "a" } },
      { kind: "found", known: true, report: null },
      { kind: "found", known: false, report: null },
      { kind: "report", repeated: false },
      { kind: "found", known: true, report: { message: "newer" } },
    ]);
  });

  test("an empty batch has no outcome", () => {
    const { store } = newStore();
    expect(operate(store, [])).toEqual([]);
  });
});
