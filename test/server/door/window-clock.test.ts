// How long a window is open: by the monotonic clock once a server knows it, whatever the wall clock shows, and never longer than
// it was opened for.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { WindowRow } from "../../../lib/server/door/door-rows.ts";
import { isOpen, leftAt, WindowClock } from "../../../lib/server/door/window-clock.ts";
import { noLabels } from "../../../lib/server/labels.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const row: WindowRow = { number: 3, leftMs: 300_000, until: 1_300_000, labels: noLabels };

test.each([
  ["at once", 1_000_000, 300_000],
  ["after a minute without a server", 1_060_000, 240_000],
  ["at its end", 1_300_000, 0],
  ["long after it", 9_000_000, 0],
  ["with a clock that was never set", 0, 300_000],
])("who sees it first %s", (_name, at, leftMs) => {
  expect(leftAt(row, at)).toBe(leftMs);
  expect(isOpen(row, null, at)).toBe(leftMs > 0);
  expect(isOpen(row, { number: 2, leftMs: 1 }, at)).toBe(leftMs > 0);
});

test("who knows it goes by the monotonic clock alone", () => {
  const clock = new WindowClock();
  expect([clock.known(0), clock.open(0), clock.over(0)]).toEqual([null, null, null]);
  clock.learn(row, 1_060_000, 5_000);
  expect(clock.known(5_000)).toEqual({ number: 3, leftMs: 240_000 });
  // Noted since: that makes it neither longer nor shorter.
  clock.learn({ ...row, leftMs: 10_000, until: 9e12 }, 0, 6_000);
  expect(clock.open(244_999)).toMatchObject({ leftMs: 1 });
  expect(isOpen(row, clock.known(244_999), 9e12)).toBe(true);
  expect(clock.over(244_999)).toBeNull();
  expect(clock.open(245_000)).toBeNull();
  expect(isOpen(row, clock.known(245_000), 0)).toBe(false);
  expect(clock.over(245_000)).toMatchObject({ number: 3 });
});

test("closed elsewhere it is closed here; the next one is another, and an older row says nothing", () => {
  const clock = new WindowClock();
  clock.learn(row, 1_000_000, 0);
  clock.learn({ ...row, leftMs: 0 }, 1_000_000, 10);
  expect([clock.open(11), clock.over(11)]).toEqual([null, null]);
  clock.learn({ ...row, number: 4, leftMs: 5_000, until: 1_005_000 }, 1_000_000, 20);
  expect(clock.open(20)).toMatchObject({ leftMs: 5_000 });
  clock.learn(row, 1_000_000, 30);
  expect(clock.open(30)).toMatchObject({ leftMs: 4_990 });
  expect(isOpen({ ...row, leftMs: 0 }, null, 0)).toBe(false);
  expect(isOpen(null, clock.known(30), 0)).toBe(false);
});
