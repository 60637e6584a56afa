// The round trip as measured: the wait that follows from it, and what does not count.

import { expect, setDefaultTimeout, test } from "bun:test";
import { RoundTrip } from "../../lib/client/round-trip.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function after(...samples: number[]): RoundTrip {
  const trip = new RoundTrip();
  for (const ms of samples) trip.measured(ms);
  return trip;
}

test("without a measurement there is no wait of its own", () => {
  expect(new RoundTrip().waitMs).toBeNull();
});

test.each([
  ["a quick network: the least wait", [1, 1, 1], 200],
  ["the first sample: three times it", [500], 1_500],
  // mean 500, then 512.5; deviation 250, then 212.5
  ["a second sample", [500, 600], 1_362.5],
])("%s", (_, samples, waitMs) => {
  expect(after(...samples).waitMs).toBe(waitMs);
});

test("a steady round trip brings the wait close to itself", () => {
  const waitMs = after(...Array.from({ length: 60 }, () => 900)).waitMs ?? 0;
  expect(waitMs).toBeGreaterThanOrEqual(900);
  expect(waitMs).toBeLessThan(901);
});

test("an answer long after a repeat doubles the wait, up to that without measurement, until one comes at once", () => {
  const trip = after(1);
  const waits = [0, 1, 2, 3, 4].map(() => {
    trip.repeated(150);
    return trip.waitMs;
  });
  expect(waits).toEqual([400, 800, 1_600, 3_200, 3_200]);
  trip.measured(1);
  expect(trip.waitMs).toBe(200);
});

test.each([
  ["an answer right after a repeat tells of a loss", 1, 15, 200],
  ["so does one within the time that answers take", 100, 250, 300],
  ["one later than that tells of a slower network", 100, 310, 600],
])("%s", (_, measuredMs, sinceLastMs, waitMs) => {
  const trip = after(measuredMs);
  trip.repeated(sinceLastMs);
  expect(trip.waitMs).toBe(waitMs);
});

test("after a loss the wait is not longer, though it was", () => {
  const trip = after(1);
  trip.repeated(150);
  trip.repeated(1);
  expect(trip.waitMs).toBe(200);
});

test("what is forgotten is measured anew", () => {
  const trip = after(500);
  trip.repeated(1_000);
  trip.forget();
  expect(trip.waitMs).toBeNull();
  trip.measured(100);
  expect(trip.waitMs).toBe(300);
});
