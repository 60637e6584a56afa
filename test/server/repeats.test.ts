// A request that is repeated before it is answered: one effect and one answer, sent to where the last copy came from.

import { expect, setDefaultTimeout, test } from "bun:test";
import { codesOf, home, home2, say, ServerBench } from "./server-bench.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test.each([
  ["REGISTER", say.register("asmith"), "00"],
  ["LOGIN", say.login("asmith"), "70"],
  ["DEREGISTER", say.deregister("asmith"), "20"],
])("%s repeated in its batch, during the check and before the commit", (verb, text, code) => {
  const bench = verb === "REGISTER" ? new ServerBench() : ServerBench.with("asmith");
  bench.receive(text);
  bench.receive(text);
  expect(bench.turn()).toEqual([]);
  bench.receive(text);
  expect(bench.turn()).toEqual([]);
  expect(bench.jobs).toHaveLength(1);
  bench.hash();
  bench.receive(text, home2);
  const replies = bench.turn();
  expect(codesOf(replies)).toEqual([code]);
  expect(replies[0]?.to).toEqual(home2);
  expect(bench.engine.hasWork).toBe(false);
  expect(bench.jobs).toEqual([]);
});

test("a LOGIN repeated while its password is checked opens one session", () => {
  const bench = ServerBench.with("asmith");
  for (const from of [home, home, home2]) {
    bench.receive(say.login("asmith"), from);
    bench.turn();
  }
  bench.hash();
  expect(bench.turn().map(({ to }) => to)).toEqual([home2]);
  expect(bench.store.endsOf("asmith")).toEqual([null]);
});

test("a LOGIN with a cached password, twice in a batch, opens one session", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  bench.receive(say.login("asmith"));
  bench.receive(say.login("asmith"), home2);
  const replies = bench.turn();
  expect(codesOf(replies)).toEqual(["70"]);
  expect(replies[0]?.to).toEqual(home2);
  expect(bench.store.endsOf("asmith")).toEqual(["replaced", null]);
});

test("once answered, the same LOGIN is a new request: the device has rebooted", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  expect(bench.codes(say.login("asmith"))).toEqual(["70"]);
  expect(bench.codes(say.login("asmith"))).toEqual(["70"]);
  expect(bench.store.sessions.size).toBe(3);
});

test("the same bytes from another host are another request", () => {
  const bench = ServerBench.with("asmith");
  bench.receive(say.login("asmith"), home);
  bench.receive(say.login("asmith"), { ip: "192.0.2.77", port: 1 });
  bench.turn();
  bench.hash();
  expect(codesOf(bench.turn())).toEqual(["70", "70"]);
});

test("a repeat whose batch fails is answered 95 at its newest port, and may be sent again", () => {
  const bench = ServerBench.with("asmith");
  bench.store.trouble = "disk full";
  bench.receive(say.login("asmith"), home);
  bench.receive(say.login("asmith"), home2);
  const replies = bench.turn();
  expect(codesOf(replies)).toEqual(["95"]);
  expect(replies[0]?.to).toEqual(home2);
  bench.store.trouble = null;
  expect(bench.codes(say.login("asmith"))).toEqual(["70"]);
});

test("a check that fails is answered 93, and the request may be sent again", () => {
  const bench = ServerBench.with("asmith");
  bench.receive(say.login("asmith"));
  bench.turn();
  bench.hash(() => ({ failed: "no memory" }));
  expect(codesOf(bench.turn())).toEqual(["93"]);
  expect(bench.codes(say.login("asmith"))).toEqual(["70"]);
});

test("a LOGOFF repeated before its commit gets one answer, after the commit", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  bench.receive(say.logoff("asmith"));
  bench.receive(say.logoff("asmith"), home2);
  expect(bench.engine.takeReplies()).toEqual([]);
  const replies = bench.turn();
  expect(codesOf(replies)).toEqual(["80"]);
  expect(replies[0]?.to).toEqual(home2);
});

test("a LOGOFF repeated between commit and answer is joined to the first one", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  bench.receive(say.logoff("asmith"));
  const batch = bench.engine.batch.take(0);
  bench.receive(say.logoff("asmith"), home2);
  expect(bench.engine.hasWork).toBe(false);
  const results = bench.store.apply(batch.map(({ step }) => step));
  bench.engine.complete(batch, results, bench.moment);
  expect(codesOf(bench.turn())).toEqual(["80"]);
});

test("equal bytes after the answer are a new request: no session to end, no device to remove", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  expect(bench.codes(say.logoff("asmith"))).toEqual(["80"]);
  expect(bench.codes(say.logoff("asmith"))).toEqual(["31"]);
  expect(bench.codes(say.deregister("asmith"))).toEqual(["20"]);
  expect(bench.codes(say.deregister("asmith"))).toEqual(["21"]);
});

test("ten equal readings of a device without a clock are one report, ten 50 and nine repeats that are counted", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  const reading = say.data("asmith", "21.5", "0");
  for (let i = 0; i < 10; i++) expect(bench.codes(reading)).toEqual(["50"]);
  expect(bench.store.reports.size).toBe(1);
  // They are written with the session's row; where that fails, later.
  bench.store.trouble = "disk full";
  bench.pass(11_000);
  expect(bench.store.devices.get("asmith")?.repeats).toBe(0);
  bench.store.trouble = null;
  bench.ask(reading);
  bench.pass(11_000);
  expect(bench.store.devices.get("asmith")?.repeats).toBe(10);
  bench.ask(say.status("asmith"));
  bench.pass(11_000);
  expect(bench.store.devices.get("asmith")?.repeats).toBe(10);
});
