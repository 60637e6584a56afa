// A store that fails: every request of the batch gets 95, nothing changes, and all works again once the store does.

import { expect, setDefaultTimeout, test } from "bun:test";
import { limits } from "../../lib/server/policy.ts";
import { codesOf, home, messageIn, say, ServerBench, stranger } from "./server-bench.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function broken(): ServerBench {
  const bench = new ServerBench();
  bench.enter("asmith");
  bench.store.trouble = "disk full";
  return bench;
}

test.each([
  ["REGISTER", say.register("bsmith", "192.0.2.11"), "00"],
  ["DEREGISTER", say.deregister("asmith"), "20"],
  ["LOGIN", say.login("asmith"), "70"],
  ["LOGOFF", say.logoff("asmith"), "80"],
  ["DATA", say.data("asmith", "x"), "50"],
  ["QUERY 01", say.query("asmith", "01", "nobody"), "DATA 11"],
  ["QUERY 02", say.query("asmith", "02", "asmith"), "DATA 01"],
])("%s gets 95 with its own id and hash, and works again afterwards", (_what, text, code) => {
  const bench = broken();
  const before = [...bench.store.sessions.values(), ...bench.store.devices.values()];
  const replies = bench.ask(text);
  expect(replies).toHaveLength(1);
  const id = text.includes("bsmith") ? "bsmith" : "asmith";
  const hash = Bun.SHA256.hash(text, "hex");
  const reason = "storage failed";
  expect(messageIn(replies[0]!)).toMatchObject({ type: "ACK", code: "95", id, hash, reason });
  expect([...bench.store.sessions.values(), ...bench.store.devices.values()]).toEqual(before);
  bench.store.trouble = null;
  expect(bench.codes(say.status("asmith"))).toEqual(["40"]);
  expect(bench.codes(text)).toEqual([code]);
});

const changes = [
  say.register("bsmith", "192.0.2.11"),
  say.deregister("asmith"),
  say.login("asmith"),
  say.logoff("asmith"),
  say.data("asmith", "x"),
  say.query("asmith", "02", "asmith"),
];

test.each(changes)(
  "%s gets 93 while the store is away, which is logged by the store alone",
  (text) => {
    const bench = broken();
    bench.store.how = "unavailable";
    const logged = bench.errors.length;
    const [reply, ...others] = bench.ask(text);
    expect(others).toEqual([]);
    const hash = Bun.SHA256.hash(text, "hex");
    expect(messageIn(reply!)).toMatchObject({ type: "ACK", code: "93", hash });
    expect(bench.errors.length).toBe(logged);
    bench.store.trouble = null;
    expect(bench.ask(text)).toHaveLength(1);
  },
);

test.each(changes)(
  "%s gets no answer if it may be stored or not, and one when it is repeated",
  (text) => {
    const bench = broken();
    bench.store.how = "unknown";
    expect(bench.ask(text)).toEqual([]);
    expect(bench.errors.at(-1)).toContain("may be stored or not: disk full");
    bench.store.trouble = null;
    expect(bench.ask(text)).toHaveLength(1);
  },
);

test("requests that need no disk are answered", () => {
  const bench = broken();
  expect(bench.codes(say.status("asmith"))).toEqual(["40"]);
  expect(bench.codes(say.query("asmith", "01", "asmith"))).toEqual(["DATA 01"]);
  expect(bench.codes(say.query("asmith", "03", "*"))).toEqual(["DATA 01"]);
});

test("every request of the batch gets 95", () => {
  const bench = broken();
  for (let i = 0; i < 100; i++) bench.receive(say.data("asmith", `${i}`));
  expect(codesOf(bench.turn())).toEqual(Array.from({ length: 100 }, () => "95"));
  expect(bench.store.reports.size).toBe(0);
  bench.store.trouble = null;
  for (let i = 0; i < 100; i++) bench.receive(say.data("asmith", `${i}`));
  expect(codesOf(bench.turn())).toEqual(Array.from({ length: 100 }, () => "50"));
});

