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

test.each([200, 250, 800, 1_000, 1_900])(
  "a first wait of %d ms has more sendings, and nearly the same end",
  (ms) => {
    const schedule = retrySchedule(0, ms);
    expect(schedule.waitMs(1)).toBe(ms);
    expect(schedule.waitMs(3)).toBe(4 * ms);
    expect(totalMs(schedule)).toBeLessThanOrEqual(64_000);
    expect(totalMs(schedule)).toBeGreaterThan(31_000);
  },
);

test("a round trip longer than 2 s does not make the first wait longer", () => {
  expect(retrySchedule(0, 5_000)).toMatchObject({ sendings: 5 });
  expect(retrySchedule(0, 5_000).waitMs(1)).toBe(2_000);
});
