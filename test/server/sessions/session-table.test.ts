// The table of sessions: counts and lists stay true when a device's session is replaced or ends.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Session } from "../../../lib/server/sessions/session.ts";
import { SessionTable } from "../../../lib/server/sessions/session-table.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const at = (ip: string) => ({ ip, port: 1994 });

function sessionOf(owner: string, sealed = false): Session {
  const source = at(sealed ? "192.0.2.99" : owner);
  return new Session({
    row: 1,
    id: "asmith",
    owner,
    sealed,
    source,
    stated: source,
    lastSeen: 0,
    heardAt: 0,
    everySeconds: null,
  });
}

test("a source has a session until its last one is replaced or removed", () => {
  const table = new SessionTable();
  table.set(sessionOf("192.0.2.1"));
  table.set(sessionOf("192.0.2.1"));
  const last = sessionOf("192.0.2.2");
  table.set(last);
  expect([table.hasSource("192.0.2.1"), table.hasSource("192.0.2.2")]).toEqual([false, true]);
  table.remove(last);
  expect([table.hasSource("192.0.2.2"), table.size]).toEqual([false, 0]);
});

test("the end of a session that was replaced leaves the later one alone", () => {
  const table = new SessionTable();
  const [earlier, later] = [sessionOf("192.0.2.1"), sessionOf("192.0.2.1")];
  table.set(earlier);
  table.set(later);
  expect(table.remove(earlier)).toBe(false);
  expect(table.at("asmith", "192.0.2.1")).toBe(later);
  expect(table.hasSource("192.0.2.1")).toBe(true);
});

test("the sealed sessions are counted, also those restored, replaced and removed", () => {
  const table = new SessionTable();
  const stored = (device: string, clientKey: Uint8Array | null) => ({
    session: 1,
    device,
    source: at("192.0.2.1"),
    stated: at("192.0.2.1"),
    started: 0,
    lastSeen: 0,
    everySeconds: null,
    clockOffset: null,
    clientKey,
    ended: null,
    reason: null,
    node: "",
  });
  const now = { wall: 0, monotonic: 0 };
  table.restore([stored("asmith", new Uint8Array(32)), stored("bjones", null)], now);
  expect(table.sealed).toBe(1);
  table.set(sessionOf("192.0.2.1"));
  expect(table.sealed).toBe(0);
  table.set(sessionOf("a key", true));
  const last = sessionOf("another key", true);
  table.set(last);
  expect(table.sealed).toBe(1);
  table.remove(last);
  expect([table.sealed, table.size]).toEqual([0, 1]);
});

test("text hears of a device only while its session is in text", () => {
  const table = new SessionTable();
  const heard = () => [false, true].map((sealed) => table.idsAfter(null, 100, sealed));
  table.set(sessionOf("192.0.2.1"));
  expect(heard()).toEqual(["asmith", "asmith"]);
  table.set(sessionOf("a key", true));
  expect(heard()).toEqual(["", "asmith"]);
  table.set(sessionOf("192.0.2.1"));
  expect(heard()).toEqual(["asmith", "asmith"]);
});
