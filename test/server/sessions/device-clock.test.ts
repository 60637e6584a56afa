// When a report was measured: the device's time corrected by what its heartbeats show, whatever both clocks do.

import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeTimeMs } from "../../../lib/protocol/time.ts";
import { encode } from "../../../lib/protocol/encode.ts";
import type { Query } from "../../../lib/protocol/messages.ts";
import type { Report } from "../../../lib/server/rows.ts";
import { home, messageIn, type Reply, say, ServerBench } from "../server-bench.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const [secondMs, minuteMs, hourMs, dayMs] = [1_000, 60_000, 3_600_000, 86_400_000] as const;

let bench: ServerBench;
/** By how much the device's clock is ahead of the server's true time, ms. */
let ahead: number;
/** The true time, which only passes; the server's wall clock is it plus `bench.wall - trueTime()`. */
let began: number;
let count = 0;

beforeEach(() => {
  bench = new ServerBench();
  began = bench.wall;
  ahead = 0;
  bench.enter("asmith");
});

const trueTime = () => began + bench.monotonic;
const deviceTime = (ms = trueTime()) => encodeTimeMs(ms + ahead);
const beat = (time = deviceTime()) => bench.ask(say.status("asmith", "heartbeat", time));

/** Sends a report; returns what the store has as its times. */
function report(time = deviceTime(), delayMs = 0) {
  bench.wait(delayMs);
  bench.ask(say.data("asmith", `${++count}`, time));
  const { at, received } = [...bench.store.reports.values()].at(-1) as Report;
  return { at, received };
}

describe("a device whose clock is", () => {
  test.each([
    ["right", 0],
    ["in another time zone", 5 * hourMs + 30 * minuteMs],
    ["behind by a time zone", -8 * hourMs],
    ["at 1970", -Date.UTC(2026, 10, 22, 9)],
    ["ten years ahead", 3_650 * dayMs],
  ])("%s: 56 reports that waited 50 s for the server are 56 times", (_, by) => {
    ahead = by;
    beat();
    const measured: number[] = [];
    for (let i = 0; i < 56; i++) {
      measured.push(trueTime());
      bench.wait(900);
    }
    const times = measured.map((ms) => deviceTime(ms));
    // They are delivered in one burst.
    const found = times.map((time) => report(time, 2));
    expect(found.map(({ at }) => at)).toEqual(measured);
    expect(found.every(({ at, received }) => at < received)).toBe(true);
  });

  test("drifting by a second an hour: no report is wrong by more than a few seconds after a week", () => {
    for (const drift of [-secondMs, secondMs]) {
      for (let hour = 0; hour < 7 * 24; hour++) {
        for (let i = 0; i < 20; i++, bench.wait(3 * minuteMs)) beat();
        ahead += drift;
      }
      beat();
      const { at, received } = report();
      expect(Math.abs(received - at)).toBeLessThan(5 * secondMs);
    }
  });

  test("set back by an hour: from the second heartbeat on reports are where they belong", () => {
    beat();
    report();
    ahead = -hourMs;
    bench.wait(3 * minuteMs);
    beat();
    bench.wait(3 * minuteMs);
    beat();
    const measured = trueTime();
    const time = deviceTime();
    expect(report(time, 20 * secondMs).at).toBe(measured);
  });

  test("set forward, as by its first synchronisation", () => {
    ahead = -Date.UTC(2026, 10, 22, 9);
    beat();
    bench.wait(minuteMs);
    report();
    ahead = 0;
    bench.wait(minuteMs);
    beat();
    const [measured, time] = [trueTime(), deviceTime()];
    expect(report(time, 20 * secondMs).at).toBe(measured);
  });

  test("set for the first time after a report was measured: that one is where it was received", () => {
    const unset = encodeTimeMs(5_000);
    beat();
    bench.wait(minuteMs);
    expect(report(unset).at).toBe(bench.wall);
  });

  test("standing still: reports are where they were received", () => {
    beat("1");
    bench.wait(30 * secondMs);
    beat("1");
    for (let i = 0; i < 10; i++) {
      bench.wait(30 * secondMs);
      const { at, received } = report("1");
      expect(at).toBe(received);
    }
    // A clock that begins to run is believed.
    beat();
    bench.wait(minuteMs);
    const [measured, time] = [trueTime(), deviceTime()];
    expect(report(time, 20 * secondMs).at).toBe(measured);
  });

  test("not readable: reports are where they were received", () => {
    beat();
    bench.wait(minuteMs);
    expect(report("yesterday").at).toBe(bench.wall);
  });
});

test("without an offset, a report is where it was received", () => {
  expect(report(deviceTime(trueTime() - 50 * secondMs)).at).toBe(bench.wall);
});

test("a heartbeat that was sent again for two minutes is no step of the clock", () => {
  beat();
  bench.wait(minuteMs);
  const measured = Array.from({ length: 5 }, (_, i) => trueTime() + i * secondMs);
  const times = measured.map((ms) => deviceTime(ms));
  const late = deviceTime();
  bench.wait(2 * minuteMs);
  beat(late);
  bench.wait(3 * secondMs);
  beat(late);
  expect(times.map((time) => report(time).at)).toEqual(measured);
});

