// What the filter box makes of its text, and what it says of a selector that was refused.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  hasTerm,
  isSelector,
  refusalOf,
  searchOf,
  toggledTerm,
} from "../../../../lib/web/ui/fleet/filter-text.ts";
import { readSelector } from "../../../../lib/server/selector.ts";
import { faultWords } from "../../../../lib/server/labels.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test.each([
  ["area=Kitchen", true],
  ["!area", true],
  ["area,floor", true],
  ["id=th-*", true],
  ["area!=Kitchen|Cellar", true],
  ["kitchen", false],
  ["52:54:00", false],
  ["10.0.0.", false],
  ["cold room", false],
  ["", false],
])("%j is a selector: %p", (text, is) => {
  expect(isSelector(text)).toBe(is);
  expect(searchOf(text)).toEqual(is ? { q: "", select: text } : { q: text, select: "" });
});

const kitchen = { key: "area", value: "Kitchen" };

test.each([
  ["", "area=Kitchen"],
  ["cold", "area=Kitchen"],
  ["area=Kitchen", ""],
  ["floor=2", "floor=2,area=Kitchen"],
  ["floor=2, area=Kitchen", "floor=2"],
  ["!floor,", "!floor,area=Kitchen"],
  ["area!=Kitchen", "area!=Kitchen,area=Kitchen"],
])("a press on a label makes %j to %j", (text, after) => {
  expect(toggledTerm(text, kitchen)).toBe(after);
  expect(hasTerm(text, kitchen)).toBe(/(^|, ?)area=Kitchen$/.test(text));
});

test.each([
  ["area=Kitchen,Floor", ["area=Kitchen,", "F", "loor"], "one of a-z 0-9 . _ - is expected."],
  [
    "area=x|y|<b>=",
    ["area=x|y|<b>", "=", ""],
    "a printable character other than , | = is expected.",
  ],
  ["area,", ["area,", "", ""], "a term such as area=Kitchen is expected."],
  [
    "presence=lost",
    ["presence=", "l", "ost"],
    "one of online, offline, silent, left, never is expected.",
  ],
] as const)("of %j it shows the place and what was expected", (text, parts, expected) => {
  const read = readSelector(text);
  const words = read.ok ? "" : `select is wrong ${faultWords(read.fault)}.`;
  const { before, at, after, words: told } = refusalOf(text, words);
  expect([before, at, after]).toEqual([...parts]);
  expect(told).toEndWith(expected);
});

test("other refusals are shown as they are", () => {
  const detail = "q is longer than 64 characters.";
  expect(refusalOf("x", detail)).toEqual({ before: "", at: "", after: "", words: detail });
});
