// When old reports are removed: both clocks are moved by hand. The wall clock alone never decides that data goes.

import { expect, setDefaultTimeout, test } from "bun:test";
import { RetentionSchedule } from "../../lib/store/retention-schedule.ts";
import { startOfTime } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const [secondMs, minuteMs, hourMs, dayMs] = [1_000, 60_000, 3_600_000, 86_400_000] as const;
const retainMs = 90 * dayMs;

/**
 * A schedule over reports of the given times, as a plain array; its clocks move only by `pass` and `set`.
 * @param parts how many calls a count takes
 */
function newSchedule(reports: number[], wall = startOfTime, parts = 1) {
  const now = { wall, monotonic: 5_000 };
  const log: string[] = [];
  let behind = 0;
  let counting = 0;
  const counted: number[] = [];
  const remover = {
    get isBehind() {
      return behind > 0 || counting > 0;
    },
    // A pass takes two steps, so that one can be cut off.
    step(before: number) {
      behind = behind === 0 ? 1 : 0;
      const old = reports.findIndex((ms) => ms < before);
      if (old < 0) return 0;
      reports.splice(old, 1);
      return 1;
    },
    abandon() {
      behind = 0;
      counting = 0;
    },
    count(before: number) {
      counted.push(before);
      counting = (counting + 1) % parts;
      if (counting > 0) return null;
      return { old: reports.filter((ms) => ms < before).length, all: reports.length };
    },
  };
  const newest = reports.at(-1) ?? null;
  const schedule = new RetentionSchedule(
    { remover, retainMs, newest, log: (level, words) => void log.push(`${level} ${words}`) },
    now,
  );
  return {
    schedule,
    log,
    reports,
    /** The limits with which it counted. */
    counted,
    /** Lets time pass on both clocks, with a turn each second. */
    pass(ms: number) {
      for (const end = now.monotonic + ms; now.monotonic < end;) {
        const step = Math.min(secondMs, end - now.monotonic);
        now.monotonic += step;
        now.wall += step;
        schedule.turn(now);
      }
    },
    /** Sets the wall clock. */
    set(wallMs: number) {
      now.wall = wallMs;
      schedule.turn(now);
    },
    turn: () => schedule.turn(now),
    now,
  };
}

/** Times of reports: `old` of them too old, `young` of them not; the newest an hour ago. */
const times = (old: number, young: number) => [
  ...Array.from({ length: old }, () => startOfTime - 91 * dayMs),
  ...Array.from({ length: young }, () => startOfTime - hourMs),
];

test("what is too old goes, and each pass is one line with count and limit", () => {
  const { pass, reports, log } = newSchedule(times(2, 3));
  pass(10 * secondMs);
  expect(reports).toHaveLength(3);
  expect(log).toEqual([
    "info removed 2 reports received before 2026-08-24T09:14:07.000Z (keeps reports 90 d)",
  ]);
  pass(hourMs);
  expect(log).toHaveLength(1);
});

test.each([
  ["forward", 200 * dayMs],
  ["back", -56 * 365 * dayMs],
  ["forward by a little more than a minute", minuteMs + secondMs],
])("a clock that is set %s stops the removal until an hour has passed", (direction, by) => {
  const { pass, set, reports, log, schedule, now } = newSchedule(times(0, 20));
  pass(minuteMs);
  const before = now.wall;
  set(before + by);
  expect(log.at(-1)).toContain("No old reports are removed for 1 h: the server's clock was set");
  expect(schedule.hold?.message).toContain(direction.split(" ")[0] as string);
  pass(4 * secondMs);
  set(before + 4 * secondMs);
  expect(reports).toHaveLength(20);
  // An old report that came meanwhile shows whether reports are removed again.
  reports.push(1);
  pass(hourMs - minuteMs);
  expect(reports).toHaveLength(21);
  expect(schedule.hold).not.toBeNull();
  pass(2 * minuteMs);
  expect(reports).toHaveLength(20);
  expect(schedule.hold).toBeNull();
});

test("each further step begins the hour anew, and cuts a pass off", () => {
  const { turn, pass, set, reports, schedule, now, log } = newSchedule(times(4, 6));
  turn();
  expect(reports).toHaveLength(9);
  set(now.wall + dayMs);
  expect(log[0]).toContain("removed 1 reports");
  pass(50 * minuteMs);
  set(now.wall - dayMs);
  pass(50 * minuteMs);
  expect(reports).toHaveLength(9);
  expect(schedule.hold).not.toBeNull();
  pass(3 * hourMs);
  expect(reports).toHaveLength(6);
});

