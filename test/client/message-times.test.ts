// The times of messages: they differ where that is needed, and are no further ahead of the clock than that.

import { expect, setDefaultTimeout, test } from "bun:test";
import { MessageTimes } from "../../lib/client/message-times.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function at(ms: number) {
  const clock = { ms: Date.UTC(2026, 10, 22) + ms };
  const times = new MessageTimes(() => clock.ms);
  return { clock, times };
}

const time = (ms: number) => `2026-11-22:00:00:00.${String(ms).padStart(3, "0")}`;

test("distinct times are a millisecond apart at least", () => {
  const { clock, times } = at(5);
  expect([times.distinct(), times.distinct(), times.distinct()]).toEqual([5, 6, 7].map(time));
  clock.ms += 1;
  expect(times.distinct()).toBe(time(8));
  clock.ms += 10;
  expect(times.distinct()).toBe(time(16));
});

test("messages that differ share the time, equal ones do not", () => {
  const { clock, times } = at(5);
  expect(["a", "b", "c"].map((each) => times.distinctFor(each))).toEqual([5, 5, 5].map(time));
  expect(["b", "a", "b"].map((each) => times.distinctFor(each))).toEqual([6, 6, 7].map(time));
  clock.ms += 3;
  expect(times.distinctFor("b")).toBe(time(8));
});

test("a distinct time is nobody else's", () => {
  const { times } = at(5);
  const all = [times.distinctFor("a"), times.distinct(), times.distinctFor("a"), times.distinct()];
  expect(all).toEqual([5, 6, 7, 8].map(time));
});

test("100,000 messages of one moment are 0.1 s ahead of the clock at the end", () => {
  const { times } = at(0);
  const all = Array.from({ length: 100_000 }, (_, i) => times.distinctFor(String(i)));
  expect(all.at(-1)).toBe(time(99));
});

test("the current time never goes back, unless the clock was set back by a minute", () => {
  const { clock, times } = at(500);
  expect(times.current()).toBe(time(500));
  clock.ms -= 400;
  expect([times.current(), times.current()]).toEqual([time(500), time(500)]);
  clock.ms -= 59_700;
  expect(times.current()).toBe("2026-11-21:23:59:00.400");
});
