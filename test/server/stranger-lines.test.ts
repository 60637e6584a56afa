// Activity.log under a flood: requests of sources without a session are limited and counted, those of others are all
// there.

import { expect, setDefaultTimeout, test } from "bun:test";
import { limits } from "../../lib/server/policy.ts";
import { home, say, ServerBench, stranger } from "./server-bench.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const flood = 20_000;

test.each([
  ["LOGOFF", () => say.logoff("nobody")],
  ["REGISTER", () => say.register("asmith")],
  ["DEREGISTER", () => say.deregister("nobody")],
] as const)("a flood of %s leaves room for what others do", (_verb, text) => {
  const bench = new ServerBench();
  bench.enter("asmith");
  bench.activity.length = 0;
  for (let i = 0; i < flood; i++) {
    bench.receive(text(), stranger);
    if (i % 1_000 === 0) bench.turn();
  }
  bench.turn();
  expect(bench.activity.length).toBeLessThanOrEqual(limits.strangerLinesBurst);
  expect(bench.ask(say.logoff("asmith"), home)).toHaveLength(1);
  expect(bench.activity.slice(-2)).toEqual([
    expect.stringContaining("RECV LOGOFF asmith"),
    expect.stringContaining("80 asmith logged off"),
  ]);
});

test("what was left out is counted in the next line", () => {
  const bench = new ServerBench();
  for (let i = 0; i < limits.strangerLinesBurst + 7; i++) bench.ask(say.logoff("nobody"), stranger);
  bench.wait(1_000);
  bench.ask(say.logoff("nobody"), stranger);
  expect(bench.activity.slice(-2)).toEqual([
    "- - 7 more lines were not written here: of sources without a session",
    expect.stringContaining("RECV LOGOFF nobody"),
  ]);
});

test("a stored registration is always told", () => {
  const bench = new ServerBench();
  for (let i = 0; i < limits.strangerLinesBurst; i++) bench.ask(say.logoff("nobody"), stranger);
  bench.ask(say.register("asmith"));
  expect(bench.activity.at(-1)).toContain("SEND 00 asmith registered");
});
