// The door of a whole server: who waits, who is let in by approval, window or token, and what a crash, a restart, a wrong clock and
// a crowd change about it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { pendingMax } from "../../../lib/server/door/door-rows.ts";
import { labelsText, noLabels } from "../../../lib/server/labels.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { NotedNodes } from "../node-bench.ts";
import { defaultPolicy } from "../default-policy.ts";
import { ScriptedStore } from "../scripted-store.ts";
import { home, say, ServerBench, stranger } from "../server-bench.ts";
import { actAt, DoorBench } from "./door-bench.ts";

setDefaultTimeout(testTimeoutMs);

const waits = "93 waiting for approval";
const token = "join-0123456789abcdefghjkmnpqrs";
const secret = `${token}.its own`;

test("an unknown device waits, is approved, and registers when it asks again", () => {
  const door = new DoorBench("approve");
  expect(door.knock("th-1", home)).toBe(waits);
  door.bench.pass(60_000);
  expect(door.knock("th-1", home)).toBe(waits);
  expect(door.pending).toMatchObject([
    { id: "th-1", mac: "mac-th-1", source: home.ip, tries: 2, state: "waiting", clientKey: null },
  ]);
  expect(door.bench.engine.takeHashJobs()).toEqual([]);
  const labels = new Map([["area", "Kitchen"]]);
  expect(door.judge("th-1", "approved", labels)).toBe("approved");
  expect(door.bench.codes(say.login("th-1", "a password of its own"))).toEqual(["31"]);
  expect(door.knock("th-1", home)).toBe("00");
  expect(door.bench.codes(say.login("th-1", "a password of its own"))).toEqual(["70"]);
  expect(door.pending).toEqual([]);
  expect(labelsText(door.store.rows.labels.get("th-1")?.labels ?? noLabels)).toBe("area=Kitchen");
  const told = door.facts.map((fact) =>
    fact.kind === "pending" ? `${fact.id} ${fact.state}` : fact.kind,
  );
  expect(told.slice(0, 4)).toEqual(["th-1 waiting", "th-1 approved", "registered", "labelled"]);
  // Of a device that asks once a minute the log says once that it waits.
  expect(door.bench.errors.filter((line) => line.includes("waiting for approval"))).toHaveLength(1);
});

test("a rejected device is refused, and the answer to others says nothing of it", () => {
  const door = new DoorBench("approve");
  door.knock("th-1", home);
  expect(door.judge("th-1", "rejected")).toBe("rejected");
  expect(door.knock("th-1", home)).toBe("31");
  expect(door.bench.errors.at(-1)).toContain("it was rejected");
  door.open(60_000);
  expect(door.knock("th-1", home)).toBe("31");
  expect(door.judge("th-1", "approved")).toBe("approved");
  expect(door.knock("th-1", home)).toBe("00");
});

test("whoever takes the id of a pending device gets nothing of its approval", () => {
  const door = new DoorBench("approve");
  expect(door.knock("th-1", home)).toBe(waits);
  const other = "93 another device waits under this id";
  expect(door.knock("th-1", stranger)).toBe(other);
  expect(door.knock("th-1", home, "x", "another-MAC")).toBe(other);
  door.judge("th-1", "approved");
  expect(door.knock("th-1", stranger)).toBe(other);
  expect(door.knock("th-1", home, "x", "another-MAC")).toBe(other);
  expect(door.store.devices.size).toBe(0);
  expect(door.knock("th-1", home)).toBe("00");
  expect(door.knock("th-1", stranger, "x", "another-MAC")).toBe("11");
});

test("what could not be registered does not wait, and uses no token", () => {
  const door = new DoorBench("approve");
  door.token(token, { usesLeft: 1 });
  expect(door.knock("a", home, secret)).toBe("00");
  door.token(`${token.slice(0, -1)}t`, { usesLeft: 2 });
  const second = `${token.slice(0, -1)}t.own`;
  expect(door.knock("b", home, second)).toBe("12");
  expect(door.knock("b", home)).toBe("12");
  expect(door.knock("b", stranger, second, "mac-a")).toBe("13");
  expect(door.knock("a", home, second)).toBe("01");
  expect(door.knock("a", stranger, second, "other")).toBe("11");
  expect([door.view.tokens[1]?.used, door.pending]).toEqual([0, []]);
});

test("a restart keeps the window, who waits, and the uses of a token", () => {
  const door = new DoorBench("closed");
  door.open(300_000, new Map([["area", "Cellar"]]));
  door.token(token, { usesLeft: 2 });
  expect(door.knock("a", home, secret)).toBe("00");
  door.token(`${token.slice(0, -1)}t`, { approve: true });
  door.open(0);
  expect(door.knock("b", stranger, `${token.slice(0, -1)}t.own`)).toBe(waits);
  door.open(300_000);
  door.bench.pass(100_000);
  door.restart(50_000);
  expect(door.view.leftMs).toBe(149_750);
  expect(door.view).toMatchObject({
    pending: [{ id: "b" }],
    tokens: [{ usesLeft: 1, used: 1 }, {}],
  });
  expect(door.knock("c", { ip: "192.0.2.77", port: 1 })).toBe("00");
  door.bench.pass(149_750);
  expect(door.view.leftMs).toBe(0);
  expect(door.knock("d", { ip: "192.0.2.78", port: 1 })).toBe("31");
  expect(door.facts.findLast(({ kind }) => kind === "window")).toMatchObject({ isOpen: false });
  // Also a start with a clock of long ago opens it no more.
  door.restart(-9e11);
  expect(door.knock("d", { ip: "192.0.2.78", port: 1 })).toBe("31");
});

