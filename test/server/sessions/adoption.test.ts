// A session goes on at another node: its first request there moves it, and what memory knows of it already stays.

import { expect, setDefaultTimeout, test } from "bun:test";
import { limits } from "../../../lib/server/policy.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { NodeBench } from "../node-bench.ts";
import { codesOf, home, say, stranger } from "../server-bench.ts";

setDefaultTimeout(testTimeoutMs);

test("a text device goes on at another node without a LOGIN, and nobody else does", () => {
  const a = new NodeBench("a");
  const b = new NodeBench("b", a);
  a.bench.enter("asmith");
  expect(b.bench.codes(say.data("asmith", "x"), stranger)).toEqual(["51"]);
  expect(b.bench.codes(say.status("asmith", "every=10"))).toEqual(["40"]);
  expect(b.placed("asmith")).toMatchObject({ node: "b", ended: null });
  expect(b.bench.codes(say.data("asmith", "x"))).toEqual(["50"]);
  expect(b.facts).toMatchObject([{ kind: "moved", id: "asmith" }]);
  expect(b.bench.jobs).toEqual([]);
});

test("the look-up of a request that came before a LOGIN leaves the session of the LOGIN as it is", () => {
  const a = new NodeBench("a", null, true);
  const { bench, lane } = a;
  bench.enter("asmith");
  bench.ask(say.logoff("asmith"));
  lane.isSlow = true;
  bench.receive(say.login("asmith"));
  bench.turn();
  bench.receive(say.data("asmith", "x"));
  lane.end(0);
  expect(codesOf(bench.turn())).toEqual(["70"]);
  // The DATA looks in the store for the session that memory has by now.
  bench.receive(say.status("asmith", "every=10"));
  bench.receive(say.logoff("asmith"));
  expect(codesOf(bench.turn())).toEqual(["40"]);
  const session = a.session("asmith");
  lane.end(0);
  expect(a.session("asmith")).toBe(session);
  expect(session).toMatchObject({ everySeconds: 10, ending: true });
  lane.isSlow = false;
  expect(codesOf(bench.turn())).toEqual(["51", "80"]);
  expect(bench.engine.desk.sessions.size).toBe(0);
  expect(bench.codes(say.status("asmith"), home)).toEqual(["41"]);
});

test("one source cannot fill the room of all whose sessions are looked for", () => {
  const a = new NodeBench("a");
  const b = new NodeBench("b", a);
  a.bench.enter("asmith");
  const { bench } = b;
  for (let i = 0; i < limits.adoptions; i++) bench.receive(say.data(`no-${i}`, "x"), stranger);
  bench.receive(say.data("asmith", "x"), home);
  const codes: string[] = [];
  for (let turns = 0; turns < 20; turns++) codes.push(...codesOf(bench.turn()));
  expect(codes.filter((code) => code === "50")).toEqual(["50"]);
  const { busy } = bench.engine.desk.counters;
  expect(busy).toBe(limits.adoptions - limits.adoptionsOfOne);
});