test("clocks that drift apart by less than a minute stop nothing", () => {
  const { pass, set, reports, now, log } = newSchedule(times(0, 20));
  pass(minuteMs);
  set(now.wall + 59 * secondMs);
  reports.push(1);
  pass(20 * minuteMs);
  expect(reports).toHaveLength(20);
  expect(log).toHaveLength(1);
});

test.each([
  ["a day past the newest report", startOfTime + dayMs, "25 h after the newest report"],
  ["before the newest report", startOfTime - 60 * dayMs, "60 d before the newest report"],
])("a start with the clock %s removes nothing for 24 h and says why", (_, wall, words) => {
  const { pass, reports, schedule, log } = newSchedule(times(2, 3), wall);
  expect(log).toHaveLength(1);
  expect(log[0]).toContain(words);
  expect(schedule.hold?.nextStep).toContain("Check the clock");
  reports.push(1);
  pass(dayMs - minuteMs);
  expect(reports).toHaveLength(6);
  pass(hourMs);
  expect(reports.filter((ms) => ms === 1)).toEqual([]);
});

test("a step during such a day makes it no shorter", () => {
  const { pass, set, reports, now } = newSchedule(times(2, 3), startOfTime + 30 * dayMs);
  set(now.wall - 30 * dayMs);
  pass(dayMs - minuteMs);
  expect(reports).toHaveLength(5);
  pass(hourMs);
  expect(reports).toHaveLength(3);
});

test("a first pass that would remove more than half waits for 10 minutes and says how many", () => {
  const { turn, pass, reports, schedule, log } = newSchedule(times(3, 2));
  turn();
  expect(log).toHaveLength(1);
  expect(log[0]).toStartWith(
    "warn 3 of 5 reports were received before 2026-08-24T09:14:06.000Z and will be removed in 10 min (--retain 90 d).",
  );
  expect(schedule.hold?.nextStep).toContain("stop the server within 10 min");
  pass(10 * minuteMs - secondMs);
  expect(reports).toHaveLength(5);
  pass(10 * secondMs);
  expect(schedule.hold).toBeNull();
  pass(20 * minuteMs);
  expect(reports).toHaveLength(2);
});

test("half of the reports are not more than half", () => {
  const { pass, reports } = newSchedule(times(2, 2));
  pass(10 * secondMs);
  expect(reports).toHaveLength(2);
});

test("after a step the first pass counts again: the clock may still be wrong", () => {
  const { pass, set, reports, log, now } = newSchedule(times(0, 20));
  pass(minuteMs);
  set(now.wall + 200 * dayMs);
  pass(hourMs + minuteMs);
  expect(log.at(-1)).toContain("20 of 20 reports");
  expect(reports).toHaveLength(20);
  set(now.wall - 200 * dayMs);
  pass(3 * hourMs);
  expect(reports).toHaveLength(20);
});

test("without a report there is nothing to doubt", () => {
  const { turn, schedule } = newSchedule([]);
  turn();
  expect(schedule.hold).toBeNull();
});

test("what would go is counted in parts by one limit, and until then nothing goes and nothing is decided", () => {
  const { turn, now, reports, counted, schedule, log } = newSchedule(times(3, 2), startOfTime, 3);
  const first = now.wall - retainMs;
  for (let part = 1; part < 3; part++) {
    expect(turn()).toBeLessThan(100);
    expect([schedule.isDecided, schedule.hold]).toEqual([false, null]);
    now.wall += 30;
    now.monotonic += 30;
  }
  turn();
  expect(counted).toEqual([first, first, first]);
  expect(schedule.isDecided).toBe(true);
  expect(schedule.hold?.message).toContain("3 of 5 reports");
  expect([reports.length, log.length]).toEqual([5, 1]);
});

test("a step of the clock begins the count anew", () => {
  const { turn, set, pass, now, counted, reports } = newSchedule(times(1, 4), startOfTime, 3);
  turn();
  set(now.wall + 2 * hourMs);
  pass(hourMs + 5 * secondMs);
  const [before, ...after] = counted;
  expect(after).toHaveLength(3);
  expect(new Set(after).size).toBe(1);
  expect(after[0]).toBeGreaterThan((before as number) + 2 * hourMs);
  expect(reports).toHaveLength(4);
});
