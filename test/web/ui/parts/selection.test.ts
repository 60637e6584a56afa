// The selection of devices: one by one, ranges in both directions, all, and its bound.

import { expect, setDefaultTimeout, test } from "bun:test";
import { refusalLines } from "../../../../lib/web/ui/bulk/bulk.ts";
import { Selection, selectedMax } from "../../../../lib/web/ui/parts/selection.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const list = ["a", "b", "c", "d", "e"];

test("devices are selected and left, and a range goes from the last of these", () => {
  const selection = new Selection();
  selection.toggle("b");
  selection.extend(list, "d");
  expect(selection.ids).toEqual(["b", "c", "d"]);
  selection.extend(list, "a");
  expect([...selection.ids].sort()).toEqual(["a", "b", "c", "d"]);
  // The other end was left last, so the range is left.
  selection.toggle("c");
  selection.extend(list, "d");
  expect([...selection.ids].sort()).toEqual(["a", "b"]);
  selection.toggle("a");
  expect(selection.ids).toEqual(["b"]);
});

test("a range without another end, or with one that is not in the list, is one device", () => {
  const selection = new Selection();
  selection.extend(list, "c");
  expect(selection.ids).toEqual(["c"]);
  selection.clear();
  selection.toggle("gone");
  selection.extend(list, "b");
  expect(selection.ids).toEqual(["gone", "b"]);
  selection.drop(["gone", "never"]);
  expect([selection.size, selection.has("b"), selection.has("gone")]).toEqual([1, true, false]);
});

test("not more are selected than can be changed", () => {
  const selection = new Selection();
  selection.addAll(Array.from({ length: selectedMax + 5 }, (_, i) => `d${i}`));
  expect(selection.size).toBe(selectedMax);
  selection.clear();
  expect(selection.size).toBe(0);
});

test("what was refused is told, a line for each reason", () => {
  const refused = ["a", "b", "c", "d"].map((id) => ({
    id,
    code: id === "c" ? ("too-many-labels" as const) : ("unknown-device" as const),
  }));
  expect(refusalLines(refused, 2)).toEqual([
    "a, b and 1 more: not there any more",
    "c: would have more than 32 labels",
  ]);
});