test("a window ends by the monotonic clock, whatever the wall clock shows", () => {
  const door = new DoorBench("closed");
  door.open(60_000);
  door.bench.wall += 9e10;
  expect(door.knock("a", home)).toBe("00");
  door.bench.wall -= 18e10;
  door.bench.pass(59_000);
  expect(door.knock("b", stranger)).toBe("00");
  door.bench.pass(1_000);
  expect(door.knock("c", { ip: "192.0.2.77", port: 1 })).toBe("31");
});

test("a start with a clock that was never set makes a window a minute longer at most", () => {
  const door = new DoorBench("closed");
  door.open(600_000);
  door.bench.pass(500_000);
  door.restart(-1e12);
  expect(door.view.leftMs).toBeLessThanOrEqual(160_000);
  expect(door.view.leftMs).toBeGreaterThan(90_000);
});

test("of N + 1 devices that race for N uses, N register", () => {
  const door = new DoorBench("closed");
  door.token(token, { usesLeft: 5 });
  for (let i = 0; i < 6; i++) {
    const from = { ip: `192.0.2.${100 + i}`, port: 1 };
    door.bench.receive(say.register(`d${i}`, from.ip, 1, `${token}.${i}`), from);
  }
  // All of them were looked at, and none has registered: six passwords are being hashed.
  door.bench.turn();
  expect(door.bench.jobs).toHaveLength(6);
  door.bench.hash();
  const codes = door.bench.turn().map(({ text }) => text.split("\t")[1] as string);
  expect(codes.filter((code) => code === "00")).toHaveLength(5);
  expect(codes.filter((code) => code === "31")).toHaveLength(1);
  expect(door.view.tokens).toMatchObject([{ usesLeft: 0, used: 5 }]);
  expect(door.bench.errors.at(-1)).toContain("join token 1 is used up");
});

test("a commit that fails uses no token; a lost answer is followed by 01", () => {
  const door = new DoorBench("closed");
  door.token(token);
  door.bench.receive(say.register("a", home.ip, home.port, secret));
  door.bench.turn();
  door.bench.hash();
  door.store.trouble = "the disk is full";
  expect(door.bench.turn().map(({ text }) => text.split("\t")[1])).toEqual(["95"]);
  door.store.trouble = null;
  expect(door.view.tokens).toMatchObject([{ usesLeft: 1 }]);
  expect(door.knock("a", home, secret)).toBe("00");
  expect(door.knock("a", home, secret)).toBe("01");
  expect(door.view.tokens).toMatchObject([{ usesLeft: 0, used: 1 }]);
});

test("a token in text is refused without --text, before its password is hashed", () => {
  const door = new DoorBench("open");
  door.token(token, { text: false });
  door.bench.receive(say.register("a", home.ip, home.port, secret));
  expect(door.bench.turn()).toHaveLength(1);
  expect(door.bench.jobs).toEqual([]);
  expect(door.bench.errors.at(-1)).toContain("came in text");
  expect(door.bench.errors.join()).not.toContain(token);
});

test("100,000 unknown devices from 100 sources: bounded rows, no password is hashed, small answers, and an honest one gets in", () => {
  const door = new DoorBench("approve");
  let [received, replied] = [0, 0];
  for (let i = 0; i < 100_000; i++) {
    const sources = i < 50_000 ? 20 : 100;
    const from = { ip: `198.51.100.${i % sources}`, port: 1 + (i >> 8) };
    const text = say.register(`x${i}`, from.ip, from.port);
    received += text.length;
    door.bench.receive(text, from);
    if (i % 1_000 !== 999) continue;
    for (const reply of door.bench.turn()) replied += reply.text.length;
    door.bench.wait(10);
    // It comes when there is no room any more, and asks again in the middle of the others.
    if (i % 10_000 === 9_999 && i > 60_000) expect(door.knock("honest", home)).toBe(waits);
  }
  expect(door.bench.jobs).toEqual([]);
  const { pending } = door.view;
  expect(pending).toHaveLength(pendingMax);
  const counts = [...Map.groupBy(pending, ({ source }) => source).values()].map(
    (rows) => rows.length,
  );
  expect(Math.max(...counts)).toBeLessThanOrEqual(Math.ceil(pendingMax / 100) + 1);
  expect(replied).toBeLessThan(3 * received);
  expect(door.store.devices.size).toBe(0);
  expect(door.judge("honest", "approved")).toBe("approved");
  expect(door.knock("honest", home)).toBe("00");
});

test("at another server of the store a window is open by its row, and ends there, too", () => {
  const [rows, other] = [new ScriptedStore("a"), "b"];
  const policy = { ...defaultPolicy, join: "closed" } as const;
  const one = new ServerBench(rows, [], rows, new NotedNodes("a"), policy);
  const shared = new ScriptedStore(other, rows);
  const two = new ServerBench(shared, [], shared, new NotedNodes(other), policy);
  two.pass(250);
  actAt(one, { what: "window", forMs: 60_000, labels: noLabels });
  expect(two.codes(say.register("a", stranger.ip), stranger)).toEqual(["00"]);
  two.pass(10_000);
  expect(two.engine.desk.window.open(two.monotonic)).not.toBeNull();
  actAt(one, { what: "window", forMs: 0, labels: noLabels });
  expect(two.codes(say.register("b", home.ip), home)).toEqual(["31"]);
  two.pass(10_000);
  expect(two.engine.desk.window.open(two.monotonic)).toBeNull();
});
