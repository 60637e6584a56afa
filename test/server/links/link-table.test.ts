// The table of links: a handshake counter is accepted once per key, whether it belongs to a link that still exists or
// to one that is gone.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Link } from "../../../lib/server/links/link.ts";
import { LinkTable } from "../../../lib/server/links/link-table.ts";
import { limits } from "../../../lib/server/policy.ts";
import { Transport } from "../../../lib/sealed/transport.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const key = Buffer.alloc(32, 7).toString("base64");
const source = { ip: "192.0.2.1", port: 1_994 };

let index = 0;
function link(counter: number, of = key): Link {
  const established = {
    localIndex: ++index,
    remoteIndex: 1,
    initiator: false,
    sendKey: new Uint8Array(32),
    receiveKey: new Uint8Array(32),
    handshakeHash: new Uint8Array(32),
    remoteKey: new Uint8Array(32),
  };
  return new Link(new Transport(established, 0), of, counter, source, 0);
}

/** Accepts a handshake and adds its link. */
function shake(table: LinkTable, counter: number): Link {
  expect(table.takeHandshake(key, counter)).toBe(true);
  const made = link(counter);
  table.add(made);
  return made;
}

test("a counter is accepted once, and no lower one after it", () => {
  const table = new LinkTable();
  shake(table, 10);
  for (const counter of [10, 9, 0]) expect(table.takeHandshake(key, counter)).toBe(false);
  shake(table, 11);
});

test("that holds after a link was confirmed, removed, expired or replaced", () => {
  const table = new LinkTable();
  const first = shake(table, 10);
  table.confirm(first, 0);
  expect(table.takeHandshake(key, 10)).toBe(false);
  const second = shake(table, 20);
  // The counter of an unconfirmed INIT counts as well.
  expect(table.takeHandshake(key, 15)).toBe(false);
  table.confirm(second, 0);
  // The older link speaks again and becomes the current one.
  table.confirm(first, 0);
  expect(table.takeHandshake(key, 20)).toBe(false);
  table.remove(first);
  table.expire(limits.strangerMs);
  expect(table.size).toBe(0);
  expect(table.takeHandshake(key, 20)).toBe(false);
  shake(table, 21);
});

test("keys are independent of each other", () => {
  const table = new LinkTable();
  const other = Buffer.alloc(32, 8).toString("base64");
  table.confirm(shake(table, 10), 0);
  expect(table.takeHandshake(other, 1)).toBe(true);
  table.confirm(link(1, other), 0);
  expect(table.takeHandshake(other, 1)).toBe(false);
  expect(table.takeHandshake(key, 11)).toBe(true);
});

test("strangers are bounded in number: the oldest goes first", () => {
  const table = new LinkTable();
  const all = Array.from({ length: limits.strangers + 2 }, () => link(1));
  for (const one of all) table.add(one);
  expect([table.size, table.strangers]).toEqual([limits.strangers, limits.strangers]);
  expect(all.slice(0, 3).map((one) => table.at(one.index))).toEqual([undefined, undefined, all[2]]);
});

test("a link that was replaced stays for a while, however old it is", () => {
  const table = new LinkTable();
  const before = shake(table, 1);
  table.confirm(before, 0);
  table.admit(before, "asmith");
  const now = 10 * limits.strangerMs;
  table.confirm(shake(table, 2), now);
  table.expire(now + limits.strangerMs - 1);
  expect(table.at(before.index)).toBe(before);
  table.expire(now + limits.strangerMs);
  expect(table.at(before.index)).toBeUndefined();
});

test("a current link that is removed leaves its counter behind, and its keys are gone", () => {
  const table = new LinkTable();
  const current = shake(table, 10);
  table.confirm(current, 0);
  expect(current.transport.seal(new Uint8Array(16), 0).ok).toBe(true);
  table.remove(current);
  expect(current.transport.seal(new Uint8Array(16), 0)).toEqual({ ok: false, reason: "dead" });
  expect(table.currentOf(key)).toBeUndefined();
  expect(table.takeHandshake(key, 10)).toBe(false);
  shake(table, 11);
});

test("a link whose session ended stays for a while, however old it is", () => {
  const table = new LinkTable();
  const left = shake(table, 1);
  table.confirm(left, 0);
  table.admit(left, "asmith");
  const now = 10 * limits.strangerMs;
  table.dismiss(key, "asmith", now);
  table.expire(now + limits.strangerMs - 1);
  expect(table.at(left.index)).toBe(left);
  table.expire(now + limits.strangerMs);
  expect(table.at(left.index)).toBeUndefined();
});
