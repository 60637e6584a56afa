// The replay window against a numbered table, and against a plain Set.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { replayWindowCounters as size } from "../../lib/sealed/limits.ts";
import { ReplayWindow } from "../../lib/sealed/replay.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function take(window: ReplayWindow, counter: number): boolean {
  if (!window.check(counter)) return false;
  window.commit(counter);
  return true;
}

type Row = [number: number, counter: number, accepted: boolean];
const far = 2 ** 24 - 1;

// One window; the rows are applied in order.
const table: readonly Row[] = [
  [1, 0, true],
  [2, 0, false],
  [3, 1, true],
  [4, 1, false],
  [5, 9, true],
  [6, 8, true],
  [7, 7, true],
  [8, 7, false],
  [9, size, true],
  [10, size - 1, true],
  [11, size - 1, false],
  [12, size - 2, true],
  [13, 2, true],
  [14, 2, false],
  [15, 0, false],
  [16, size + 16, true],
  [17, 3, false],
  [18, 16, false],
  [19, 17, true],
  [20, 17, false],
  [21, size + 16, false],
  [22, size * 4, true],
  [23, size * 4 - (size - 1), true],
  [24, 10, false],
  [25, size * 4 - size, false],
  [26, size * 4 - (size + 1), false],
  [27, size * 4 - (size - 2), true],
  [28, size * 4 + 1 - size, false],
  [29, 0, false],
  [30, size * 4 + 31, true],
  [31, size * 4 + 32, true],
  [32, size * 4 + 30, true],
  [33, size * 4 + 31, false],
  [34, far - 1, true],
  [35, far, true],
  [36, far, false],
  [37, far - 2, true],
  [38, far - size, false],
  [39, far - size + 1, true],
  [40, far - size + 1, false],
  [41, size * 4, false],
];

test("the table", () => {
  const window = new ReplayWindow();
  for (const [number, counter, accepted] of table)
    expect(take(window, counter), `row ${number}`).toBe(accepted);
});

describe("sequences", () => {
  test("backwards through the whole window: each counter once", () => {
    const window = new ReplayWindow();
    for (let counter = size; counter > 0; counter--) expect(take(window, counter)).toBe(true);
    expect(take(window, 0)).toBe(false);
    for (let counter = size; counter > 0; counter--) expect(take(window, counter)).toBe(false);
  });

  test("a first counter of any size", () => {
    for (const first of [0, 31, 32, size - 1, size, size + 1, far]) {
      const window = new ReplayWindow();
      expect(window.next).toBe(0);
      expect(take(window, first)).toBe(true);
      expect(window.next).toBe(first + 1);
      expect(take(window, first)).toBe(false);
    }
  });

  test("a check alone does not change the window", () => {
    const window = new ReplayWindow();
    expect(window.check(5)).toBe(true);
    expect(window.check(5)).toBe(true);
    expect(window.next).toBe(0);
  });

  test("the same as a Set for steps of many sizes", () => {
    const window = new ReplayWindow();
    const seen = new Set<number>();
    let highest = -1;
    let mix = 1;
    for (let step = 0; step < 20_000; step++) {
      mix = (Math.imul(mix, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      const reach = step % 500 === 0 ? 3 * size : 40;
      const counter = Math.max(0, highest + (mix % reach) - (step % 7 === 0 ? size : 20));
      const expected = counter > highest - size && !seen.has(counter);
      if (take(window, counter) !== expected) throw new Error(`step ${step}, counter ${counter}`);
      seen.add(counter);
      highest = Math.max(highest, counter);
    }
  });

  test("after any number of counters in order, a gap of any size: the same as a Set", () => {
    for (const inOrder of [
      0,
      1,
      31,
      32,
      33,
      64,
      size - 1,
      size,
      size + 1,
      size + 32,
      3 * size + 7,
    ]) {
      for (const gap of [1, 2, 31, 32, 33, size - 1, size, size + 1, 3 * size]) {
        const window = new ReplayWindow();
        for (let counter = 0; counter < inOrder; counter++)
          expect(take(window, counter)).toBe(true);
        if (inOrder > 0) expect(window.check(inOrder - 1)).toBe(false);
        const highest = inOrder + gap;
        expect(take(window, highest)).toBe(true);
        for (let counter = Math.max(0, highest - size - 40); counter <= highest; counter++) {
          const expected = counter >= inOrder && counter < highest && counter > highest - size;
          const where = `${inOrder} in order, a gap of ${gap}, counter ${counter}`;
          if (window.check(counter) !== expected) throw new Error(where);
        }
      }
    }
  });
});
