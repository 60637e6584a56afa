// The retry schedule: 2 s times a random factor from 1 to 1.5, doubled for each of 4 retries.

import { expect, setDefaultTimeout, test } from "bun:test";
import { retriesMax, retrySchedule } from "../../lib/client/retry-schedule.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const waits = (random: number) =>
  Array.from({ length: retriesMax + 1 }, (_, i) => retrySchedule(random).waitMs(i + 1));

test("with the smallest random factor the waits are 2, 4, 8, 16 and 32 s", () => {
  expect(waits(0)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000]);
});

test("with the largest random factor they are half as long again", () => {
  expect(waits(1)).toEqual([3_000, 6_000, 12_000, 24_000, 48_000]);
});

test("the random factor is drawn once per request", () => {
  expect(waits(0.5)).toEqual([2_500, 5_000, 10_000, 20_000, 40_000]);
});
