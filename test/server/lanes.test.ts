// Lanes: all that concerns one device is in one lane, the commits of several lanes overlap and end in any order, and a lane
// that fails or is slow does not concern the others.

import { expect, setDefaultTimeout, test } from "bun:test";
import { encode } from "../../lib/protocol/encode.ts";
import type { AskResult } from "../../lib/server/asks.ts";
import { laneOfDevice } from "../../lib/server/lanes.ts";
import { limits } from "../../lib/server/policy.ts";
import { StoreFailure } from "../../lib/server/store-failure.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { laneBench } from "./lane-store.ts";
import { codesOf, home, messageIn, say, type ServerBench } from "./server-bench.ts";

setDefaultTimeout(testTimeoutMs);

/** Two devices of different lanes out of four. */
const [anna, boris] = ["anna", "boris"];
const [annas, boriss] = [laneOfDevice(anna, 4), laneOfDevice(boris, 4)];
const both = [annas, boriss].sort((a, b) => a - b);
const elsewhere = { ip: "192.0.2.20", port: 1994 };

/** Both are logged in, and from now on a batch ends when the test says so. */
function bothOnline() {
  const { bench, store } = laneBench(4);
  bench.enter(anna);
  bench.enter(boris, elsewhere);
  store.isSlow = true;
  return { bench, store };
}

/** The DATA that answers the question in a reply. */
function answerTo(bench: ServerBench, id: string): string {
  const asked = messageIn(bench.turn()[0] as Parameters<typeof messageIn>[0]);
  const time = asked.type === "QUERY" ? asked.time : "";
  return encode({ type: "DATA", code: "01", id, address: null, time, message: "21.5" });
}