test("a session whose end cannot be stored goes on, and ends once it can be stored", () => {
  const bench = broken();
  bench.ask(say.status("asmith", "every=10"));
  bench.pass(26_000);
  expect(bench.engine.desk.sessions.size).toBe(1);
  expect(bench.codes(say.status("asmith"))).toEqual(["40"]);
  bench.pass(26_000);
  bench.store.trouble = null;
  bench.pass(500);
  expect(bench.engine.desk.sessions.size).toBe(0);
  expect(bench.store.endsOf("asmith")).toEqual(["offline"]);
});

test("a LOGOFF that could not be stored leaves the session as it was, and can be sent again", () => {
  const bench = broken();
  bench.receive(say.logoff("asmith"));
  bench.receive(say.logoff("asmith"));
  expect(codesOf(bench.turn())).toEqual(["95"]);
  expect(bench.codes(say.status("asmith"))).toEqual(["40"]);
  bench.store.trouble = null;
  expect(bench.codes(say.logoff("asmith"))).toEqual(["80"]);
});

test("last packets that could not be written are written later", () => {
  const bench = broken();
  bench.pass(5_000);
  bench.ask(say.status("asmith", "every=77"));
  const heard = bench.wall;
  bench.pass(30_000);
  bench.store.trouble = null;
  bench.pass(11_000);
  expect(bench.store.openSessions()).toMatchObject([{ lastSeen: heard, everySeconds: 77 }]);
});

test("a REGISTER whose batch failed is hashed and stored when it is sent again", () => {
  const bench = new ServerBench();
  bench.receive(say.register("asmith"));
  bench.turn();
  bench.store.trouble = "disk full";
  bench.hash();
  expect(codesOf(bench.turn())).toEqual(["95"]);
  expect(bench.store.devices.size).toBe(0);
  bench.store.trouble = null;
  expect(bench.codes(say.register("asmith"))).toEqual(["00"]);
});

test("a store that does not tell the result of each step is broken: nothing is answered", () => {
  const bench = broken();
  bench.store.trouble = null;
  bench.receive(say.data("asmith", "one"));
  bench.receive(say.data("asmith", "two"));
  const apply = bench.store.apply.bind(bench.store);
  bench.store.apply = (steps) => apply(steps).slice(1);
  expect(() => bench.turn()).toThrow("1 results of 2 steps");
  expect(bench.engine.takeReplies()).toEqual([]);
});

test("each failed batch is a line of error.log with its reason, and a flood of them is limited", () => {
  const bench = broken();
  bench.errors.length = 0;
  bench.ask(say.data("asmith", "x"));
  expect(bench.errors).toEqual(["- storage failed, 1 operations were not stored: disk full"]);
  for (let i = 0; i < 1_000; i++) bench.ask(say.data("asmith", `${i}`));
  expect(bench.errors.length).toBeLessThanOrEqual(limits.errorLinesPerSecond + 1);
});

test("a flood of refused datagrams gives a bounded number of lines a second and a count of the rest", () => {
  const bench = new ServerBench();
  for (let i = 0; i < 5_000; i++) bench.receive(`garbage ${i}`, stranger);
  bench.turn();
  expect(bench.errors).toHaveLength(limits.errorLinesPerSecond);
  bench.wait(1_000);
  bench.ask("more garbage", stranger);
  const lost = 5_000 - limits.errorLinesPerSecond;
  expect(bench.errors.at(-2)).toBe(`- ${lost} more lines were not written here`);
  expect(bench.errors.at(-1)).toContain("refused a datagram of 12 bytes");
});

test.each([-3_600_000, 3_600_000])(
  "setting the wall clock by %d ms changes no limit of error.log",
  (stepMs) => {
    const bench = new ServerBench();
    for (let i = 0; i < 500; i++) bench.ask("garbage", home);
    bench.wall += stepMs;
    bench.errors.length = 0;
    bench.ask("garbage", home);
    expect(bench.errors).toEqual([]);
    bench.wait(1_000);
    bench.ask("garbage", home);
    expect(bench.errors.length).toBeGreaterThan(0);
  },
);
