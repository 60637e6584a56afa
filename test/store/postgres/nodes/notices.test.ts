// The notifications as text: what is written is read again, and what is not of this form is no notice.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  channelOf,
  decodeNotice,
  encodeNotice,
  everyone,
  idCharsAtOnce,
  type Notice,
  noticeBytesMax,
} from "../../../../lib/store/postgres/nodes/notices.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** 1,200 bytes that JSON would write as up to six each. */
const odd = '\0\u001b"\\\u2028→😀\u007f'.repeat(80);
const question = { id: "x".repeat(64), code: "07", target: "*", by: "dashboard" } as const;
const longestName = "n".repeat(255);

const notices: Notice[] = [
  { kind: "changed", ids: ["a", "b-1", "server"] },
  { kind: "all" },
  {
    kind: "relay",
    relayed: { from: "a", to: "b", packet: new Uint8Array(1_200).map((_, i) => i) },
  },
  { kind: "ask", ticket: "r.1", asker: longestName, question },
  { kind: "answer", ticket: "r.1", result: { kind: "busy" } },
  {
    kind: "answer",
    ticket: "r.1",
    result: { kind: "answer", code: "01", time: "2026-11-22:09:15:06", message: odd },
  },
  { kind: "answer", ticket: "r.1", result: { kind: "answer", code: "01", time: "t", message: "" } },
  { kind: "probe", number: 7 },
];

test("a notice is read as it was written, and fits", () => {
  for (const notice of notices) {
    const text = encodeNotice("sender", notice);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(noticeBytesMax);
    expect(decodeNotice(text)).toEqual({ sender: "sender", notice });
  }
  expect(Buffer.byteLength(odd)).toBe(1_200);
});

test("the most ids fit in a notice", () => {
  const ids = Array.from({ length: idCharsAtOnce / 5 }, (_, i) => `${1_000 + (i % 9_000)}`);
  const text = encodeNotice("s".repeat(16), { kind: "changed", ids });
  expect(text.length).toBeLessThanOrEqual(noticeBytesMax);
});

test("what is of another form is no notice", () => {
  const sender = "s";
  const ask = { sender, kind: "ask", ticket: "t", asker: "n", ...question };
  const answer = { sender, kind: "answer", ticket: "t", result: "answer", code: "01", time: "t" };
  const relay = { sender, kind: "relay", from: "a", to: "b", packet: "AAAA" };
  const junk: unknown[] = [
    null,
    1e308,
    [],
    "changed",
    {},
    { sender, kind: "later" },
    { sender, kind: "toString" },
    { sender: "", kind: "all" },
    { sender: 5, kind: "all" },
    { sender: "s".repeat(256), kind: "all" },
    { kind: "all" },
    { sender, kind: ["all"] },
    { sender, kind: "changed" },
    { sender, kind: "changed", ids: ["a"] },
    { sender, kind: "changed", ids: "" },
    { sender, kind: "changed", ids: ",.,..,ä," },
    { ...relay, from: "" },
    { ...relay, to: 1 },
    { ...relay, packet: "" },
    { ...relay, packet: "a b" },
    { ...relay, packet: { length: 4 } },
    { ...relay, packet: "A".repeat(1_604) },
    { ...ask, ticket: null },
    { ...ask, asker: "" },
    { ...ask, asker: "n".repeat(256) },
    { ...ask, id: "." },
    { ...ask, code: "7" },
    { ...ask, target: "a b" },
    { ...ask, by: "toString" },
    { ...ask, by: null },
    { ...answer, message: 1 },
    { ...answer, message: "A".repeat(1_604) },
    { ...answer, message: "", code: "x" },
    { ...answer, message: "", time: "\n" },
    { ...answer, message: "", result: "later" },
    { ...answer, message: "", ticket: [] },
    { sender, kind: "probe", number: "1" },
    { sender, kind: "probe" },
  ];
  for (const value of junk)
    expect([value, decodeNotice(JSON.stringify(value))]).toEqual([value, null]);
  for (const text of ["", "{", "not json", "[".repeat(7_900), "1".repeat(7_900), '{"a":1}}']) {
    expect(decodeNotice(text)).toBeNull();
  }
});

test("a changed notice keeps what is an id, and leaves the rest out", () => {
  const text = JSON.stringify({ sender: "s", kind: "changed", ids: "a,ä,,b", later: 1 });
  expect(decodeNotice(text)?.notice).toEqual({ kind: "changed", ids: ["a", "b"] });
});

test("any prefix of a notice throws nothing", () => {
  for (const notice of notices) {
    const text = encodeNotice("s", notice);
    for (let end = 0; end < text.length; end++) expect(decodeNotice(text.slice(0, end))).toBeNull();
  }
});

test("each node has a channel of its own, whose name is an identifier", () => {
  const names = ["", "a", "A", "host:9000", "ü".repeat(300)];
  const channels = new Set([everyone, ...names.map((name) => channelOf(name))]);
  expect(channels.size).toBe(6);
  for (const channel of channels) expect(channel).toMatch(/^[a-z_0-9]{1,63}$/);
});
