// The language of rules: what is read, how it is written again, and where a wrong rule is wrong.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { isBeyond, readRule, ruleCharsMax, ruleText } from "../../lib/alerts/rule-text.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const minute = 60_000;

describe("rules", () => {
  const table: readonly (readonly [text: string, condition: object, forMs: number])[] = [
    ["offline", { kind: "offline" }, minute],
    ["offline for 10m", { kind: "offline" }, 10 * minute],
    ["gone for 1h", { kind: "gone" }, 60 * minute],
    ["no report in 1h", { kind: "no report", field: null, withinMs: 60 * minute }, minute],
    [
      "no report of temp in 90s for 5s",
      { kind: "no report", field: "temp", withinMs: 90_000 },
      5_000,
    ],
    ["temp > 30", { kind: "field", field: "temp", above: { operator: ">", bound: 30 } }, minute],
    [
      "temp > 30 until < 28 for 5m",
      {
        kind: "field",
        field: "temp",
        above: { operator: ">", bound: 30 },
        until: { operator: "<", bound: 28 },
      },
      5 * minute,
    ],
    [
      "in.deep <= -2.5e1",
      { kind: "field", field: "in.deep", above: { operator: "<=", bound: -25 }, until: null },
      minute,
    ],
    // Words of the language are names of fields, too.
    ["offline >= 1", { kind: "field", field: "offline" }, minute],
    ["no > 1", { kind: "field", field: "no" }, minute],
    ["for < 1 for 2s", { kind: "field", field: "for" }, 2_000],
    ["no report of report in 1d", { kind: "no report", field: "report" }, minute],
    ["command failed", { kind: "command failed" }, 0],
    ["device waits", { kind: "device waits" }, 0],
  ];
  test.each(table)("%s", (text, condition, forMs) => {
    const read = readRule(text);
    expect(read).toMatchObject({ ok: true, value: { condition, forMs } });
    if (read.ok) expect(readRule(ruleText(read.value))).toEqual(read);
  });

  test("spaces are as one likes", () => {
    expect(readRule("  temp>30   until<=28 for  5m ")).toEqual(
      readRule("temp > 30 until <= 28 for 5m"),
    );
  });

  test("the usual form leaves out what is usual", () => {
    const again = (text: string) => {
      const read = readRule(text);
      return read.ok ? ruleText(read.value) : read.fault;
    };
    expect(again("offline for 60s")).toBe("offline");
    expect(again("no  report of t in 3600s for 120s")).toBe("no report of t in 1h for 2m");
    expect(again("t >= +1.50 until < 1e0")).toBe("t >= 1.5 until < 1");
    expect(again("command failed for 1m")).toBe("command failed for 1m");
  });
});

describe("a wrong rule says where, and what is expected there", () => {
  const phrases =
    "offline, gone, no report, command failed, device waits, or a comparison such as temp > 30";
  const table: readonly (readonly [text: string, at: number, expected: string])[] = [
    ["", 1, phrases],
    ["   ", 4, phrases],
    ["temp", 5, "one of > >= < <="],
    ["on fire", 1, phrases],
    ["temp = 30", 1, phrases],
    ["> 30", 1, phrases],
    ["temp > ", 8, "a number such as 30 or -2.5"],
    ["temp > hot", 8, "a number such as 30 or -2.5"],
    ["temp > 30°C", 8, "a number such as 30 or -2.5"],
    ["temp > 1e999", 8, "a number such as 30 or -2.5"],
    ["temp > 30 und < 2", 11, "for, as in for 5m, or the end"],
    ["temp > 30 until 28", 17, "< or <="],
    ["temp > 30 until > 28", 17, "< or <="],
    ["temp < 30 until < 28", 17, "> or >="],
    ["temp > 30 until < 31", 19, "a number of at most 30"],
    ["temp < 3 until >= 2", 19, "a number of at least 3"],
    ["temp > 30 for 5", 15, "a time such as 5m, at most 30d"],
    ["temp > 30 for 31d", 15, "a time such as 5m, at most 30d"],
    ["temp > 30 for 0s", 15, "a time such as 5m, at most 30d"],
    ["temp > 30 for", 14, "a time such as 5m, at most 30d"],
    ["temp > 30 for 5m and hum > 2", 18, "the end"],
    ["te;mp > 30", 1, "the name of a field"],
    ["no", 3, "report"],
    ["no news in 1h", 4, "report"],
    ["no report", 10, "in, or of"],
    ["no report of temp 1h", 19, "in"],
    ["no report of in 1h", 17, "in"],
    ["no report in soon", 14, "a time such as 1h, at most 30d"],
    ["command done", 9, "failed"],
    ["device is here", 8, "waits"],
    ["offline 10m", 9, "for, as in for 5m, or the end"],
    ["x".repeat(ruleCharsMax + 1), ruleCharsMax + 1, "the end"],
  ];
  test.each(table)("%s", (text, at, expected) => {
    expect(readRule(text)).toEqual({ ok: false, fault: { at, expected } });
  });
});

test("any words are read or refused, and what is read is read again", () => {
  const random = new SeededRandom(7);
  const words =
    "offline gone no report of in for until command failed device waits temp > >= < <= 30 -2 5m 1h x".split(
      " ",
    );
  let rules = 0;
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 1 + random.below(7) }, () => random.pick(words)).join(" ");
    const read = readRule(text);
    if (read.ok) {
      rules++;
      expect(readRule(ruleText(read.value))).toEqual(read);
    } else {
      expect(read.fault.at).toBeLessThanOrEqual(text.length + 1);
      expect(read.fault.expected).not.toBe("");
    }
  }
  expect(rules).toBeGreaterThan(100);
});

test("bounds", () => {
  const at = (operator: ">" | ">=" | "<" | "<=") =>
    [29, 30, 31].map((value) => isBeyond({ operator, bound: 30 }, value));
  expect(at(">")).toEqual([false, false, true]);
  expect(at(">=")).toEqual([false, true, true]);
  expect(at("<")).toEqual([true, false, false]);
  expect(at("<=")).toEqual([true, true, false]);
});
