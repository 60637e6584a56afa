// The memory of the latest reports against a plain Map: what it must still find, and that forgotten reports are gone.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { RecentReports, sameKeyMax } from "../../../../lib/store/sqlite/reports/recent-reports.ts";
import { newDraw } from "../../fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

describe("what is remembered", () => {
  test("every report from `since` on is found by its key", () => {
    const recent = new RecentReports(1000);
    for (let sequence = 1; sequence <= 5000; sequence++) {
      recent.add(sequence * 7919, sequence);
      expect(recent.since).toBeLessThanOrEqual(Math.max(0, sequence - 499));
    }
    expect(recent.since).toBeGreaterThan(4000 - 1);
    for (let sequence = recent.since; sequence <= 5000; sequence++) {
      expect(recent.candidates(sequence * 7919)).toContain(sequence);
    }
    expect(recent.candidates(1 * 7919)).toEqual([]);
  });

  test("nothing has been forgotten while `since` is 0", () => {
    const recent = new RecentReports(1000);
    for (let sequence = 1; sequence <= 1000; sequence++) recent.add(sequence, sequence);
    expect(recent.since).toBe(0);
    expect(recent.candidates(1)).toEqual([1]);
  });

  test("keys that share 32 bits are all candidates", () => {
    const recent = new RecentReports(1000);
    const keys = [5, 5 + 2 ** 32, 5 + 2 ** 47];
    for (const [i, key] of keys.entries()) recent.add(key, i + 1);
    expect(new Set(recent.candidates(5))).toEqual(new Set([1, 2, 3]));
    recent.forget(5, 2);
    expect(new Set(recent.candidates(5))).toEqual(new Set([1, 3]));
  });

  test("of one key only a few are kept: a client that repeats one key slows down nobody", () => {
    const recent = new RecentReports(1 << 20);
    // If all were kept, this would take millions of comparisons.
    for (let sequence = 1; sequence <= 20_000; sequence++) recent.add(5, sequence);
    expect(recent.candidates(5)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    recent.forget(5, 20_000);
    recent.forget(5, 3);
    recent.add(5, 20_001);
    expect(recent.candidates(5)).toHaveLength(sameKeyMax);
    expect(recent.candidates(5)).toContain(20_001);
  });

  test("`since` is not before the number at which the memory began", () => {
    const recent = new RecentReports(1000);
    recent.beginAt(700);
    expect(recent.since).toBe(700);
  });
});

test.each([1, 2, 3, 4])("random adding and forgetting agrees with a Map (seed %d)", (seed) => {
  const draw = newDraw(seed);
  const recent = new RecentReports(512);
  const model = new Map<number, number>();
  let sequence = 0;
  for (let step = 0; step < 20_000; step++) {
    // Few keys per slot, so that entries collide.
    const key = draw(300) * 2 ** 7;
    if (draw(3) > 0) {
      recent.add(key, ++sequence);
      model.set(sequence, key);
    } else {
      const victim = sequence - draw(20);
      recent.forget(model.get(victim) ?? key, victim);
      model.delete(victim);
    }
    if (step % 50 > 0) continue;
    const missing = [...model].filter(
      ([at, its]) => at >= recent.since && !recent.candidates(its).includes(at),
    );
    const extra = recent.candidates(key).filter((at) => model.get(at) !== key);
    expect([step, missing, extra]).toEqual([step, [], []]);
  }
});
