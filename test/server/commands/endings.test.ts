// How commands end without a result: cancelled, too late by the time of service whatever the wall clock shows, or left behind by
// another device; and what is refused.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { encode } from "../../../lib/protocol/encode.ts";
import type { CancelResult } from "../../../lib/server/commands/commanding.ts";
import { pauseMs, ServiceClock } from "../../../lib/server/commands/service-clock.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { home, say, ServerBench } from "../server-bench.ts";

setDefaultTimeout(testTimeoutMs);

const id = "asmith";

function loggedIn(): ServerBench {
  const bench = new ServerBench();
  bench.enter(id);
  return bench;
}

const result = (number: number, code = "01") =>
  encode({ type: "DATA", code, id, address: null, time: `#${number}`, message: "r" });
const rowOf = (bench: ServerBench, number: number) => bench.store.reads.command(number);
const commandsIn = (sent: readonly { text: string }[]) =>
  sent.filter(({ text }) => text.startsWith("STATUS\t10\tserver")).length;

function cancel(bench: ServerBench, number: number): CancelResult {
  const results: CancelResult[] = [];
  bench.engine.commands.cancel(number, (given) => results.push(given), bench.moment);
  bench.turn();
  bench.turn();
  return results[0] as CancelResult;
}

test("one that is too late is never sent again; a later result is kept with it", () => {
  const bench = loggedIn();
  bench.order(id, "on", 60_000);
  bench.pass(59_000);
  expect(rowOf(bench, 1)).toMatchObject({ ended: null });
  bench.pass(1_500);
  expect(rowOf(bench, 1)).toMatchObject({ end: "expired", code: null, late: false, sendings: 4 });
  expect(commandsIn(bench.ask(say.status(id)))).toBe(0);
  expect(bench.codes(result(1, "15"))).toEqual(["50"]);
  expect(rowOf(bench, 1)).toMatchObject({ end: "expired", code: "15", result: "r", late: true });
  expect(bench.codes(result(1))).toEqual(["50"]);
  expect(rowOf(bench, 1)).toMatchObject({ code: "15" });
  expect(bench.store.reports.size).toBe(0);
});

test("a device that is not logged in does not keep one alive", () => {
  const bench = loggedIn();
  bench.ask(say.logoff(id));
  bench.order(id, "on", 60_000);
  bench.pass(71_000);
  expect(rowOf(bench, 1)).toMatchObject({ end: "expired", sendings: 0 });
  // Nothing is open any more: the store is left alone.
  const { length } = bench.store.applied;
  bench.pass(120_000);
  expect(bench.store.applied).toHaveLength(length);
});

test("no step of the wall clock ends one, or lets it live on", () => {
  const bench = loggedIn();
  bench.order(id, "on", 60_000);
  bench.wall += 10 * 365 * 86_400_000;
  bench.pass(30_000);
  bench.wall = 0;
  bench.pass(29_000);
  expect(rowOf(bench, 1)).toMatchObject({ ended: null });
  bench.pass(2_000);
  expect(rowOf(bench, 1)).toMatchObject({ end: "expired" });
});

describe("across a restart", () => {
  for (const [name, before, after, left] of [
    ["a pause counts", 0, 20_000, 30_000],
    ["a clock that was set back does not", 0, -86_400_000, 50_000],
    ["a clock that was never set does not", -1e12, 20_000, 50_000],
    ["a clock that is set between does not", -1e12, 1e12, 50_000],
  ] as const) {
    test(name, () => {
      const bench = new ServerBench();
      bench.wall += before;
      bench.enter(id);
      bench.ask(say.logoff(id));
      bench.order(id, "on", 60_000);
      bench.pass(10_000);
      bench.wall += after;
      bench.restart();
      bench.pass(left - 1_000);
      expect(rowOf(bench, 1)).toMatchObject({ ended: null });
      bench.pass(12_000);
      expect(rowOf(bench, 1)).toMatchObject({ end: "expired" });
    });
  }

  test("a command that was open longer than the server was away is not sent when it comes back too late", () => {
    const bench = loggedIn();
    bench.order(id, "open the door", 60_000);
    bench.pass(10_000);
    bench.wall += 86_400_000;
    bench.restart();
    expect(commandsIn(bench.ask(say.status(id)))).toBe(0);
    bench.pass(1_000);
    expect(rowOf(bench, 1)).toMatchObject({ end: "expired" });
  });
});

