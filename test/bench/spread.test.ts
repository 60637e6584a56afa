// What the benchmark makes of its readings: medians, ratios within turns, CPU times, and the table.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { isMet, ratioTarget, row, valueTarget } from "./measure.ts";
import { cpuTimeIn } from "./process-readings.ts";
import { median, ratiosOf, spreadOf } from "./spread.ts";
import { doubtsAbout, spreadText, tableOf } from "./table.ts";

setDefaultTimeout(testTimeoutMs);

test("a median is the middle value, or between the two middle ones, in any order", () => {
  const values = [9, 1, 5];
  expect(median(values)).toBe(5);
  expect(values).toEqual([9, 1, 5]);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("ratios are those within the turns, not the ratio of the medians", () => {
  // The machine was half as fast in the second turn, and both felt it.
  expect(ratiosOf([50, 25, 60], [100, 50, 100])).toEqual({
    median: 0.5,
    low: 0.5,
    high: 0.6,
    turns: 3,
  });
  expect(spreadOf([3])).toEqual({ median: 3, low: 3, high: 3, turns: 1 });
});

test("what did not take the same turns is not compared", () => {
  expect(() => ratiosOf([1, 2], [1])).toThrow("2 values cannot be compared with 1");
  expect(() => ratiosOf([], [])).toThrow(RangeError);
});

test("CPU time is user and system time, whatever the name of the program", () => {
  const rest = "S 1 2 3 4 5 6 7 8 9 10 150 50 7 8";
  expect(cpuTimeIn(`12 (iot-server) ${rest}`)).toBe(2_000_000);
  expect(cpuTimeIn(`12 (odd) name 1 2) ${rest}`)).toBe(2_000_000);
});

test("a target is held against the value or the median of the ratio", () => {
  const ratio = { spread: spreadOf([0.5, 0.7, 0.6]), of: "a / b" };
  expect(isMet(row("x", 3, "s", valueTarget("at most", 3)))).toBe(true);
  expect(isMet(row("x", 3, "s", valueTarget("at least", 4)))).toBe(false);
  expect(isMet({ ...row("x", 3, "s", ratioTarget("at least", 0.6)), ratio })).toBe(true);
  expect(isMet({ ...row("x", 3, "s", ratioTarget("at most", 0.5)), ratio })).toBe(false);
  expect(isMet({ ...row("x", 3, "s", valueTarget("at most", 3)), value: null })).toBeNull();
  expect(isMet(row("x", 3, "s"))).toBeNull();
});

test("the table shows a ratio with its spread, and no column that is empty", () => {
  const ratio = { spread: spreadOf([0.5, 0.7, 0.6]), of: "a / b" };
  expect(tableOf([{ ...row("a", 1_234.5, "/s"), ratio }, row("longer", 2, "ms")])).toBe(
    [
      "measure     value  ratio (lowest..highest turn)",
      "-------  --------  ----------------------------",
      "a        1,235 /s  0.60 (0.50..0.70) a / b",
      "longer    2.00 ms",
    ].join("\n"),
  );
  expect(spreadText(spreadOf([0.5]))).toBe("0.50");
});

test("a comparison whose turns contradict each other is named", () => {
  const rowOf = (measure: string, ratios: readonly number[]) => ({
    ...row(measure, 1, "/s"),
    ratio: { spread: spreadOf(ratios), of: "a / b" },
  });
  const doubts = doubtsAbout([rowOf("calm", [1, 1.2]), rowOf("wild", [0.4, 1.2]), row("x", 1, "")]);
  expect(doubts).toContain("wild, of a / b");
  expect(doubts).not.toContain("calm");
  expect(doubtsAbout([rowOf("calm", [1, 1.2])])).toBeNull();
});

test("what could not be measured has no value, and says why", () => {
  const missing = { measure: "a", value: null, unit: "", remark: "not here: apt-get install a" };
  expect(tableOf([missing]).split("\n").at(-1)).toBe("a            -  not here: apt-get install a");
});
