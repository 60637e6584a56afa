// Channels of several nodes on one database: what one tells, relays or asks, the others hear, within their limits; what is
// no notice does nothing.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { NodeQuestion } from "../../../../lib/server/nodes.ts";
import { channelOf, encodeNotice, everyone } from "../../../../lib/store/postgres/nodes/notices.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";
import { newAddress } from "../postgres-fixtures.ts";
import {
  closeNodes,
  connectionsOf,
  notify,
  openNode,
  placed,
  type TestTable,
} from "./channel-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeNodes);

const newTable = async (): Promise<TestTable> => ({ address: await newAddress(), rows: new Map() });
const question: NodeQuestion = { id: "device-1", code: "07", target: "*", by: "api" };

test("three nodes hear of each other's changes, and none of its own", async () => {
  const table = await newTable();
  const [a, b, c] = [
    await openNode(table, "a"),
    await openNode(table, "b"),
    await openNode(table, "c"),
  ];
  table.rows.set("device-1", placed("device-1", "a"));
  a.channel.tell(["device-1", "gone"]);
  b.channel.tell(["device-2"]);
  for (const node of [b, c]) await until("a's change", () => node.changed.has("gone"));
  for (const node of [a, c]) await until("b's change", () => node.changed.has("device-2"));
  expect(c.changed.get("device-1")).toEqual(placed("device-1", "a"));
  expect(c.changed.get("gone")).toBeNull();
  expect([...a.changed.keys()]).toEqual(["device-2"]);
  expect([...b.changed.keys()].sort()).toEqual(["device-1", "gone"]);
});

test("5,000 changes go in bulk", async () => {
  const table = await newTable();
  const [a, b] = [await openNode(table, "a"), await openNode(table, "b")];
  const ids = Array.from({ length: 5_000 }, (_, i) => `device-${i}`);
  for (const id of ids) table.rows.set(id, placed(id, "a"));
  a.channel.tell(ids);
  await until("all", () => b.changed.size === ids.length);
  expect(b.changed).toEqual(table.rows);
});

test("a change that cannot be sent goes later", async () => {
  const table = await newTable();
  const [a, b] = [await openNode(table, "a", { tellMs: 5 }), await openNode(table, "b")];
  a.isCutOff = true;
  a.channel.tell(["device-1"]);
  await until("some attempts", () => a.failures > 3);
  a.isCutOff = false;
  await until("the change", () => b.changed.has("device-1"));
});

test("what a node tells itself is newer than what it is reading", async () => {
  const table = await newTable();
  const [a, b] = [await openNode(table, "a"), await openNode(table, "b")];
  table.rows.set("device-1", placed("device-1", "b"));
  const told: unknown[] = [];
  a.onRead = async () => {
    a.onRead = async () => {};
    table.rows.set("device-1", placed("device-1", "a"));
    a.channel.tell(["device-1"]);
    told.push(a.changed.get("device-1"));
  };
  b.channel.tell(["device-1", "device-2"]);
  await until("the other change", () => a.changed.has("device-2"));
  told.push(a.changed.get("device-1"));
  await until("the change", () => a.changed.has("device-1"));
  told.push(a.changed.get("device-1"));
  expect(told).toEqual([undefined, undefined, placed("device-1", "a")]);
});

test("after more changes than can be named, the others compare everything", async () => {
  const table = await newTable();
  const [a, b] = [await openNode(table, "a"), await openNode(table, "b")];
  b.sessions.add("its-own");
  a.channel.tell(Array.from({ length: 100_001 }, (_, i) => `device-${i}`));
  await until("the comparison", () => b.changed.has("its-own"));
  expect([...b.changed.keys()]).toEqual(["its-own"]);
});

test("a packet reaches the node that it is for; more than 200 at once are dropped", async () => {
  const table = await newTable();
  const [a, b, c] = [
    await openNode(table, "a"),
    await openNode(table, "b"),
    await openNode(table, "c"),
  ];
  const packet = new Uint8Array(1_200).map((_, i) => i * 7);
  for (let i = 0; i < 2_000; i++) a.channel.relay("b", { from: "x", to: `y-${i}`, packet });
  a.channel.tell(["last"]);
  for (const node of [b, c]) await until("what was sent last", () => node.changed.has("last"));
  expect(b.relayed[0]).toEqual({ from: "x", to: "y-0", packet });
  expect(b.relayed.length).toBeGreaterThanOrEqual(200);
  expect(b.relayed.length).toBeLessThan(1_000);
  expect(c.relayed).toEqual([]);
});

test("a question gets the answer of the node that it was for", async () => {
  const table = await newTable();
  const [a, b] = [await openNode(table, "a"), await openNode(table, "b")];
  const message = '\0\u001b"\\\u2028→😀\u007f'.repeat(80);
  expect(Buffer.byteLength(message)).toBe(1_200);
  const result = { kind: "answer", code: "01", time: "2026-11-22:09:15:06", message } as const;
  b.answer = async () => result;
  expect(await a.channel.ask("b", question)).toEqual(result);
  b.answer = async () => ({ kind: "not-logged-in" });
  expect(await a.channel.ask("b", question)).toEqual({ kind: "not-logged-in" });
  b.answer = () => Promise.reject(new Error("no"));
  expect(await a.channel.ask("b", question)).toEqual({ kind: "busy" });
  expect(b.asked).toEqual([question, question, question]);
  expect(a.asked).toEqual([]);
});

