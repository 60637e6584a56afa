// A device's state on the disk: one key, counters that only grow, tickets by server and id; damage is reported.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openClientState, stateFolderOf } from "../../lib/io/client-state.ts";
import { KnownServers } from "../../lib/io/secrets/known-servers.ts";
import { whileLocked } from "../../lib/io/state-lock.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { fixedBytes } from "../sealed/fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "iot-state-"));
  folders.push(folder);
  return join(folder, "iot-client");
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return "done";
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return error.code;
  }
}

test("each device id has one key of its own, whatever its characters and case", () => {
  const folder = newFolder();
  const keys = ["asmith", "Asmith", "a:smith", "asmith"].map(
    (id) => openClientState(folder, id).local.publicKey,
  );
  expect(keys[3]).toEqual(keys[0] as Uint8Array);
  expect(new Set(keys.map((key) => key.join())).size).toBe(3);
  const names = readdirSync(join(folder, "devices"));
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(3);
});

test("handshake counters grow even if the clock is set back or another program draws one", () => {
  const folder = newFolder();
  const [one, other] = [openClientState(folder, "asmith"), openClientState(folder, "asmith")];
  const counters = [1_000, 999, 5, 2_000, 2_000].map((time, i) =>
    (i % 2 === 0 ? one : other).nextHandshakeCounter(time),
  );
  expect(counters).toEqual([1_000_000, 1_000_001, 1_000_002, 2_000_000, 2_000_001]);
});

test("a clock after the year 2255 takes no counter that a server refuses, and does not end the key", () => {
  const state = openClientState(newFolder(), "asmith");
  const last = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
  const times = [1_000, last + 1, Number.MAX_SAFE_INTEGER, Infinity, 2_000, -1];
  const counters = times.map((time) => state.nextHandshakeCounter(time));
  expect(counters).toEqual([1_000_000, 1_000_001, 1_000_002, 1_000_003, 2_000_000, 2_000_001]);
});

test("the last counter is 2^53 - 1; then the device stops, and goes on with a new key", () => {
  const folder = newFolder();
  const state = openClientState(folder, "asmith");
  const device = join(folder, "devices", "asmith");
  const left = [Number.MAX_SAFE_INTEGER - 2, ""].join("\n");
  writeFileSync(join(device, "hs_counter"), left, { mode: 0o600 });
  const counters = [1, 1].map((time) => state.nextHandshakeCounter(time));
  expect(counters).toEqual([2 ** 53 - 2, 2 ** 53 - 1]);
  const caught = Array.from({ length: 2 }, () => {
    try {
      return state.nextHandshakeCounter(1);
    } catch (error) {
      return error as OperatingError;
    }
  });
  for (const error of caught) {
    expect(error).toMatchObject({ code: "counters-spent" });
    expect((error as OperatingError).message).toContain(join(device, "hs_counter"));
  }
  // The next step that it names.
  for (const name of ["hs_counter", "device.key"]) rmSync(join(device, name));
  const again = openClientState(folder, "asmith");
  expect(again.local.publicKey).not.toEqual(state.local.publicKey);
  expect(again.nextHandshakeCounter(5)).toBe(5_000);
});

test("a ticket is found only by its server and id, and a damaged one is ignored", () => {
  const folder = newFolder();
  const state = openClientState(folder, "asmith");
  const [server, other] = [fixedBytes("server"), fixedBytes("other")];
  const ticket = { ticket: fixedBytes("ticket"), signingKey: fixedBytes("signing") };
  state.keepTicket(server, "asmith", ticket);
  const again = openClientState(folder, "asmith");
  expect(again.ticketOf(server, "asmith")).toEqual({
    ticket: Buffer.from(ticket.ticket),
    signingKey: Buffer.from(ticket.signingKey),
  });
  expect(again.ticketOf(other, "asmith")).toBeNull();
  expect(again.ticketOf(server, "bsmith")).toBeNull();
  const device = join(folder, "devices", "asmith");
  const name = readdirSync(device).find((file) => file.startsWith("ticket-")) as string;
  writeFileSync(join(device, name), "x");
  expect(again.ticketOf(server, "asmith")).toBeNull();
});

test("a damaged key or counter is reported, not replaced", () => {
  const folder = newFolder();
  const state = openClientState(folder, "asmith");
  const device = join(folder, "devices", "asmith");
  writeFileSync(join(device, "hs_counter"), "many", { mode: 0o600 });
  expect(codeOf(() => state.nextHandshakeCounter(1))).toBe("state-damaged");
  writeFileSync(join(device, "device.key"), "x");
  expect(codeOf(() => openClientState(folder, "asmith"))).toBe("state-damaged");
});

test.each([
  [{ XDG_STATE_HOME: "/var/x" }, "/var/x/iot-client"],
  [{ XDG_STATE_HOME: "x", HOME: "/home/a" }, "/home/a/.local/state/iot-client"],
  [{ HOME: "/home/a" }, "/home/a/.local/state/iot-client"],
])("the state of %j is in %s", (env, folder) => {
  expect(stateFolderOf(env)).toBe(folder);
});

test("a pin stays until it is replaced, each server has its own, and damage is reported", () => {
  const known = new KnownServers(newFolder());
  const [one, other] = [fixedBytes("one"), fixedBytes("other")];
  expect(known.keyOf("a:1")).toBeNull();
  known.pin("a:1", one, 0, false);
  known.pin("b:1", other, 0, false);
  known.pin("a:1", one, 5, false);
  expect(codeOf(() => known.pin("a:1", other, 0, false))).toBe("key-changed");
  expect(known.keyOf("a:1")).toEqual(Buffer.from(one));
  known.pin("a:1", other, 0, true);
  expect(known.keyOf("a:1")).toEqual(Buffer.from(other));
  expect(known.keyOf("b:1")).toEqual(Buffer.from(other));
  writeFileSync(known.path, "a:1 nothing\n");
  expect(codeOf(() => known.keyOf("a:1"))).toBe("known-servers-damaged");
});

test.each([0, 4_000_000_000])(
  "a lock that a crash left behind at %d s since 1970 is taken over after 10 s, one that is held is not",
  (seconds) => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    const lock = join(folder, "some.lock");
    writeFileSync(lock, "");
    utimesSync(lock, seconds, seconds);
    let waitedMs = 0;
    const pause = (ms: number) => void (waitedMs += ms);
    const isThere = () => readdirSync(folder).includes("some.lock");
    expect(whileLocked(lock, isThere, pause)).toBe(true);
    expect(waitedMs).toBeGreaterThanOrEqual(10_000);
    expect(isThere()).toBe(false);
    // Locks of other processes, one after the other: none of them is old, whatever the time of its file says.
    let taken = 0;
    const renew = (ms: number) => {
      if (!isThere()) taken++;
      pause(ms);
      rmSync(lock, { force: true });
      if (waitedMs < 34_000) writeFileSync(lock, `${waitedMs}`);
    };
    waitedMs = 20_000;
    writeFileSync(lock, "");
    expect(whileLocked(lock, isThere, renew)).toBe(true);
    expect(waitedMs).toBeGreaterThanOrEqual(34_000);
    expect(taken).toBe(0);
  },
);
