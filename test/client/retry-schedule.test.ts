// The retry schedule: 2 s times a random factor from 1 to 1.5, doubled for each of 4 retries.

import { expect, setDefaultTimeout, test } from "bun:test";
import { retriesMax, retrySchedule } from "../../lib/client/retry-schedule.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const waits = (random: number) =>
  Array.from({ length: retriesMax + 1 }, (_, i) => retrySchedule(random).waitMs(i + 1));
const totalMs = ({ sendings, waitMs }: ReturnType<typeof retrySchedule>) =>
  Array.from({ length: sendings }, (_, i) => waitMs(i + 1)).reduce((sum, ms) => sum + ms, 0);

test("with the smallest random factor the waits are 2, 4, 8, 16 and 32 s", () => {
  expect(waits(0)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000]);
});

test("with the largest random factor they are half as long again", () => {
  expect(waits(1)).toEqual([3_000, 6_000, 12_000, 24_000, 48_000]);
});

test("the random factor is drawn once per request", () => {
  expect(waits(0.5)).toEqual([2_500, 5_000, 10_000, 20_000, 40_000]);
});

test.each([200, 250, 334, 501, 800, 1_000, 1_001, 1_900, 1_999])(
  "a first wait of %d ms has the same end, 62 s times the factor",
  (ms) => {
    for (const schedule of [retrySchedule(0, ms), retrySchedule(0, ms).doubling()]) {
      expect(schedule.waitMs(1)).toBe(ms);
      expect(schedule.sendings).toBeGreaterThanOrEqual(5);
      const last = schedule.waitMs(schedule.sendings);
      const before = schedule.waitMs(schedule.sendings - 1);
      expect(last).toBeGreaterThan(before);
      expect(last).toBeLessThan(4 * before);
      expect(totalMs(schedule)).toBeCloseTo(62_000, 5);
    }
    expect(totalMs(retrySchedule(1, ms))).toBeCloseTo(93_000, 5);
  },
);

test("a round trip longer than 2 s does not make the first wait longer", () => {
  expect(retrySchedule(0, 5_000)).toMatchObject({ sendings: 5 });
  expect(retrySchedule(0, 5_000).waitMs(1)).toBe(2_000);
});

test.each([
  [200, [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 400, 800]],
  [500, [500, 500, 500, 500, 1_000, 2_000]],
  [800, [800, 800, 1_600, 3_200]],
  [1_100, [1_100, 2_200, 4_400]],
])("a first wait of %d ms is doubled when 2 s have passed", (ms, expected) => {
  const schedule = retrySchedule(0, ms);
  expect(expected.map((_, i) => schedule.waitMs(i + 1))).toEqual(expected);
});

test("for a server that is busy each wait is doubled", () => {
  const { waitMs, sendings } = retrySchedule(0.5, 200).doubling();
  expect([1, 2, 3].map((sending) => waitMs(sending))).toEqual([250, 500, 1_000]);
  expect(sendings).toBe(8);
  expect(retrySchedule(0).doubling().sendings).toBe(5);
});