test("a report is never after its receipt and never before the device's report before it", () => {
  beat();
  bench.wait(minuteMs);
  const ten = report().at;
  expect(report(deviceTime(trueTime() - 30 * secondMs), secondMs).at).toBe(ten);
  // An hour ahead for one report: then the heartbeats show that it was wrong.
  expect(report(deviceTime(trueTime() + hourMs), secondMs).at).toBe(bench.wall);
  const before = bench.wall;
  for (let i = 0; i < 3; i++, bench.wait(minuteMs)) beat();
  expect(report().at).toBe(bench.wall);
  expect(report(deviceTime(before - hourMs)).at).toBeGreaterThanOrEqual(before);
});

test("an answer to a question teaches nothing: it has a time of the server", () => {
  ahead = -8 * hourMs;
  beat();
  bench.wait(minuteMs);
  const [measured, time] = [trueTime(), deviceTime()];
  bench.question("asmith", "01", []);
  const query = messageIn(bench.pass(250)[0] as Reply) as Query;
  const answer = { type: "DATA", code: "01", id: "asmith", address: null } as const;
  expect(bench.codes(encode({ ...answer, time: query.time, message: "21.5" }))).toEqual(["50"]);
  expect(bench.store.reports.size).toBe(0);
  expect(report(time, 20 * secondMs).at).toBe(measured);
});

test.each(["plain", "addressed"])(
  "an answer (%s) in one batch with reports that waited moves none of them",
  (form) => {
    ahead = -8 * hourMs;
    beat();
    bench.wait(minuteMs);
    const measured = [0, 1, 2].map((i) => trueTime() + i * secondMs);
    const times = measured.map((ms) => deviceTime(ms));
    bench.question("asmith", "01", []);
    const query = messageIn(bench.pass(250)[0] as Reply) as Query;
    bench.wait(50 * secondMs);
    const address = form === "plain" ? null : home;
    const answer = { type: "DATA", code: "01", id: "asmith", message: "21.5" } as const;
    const send = (message: string, time: string) =>
      bench.receive(encode({ ...answer, address: null, time, message }));
    bench.receive(encode({ ...answer, address, time: query.time }));
    for (const [i, time] of times.slice(0, 2).entries()) send(`waited ${i}`, time);
    bench.turn();
    send("waited 2", times[2] as string);
    bench.turn();
    expect([...bench.store.reports.values()].map(({ at }) => at)).toEqual(measured);
  },
);

test("a DATA in the form of an answer that answers nothing is a report, and keeps the order", () => {
  beat();
  bench.wait(minuteMs);
  const data = { type: "DATA", code: "01", id: "asmith", address: home } as const;
  bench.ask(encode({ ...data, time: deviceTime(), message: "21.5" }));
  expect(bench.store.reports.size).toBe(1);
  const [before, time] = [bench.wall, deviceTime(trueTime() - 30 * secondMs)];
  expect(report(time, secondMs).at).toBe(before);
});

describe("the server's clock is set", () => {
  test.each([
    ["forward", 200 * dayMs],
    ["back to 1970", -Date.UTC(2026, 10, 22, 9)],
    ["back by two minutes", -2 * minuteMs],
  ])("%s: reports are as far before their receipt as they waited", (_, by) => {
    beat();
    report();
    bench.wall += by;
    const time = deviceTime();
    const { at, received } = report(time, 20 * secondMs);
    expect(received).toBe(bench.wall);
    expect(received - at).toBe(20 * secondMs);
  });

  test("back by less than a second: no report goes before the one before it", () => {
    beat();
    const { at } = report();
    bench.wait(10);
    bench.wall -= 15;
    expect(report().at).toBe(at - 5);
    // Then one of the same time as the first, which had waited.
    const [time, last] = [deviceTime(), report().at];
    bench.wait(100);
    bench.wall -= 50;
    expect(report(time).at).toBe(last);
  });
});

test("a restart of the server keeps what it knows of the clock; a new session keeps the order", () => {
  ahead = -8 * hourMs;
  beat();
  bench.pass(11 * secondMs);
  // The monotonic clock of the next run begins anew.
  began = trueTime();
  bench.monotonic = 0;
  bench.restart();
  const [measured, time] = [trueTime(), deviceTime()];
  expect(report(time, 20 * secondMs).at).toBe(measured);
  const last = report().at;
  bench.ask(say.login("asmith"));
  beat();
  expect(report(deviceTime(measured)).at).toBe(last);
});

test("a LOGIN keeps the offset, until a heartbeat shows that the device started again with another clock", () => {
  ahead = -8 * hourMs;
  beat();
  bench.wait(minuteMs);
  bench.ask(say.login("asmith"));
  const waited = [trueTime(), deviceTime()] as const;
  expect(report(waited[1], 20 * secondMs).at).toBe(waited[0]);
  bench.ask(say.login("asmith"));
  ahead = -20 * hourMs;
  beat();
  const again = [trueTime(), deviceTime()] as const;
  expect(report(again[1], 20 * secondMs).at).toBe(again[0]);
});

test("a device that comes back after its session ended is known by its clock", () => {
  ahead = -8 * hourMs;
  beat();
  bench.pass(hourMs);
  expect(bench.codes(say.status("asmith"))).toEqual(["41"]);
  bench.ask(say.login("asmith"));
  const [measured, time] = [trueTime(), deviceTime()];
  expect(report(time, 20 * secondMs).at).toBe(measured);
});