test("answers find their questions, in any order", async () => {
  const table = await newTable();
  const [a, b] = [await openNode(table, "a"), await openNode(table, "b")];
  const ends: (() => void)[] = [];
  b.answer = ({ id }) =>
    new Promise((resolve) => {
      ends.push(() => resolve({ kind: "answer", code: "01", time: "t", message: id }));
    });
  const asked = [1, 2, 3].map((i) => a.channel.ask("b", { ...question, id: `device-${i}` }));
  await until("the questions", () => ends.length === 3);
  for (const end of ends.reverse()) end();
  expect(await Promise.all(asked)).toMatchObject(
    [1, 2, 3].map((i) => ({ message: `device-${i}` })),
  );
});

test("a question without an answer ends, as does one to a node that is gone", async () => {
  const table = await newTable();
  const a = await openNode(table, "a", { askMs: 50 });
  const b = await openNode(table, "b");
  b.answer = () => new Promise(() => {});
  expect(await a.channel.ask("b", question)).toEqual({ kind: "no-answer" });
  await b.channel.stop();
  expect(await a.channel.ask("b", question)).toEqual({ kind: "no-answer" });
});

test("a question that cannot be sent, or is one too many, is refused at once", async () => {
  const table = await newTable();
  const a = await openNode(table, "a");
  const b = await openNode(table, "b");
  b.answer = () => new Promise(() => {});
  a.isCutOff = true;
  expect(await a.channel.ask("b", question)).toEqual({ kind: "busy" });
  a.isCutOff = false;
  const open = Array.from({ length: 1_024 }, () => a.channel.ask("b", question));
  expect(await a.channel.ask("b", question)).toEqual({ kind: "busy" });
  await until("all of them", () => b.asked.length === 1_024);
  await a.channel.stop();
  expect(new Set((await Promise.all(open)).map(({ kind }) => kind))).toEqual(
    new Set(["no-answer"]),
  );
});

test("what another program says there does nothing, unless it is a notice", async () => {
  const table = await newTable();
  const a = await openNode(table, "a");
  const own = channelOf("a");
  const ask = encodeNotice("other", { kind: "ask", ticket: "other.1", asker: "other", question });
  const answer = encodeNotice("other", {
    kind: "answer",
    ticket: "other.1",
    result: { kind: "busy" },
  });
  const junk = ["", "not JSON", "null", "1e999", "9".repeat(7_000), "[[[[", '{"kind":"all"}'];
  const wrong = ['{"sender":"x","kind":"later"}', '{"sender":"x","kind":"changed","ids":[1e300]}'];
  const probe = '{"sender":"x","kind":"probe","number":1e300}';
  for (const text of [...junk, ...wrong, probe, answer]) {
    await notify(table, [everyone, text], [own, text]);
  }
  // A notification may come twice: the question is asked once.
  await notify(table, [own, ask], [own, ask]);
  await notify(table, [everyone, encodeNotice("other", { kind: "changed", ids: ["last"] })]);
  await until("the only change", () => a.changed.has("last"));
  expect([...a.changed.keys()]).toEqual(["last"]);
  expect(a.asked).toEqual([question]);
  expect([a.relayed, a.said]).toEqual([[], []]);
});

test("behind a pooler the channel is silent and deaf, but compares", async () => {
  const table = await newTable();
  const a = await openNode(table, "a", {}, { ...table.address, prepare: false });
  const b = await openNode(table, "b");
  a.channel.tell(["device-1"]);
  a.channel.relay("b", { from: "x", to: "y", packet: new Uint8Array(1) });
  b.channel.tell(["device-2"]);
  expect(await a.channel.ask("b", question)).toEqual({ kind: "busy" });
  a.sessions.add("its-own");
  await a.channel.settle();
  expect([...a.changed.keys()]).toEqual(["its-own"]);
  a.channel.compare(["asked-for"]);
  await until("the comparison", () => a.changed.has("asked-for"));
  await notify(table, [everyone, encodeNotice("other", { kind: "changed", ids: ["last"] })]);
  await until("what was sent last", () => b.changed.has("last"));
  expect([...a.changed.keys()]).toEqual(["its-own", "asked-for"]);
  expect([[...b.changed.keys()], b.relayed]).toEqual([["last"], []]);
});

test("a channel that stops says what it has to say, and is deaf", async () => {
  const table = await newTable();
  const [a, b] = [await openNode(table, "stops"), await openNode(table, "b")];
  a.channel.tell(["first"]);
  await until("a change", () => b.changed.has("first"));
  a.channel.tell(["last"]);
  await a.channel.stop();
  b.channel.tell(["later"]);
  await until("the last change", () => b.changed.has("last"));
  await until("its end", async () => (await connectionsOf("stops")) === 0);
  expect(await a.channel.ask("b", question)).toEqual({ kind: "busy" });
  a.channel.tell(["never"]);
  a.channel.relay("b", { from: "x", to: "y", packet: new Uint8Array(1) });
  expect([...a.changed.keys()]).toEqual([]);
});