test("the time of service only grows, and follows the node that knows most", () => {
  const wall = Date.UTC(2026, 10, 28);
  const noted = { ms: 1_000, wall: wall - 500, now: null, open: 0 };
  const clock = new ServiceClock(noted, { wall, monotonic: 70 });
  expect(clock.at(70)).toBe(1_500);
  expect(clock.at(170.5)).toBe(1_600);
  clock.raise(1_200, 170);
  expect(clock.at(170)).toBe(1_600);
  clock.raise(9_000, 170);
  expect(clock.at(180)).toBe(9_010);
  // A store on another machine has a clock of its own.
  expect(pauseMs({ ...noted, now: wall }, 0)).toBe(500);
  expect(pauseMs({ ...noted, wall: null }, wall)).toBe(0);
});

test("a cancelled one is not sent any more, and a result is kept with it", () => {
  const bench = loggedIn();
  bench.order(id, "one");
  bench.order(id, "two");
  expect(cancel(bench, 1)).toMatchObject({
    kind: "cancelled",
    command: { number: 1, sendings: 1 },
  });
  expect(cancel(bench, 1)).toMatchObject({ kind: "already-ended", command: { end: "cancelled" } });
  expect(cancel(bench, 9)).toEqual({ kind: "unknown-command" });
  expect(rowOf(bench, 1)).toMatchObject({ end: "cancelled", sendings: 1 });
  bench.ask(result(1));
  expect(rowOf(bench, 1)).toMatchObject({ end: "cancelled", code: "01", late: true });
  const all: unknown[] = [];
  bench.order(id, "three");
  bench.engine.commands.cancelAll(id, (given) => all.push(given?.length), bench.moment);
  bench.turn();
  expect(all).toEqual([2]);
  expect(commandsIn(bench.pass(20_000))).toBe(0);
});

test("what cannot be queued is refused", () => {
  const bench = loggedIn();
  expect(bench.order("nobody", "on").result).toEqual({ kind: "unknown-device" });
  for (let i = 0; i < 64; i++) expect(bench.order(id, "on").result.kind).toBe("queued");
  expect(bench.order(id, "on").result).toEqual({ kind: "queue-full" });
  bench.ask(result(1));
  expect(bench.order(id, "on", 1_000, "key").result).toMatchObject({ kind: "queued" });
  expect(bench.order(id, "on", 1_000, "key").result).toMatchObject({
    kind: "repeated",
    command: { number: 65 },
  });
});

describe("when the device registers anew", () => {
  const cases = [
    ["REGISTER again", [say.register(id)], "kept"],
    ["REGISTER with another port", [say.register(id, home.ip, 7)], "kept"],
    ["DEREGISTER", [say.deregister(id)], "kept"],
    ["DEREGISTER and REGISTER", [say.deregister(id), say.register(id)], "kept"],
    [
      "DEREGISTER and another device's REGISTER",
      [say.deregister(id), say.register(id, home.ip, 1994, "password", "another")],
      "cancelled",
    ],
    [
      "a refused REGISTER of another device",
      [say.register(id, home.ip, 1994, "password", "another")],
      "kept",
    ],
  ] as const;
  for (const [name, texts, expected] of cases) {
    test(`${name}: it is ${expected}`, () => {
      const bench = loggedIn();
      bench.order(id, "on");
      for (const text of texts) bench.ask(text);
      const row = rowOf(bench, 1);
      if (expected === "kept") expect(row).toMatchObject({ ended: null });
      else expect(row).toMatchObject({ end: "cancelled", code: null, result: "another-device" });
      if (name === "DEREGISTER") return;
      const sent = bench.ask(say.login(id));
      expect(commandsIn(sent)).toBe(expected === "kept" ? 1 : 0);
      // Its number is another device's.
      bench.ask(result(1));
      expect(bench.store.reports.size).toBe(expected === "kept" ? 0 : 1);
    });
  }
});