test("the devices of a fleet are spread over the lanes", () => {
  for (const nameOf of [(i: number) => `dev${i}`, (i: number) => `sensor-${2 * i}`, String]) {
    const counts = [0, 0, 0, 0];
    for (let i = 1; i <= 4_000; i++) counts[laneOfDevice(nameOf(i), 4)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(800);
  }
  expect(annas).not.toBe(boriss);
});

test("all that concerns one device is in its lane", () => {
  const { bench, store } = laneBench(997);
  const results: unknown[] = [];
  bench.enter(anna);
  bench.ask(say.data(anna, "21.5"));
  bench.ask(say.data(anna, "21.5"));
  bench.ask(say.query(anna, "02", anna));
  bench.question(anna, "01", results as AskResult[]);
  bench.ask(answerTo(bench, anna));
  expect(results).toMatchObject([{ kind: "answer" }]);
  // The rows of sessions.
  bench.pass(limits.touchEveryMs + 500);
  bench.engine.operator.allowText(anna, (known) => results.push(known), bench.moment);
  bench.turn();
  bench.ask(say.logoff(anna));
  bench.ask(say.login(anna));
  // It falls silent.
  bench.pass(600_000);
  expect(store.rows.endsOf(anna)).toEqual(["logoff", "offline"]);
  bench.ask(say.deregister(anna));
  // Nobody by this id.
  bench.ask(say.login(anna));
  bench.ask(say.data(anna, "21.5"));
  bench.question(anna, "01", results as AskResult[]);
  const mac = "aa:aa:aa:aa:aa:aa";
  const device = { id: anna, mac, ...home };
  bench.engine.operator.enroll(device, "a hash", ({ kind }) => results.push(kind), bench.moment);
  bench.engine.operator.remove(anna, (result) => results.push(result), bench.moment);
  bench.turn();
  expect(results.slice(1)).toEqual([true, { kind: "unknown" }, "done", "removed"]);
  expect(store.rows.applied).toContain("touch-sessions");
  expect(store.lanesUsed.length).toBeGreaterThan(15);
  expect([...new Set(store.lanesUsed)]).toEqual([laneOfDevice(anna, 997)]);
});

test("the rows of sessions are written in the lanes of their devices", () => {
  const { bench, store } = bothOnline();
  bench.receive(say.status(anna));
  bench.receive(say.status(boris), elsewhere);
  bench.turn();
  for (const end = bench.monotonic + limits.touchEveryMs; bench.monotonic < end;) {
    bench.wait(1_000);
    bench.engine.tick(bench.moment);
  }
  expect([annas, boriss].map((lane) => bench.engine.batch.sizeOf(lane))).toEqual([1, 1]);
  bench.turn();
  const first = Math.min(annas, boriss);
  expect(store.busy).toEqual([first]);
  store.end(first);
  expect(store.rows.applied.slice(-2)).toEqual(["touch-sessions", "touch-sessions"]);
});

test("lanes that are free at the same time share a commit, until it is large", () => {
  const { bench, store } = bothOnline();
  const [first, second] = both as [number, number];
  const ofFirst = first === annas ? anna : boris;
  const report = (id: string, number: number) =>
    bench.receive(say.data(id, String(number)), id === anna ? home : elsewhere);
  report(anna, 1);
  report(boris, 2);
  bench.turn();
  expect(store.busy).toEqual([first]);
  // Both lanes are busy until it ends.
  report(anna, 3);
  report(boris, 4);
  bench.turn();
  expect(store.busy).toEqual([first]);
  store.end(first);
  expect(codesOf(bench.turn())).toEqual(["50", "50"]);
  store.end(first);
  bench.turn();
  for (let number = 5; number < 205; number++) report(ofFirst, number);
  report(ofFirst === anna ? boris : anna, 205);
  bench.turn();
  expect(store.busy).toEqual([first, second]);
  store.end(second);
  store.end(first);
  expect(codesOf(bench.turn())).toHaveLength(201);
});

test("commits of two lanes overlap, and each is answered when it ends", () => {
  const { bench, store } = bothOnline();
  bench.receive(say.data(anna, "1"));
  expect(bench.turn()).toEqual([]);
  bench.receive(say.data(boris, "2"), elsewhere);
  bench.receive(say.data(anna, "3", "2"));
  bench.turn();
  expect(store.busy).toEqual(both);
  store.end(boriss);
  expect(codesOf(bench.turn())).toEqual(["50"]);
  // The next batch of a lane begins after the one before.
  store.end(annas);
  expect(codesOf(bench.turn())).toEqual(["50"]);
  expect(store.busy).toEqual([annas]);
  store.end(annas);
  expect(codesOf(bench.turn())).toEqual(["50"]);
  const messages = [...store.rows.reports.values()].map(({ message }) => message);
  expect(messages).toEqual(["2", "1", "3"]);
});

test("a batch that fails answers the requests of its own lane only", () => {
  const { bench, store } = bothOnline();
  bench.receive(say.data(anna, "1"));
  bench.turn();
  bench.receive(say.data(boris, "2"), elsewhere);
  bench.turn();
  store.end(annas, new StoreFailure("unknown", "the answer was lost"));
  expect(bench.turn()).toEqual([]);
  store.end(boriss);
  expect(codesOf(bench.turn())).toEqual(["50"]);
  bench.receive(say.data(anna, "3"));
  bench.turn();
  store.end(annas, new Error("disk full"));
  expect(codesOf(bench.turn())).toEqual(["95"]);
});

test("what waits behind a late commit is refused once it would be in the way of other lanes, not before", () => {
  const { bench, store } = bothOnline();
  const flood = (from: number, count: number) => {
    for (let i = 0; i < count; i++) bench.receive(say.data(anna, String(from + i)));
  };
  flood(0, 1);
  bench.turn();
  flood(1, limits.requestsPerTurn - 1);
  bench.wait(1_000);
  // So many may wait, as long as it takes.
  flood(limits.requestsPerTurn, 1);
  expect(bench.engine.batch.size).toBe(limits.requestsPerTurn);
  expect(bench.turn()).toEqual([]);
  bench.receive(say.data(boris, "here"), elsewhere);
  const refused = codesOf(bench.turn());
  expect(refused).toHaveLength(limits.requestsPerTurn);
  expect(new Set(refused)).toEqual(new Set(["93"]));
  expect(bench.errors.filter((line) => line.includes("1000 ms so far"))).toHaveLength(1);
  expect(store.busy).toEqual(both);
  store.end(boriss);
  expect(codesOf(bench.turn())).toEqual(["50"]);
  store.end(annas);
  expect(codesOf(bench.turn())).toEqual(["50"]);
});

test("if all lanes are late, what waits goes on waiting", () => {
  const { bench, store } = laneBench(1);
  bench.enter(anna);
  store.isSlow = true;
  bench.receive(say.data(anna, "first"));
  bench.turn();
  for (let i = 0; i < limits.requestsPerTurn; i++) bench.receive(say.data(anna, String(i)));
  bench.wait(60_000);
  bench.receive(say.data(anna, "last"));
  expect(bench.turn()).toEqual([]);
  expect(bench.engine.batch.size).toBe(limits.requestsPerTurn);
});
