// Two devices with one id: their sessions replace each other in turn, which the operator is told. One device that moves
// is not taken for two.

import { expect, setDefaultTimeout, test } from "bun:test";
import { home, say, ServerBench } from "../server-bench.ts";
import { Contests } from "../../../lib/server/sessions/contests.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const minuteMs = 60_000;

test("sessions that replace each other in turn are a contest, until it is over", () => {
  const contests = new Contests();
  const turns = [
    contests.note("a", "one", "other", 0),
    contests.note("a", "other", "one", minuteMs),
    contests.note("a", "one", "other", 11 * minuteMs),
  ];
  expect(turns).toEqual([false, false, true]);
  expect(contests.ids(11 * minuteMs)).toEqual(["a"]);
  expect(contests.ids(26 * minuteMs)).toEqual(["a"]);
  expect(contests.ids(26 * minuteMs + 1)).toEqual([]);
});

test.each([
  ["that moves from place to place", ["a", "b", "c", "d", "e", "f"], 1],
  ["that logs in again", ["a", "a", "a", "a", "a", "a"], 1],
  ["that moves and comes back", ["a", "b", "a"], 1],
  ["that goes to and fro every day", ["a", "b", "a", "b", "a"], 720],
])("a device %s is not two", (_, owners, minutes) => {
  const contests = new Contests();
  for (let i = 1; i < owners.length; i++) {
    const [before, after] = [owners[i - 1] as string, owners[i] as string];
    expect(contests.note("a", before, after, i * minutes * minuteMs)).toBe(false);
  }
});

test("the log names the id when another device takes its session in turn", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  const away = { ip: "198.51.100.66", port: 1994 };
  for (const from of [away, home, away]) bench.ask(say.login("asmith"), from);
  const told = bench.activity.filter((line) => line.includes("two devices"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("asmith");
  expect(bench.engine.desk.contests.ids(bench.engine.desk.uptimeMs)).toEqual(["asmith"]);
});

test("the table is bounded", () => {
  const contests = new Contests();
  for (let turn = 0; turn < 3; turn++) {
    for (let n = 0; n < 10_001; n++) {
      contests.note(`id-${n}`, `owner ${turn % 2}`, `owner ${(turn + 1) % 2}`, 0);
    }
  }
  expect(contests.ids(0)).toEqual([]);
});
