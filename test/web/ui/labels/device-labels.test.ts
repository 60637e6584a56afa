// What is shown of labels: the name or the id, the chips and their order, how many have room, and numbers with their unit.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  areaOf,
  chipsOf,
  fitting,
  labelCounts,
  labelIn,
  labelsIn,
  labelsOf,
  labelText,
  nameOf,
} from "../../../../lib/web/ui/labels/device-labels.ts";
import { labelTrouble } from "../../../../lib/web/ui/labels/label-change.ts";
import { withUnit } from "../../../../lib/web/ui/parts/formats.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const labels = {
  name: "Cold room",
  "unit.temp": "°C",
  model: "th-2",
  area: "Kitchen",
  "ha.x": "1",
};

test("a device is called by its name, else by its id", () => {
  expect(nameOf({ id: "th-1", labels })).toBe("Cold room");
  expect(nameOf({ id: "th-1", labels: {} })).toBe("th-1");
  expect(nameOf({ id: "th-1", labels: { name: "" } })).toBe("th-1");
  expect([areaOf({ labels }), areaOf({ labels: {} })]).toEqual(["Kitchen", ""]);
});

test("chips are the labels for people, and the page of a device has all but the name", () => {
  expect(chipsOf(labels).map(labelText)).toEqual(["model=th-2"]);
  expect(labelsOf(labels).map(labelText)).toEqual([
    "area=Kitchen",
    "ha.x=1",
    "model=th-2",
    "unit.temp=°C",
  ]);
});

test("as many chips as have room are shown, and at least one", () => {
  const chips = ["floor=2", "model=th-2", `note=${"x".repeat(60)}`].map((text) => labelIn(text));
  const keys = (all: typeof chips, room: number) =>
    fitting(
      all.flatMap((one) => one ?? []),
      room,
    ).map(({ key }) => key);
  expect(keys(chips, 26)).toEqual(["floor", "model"]);
  expect(keys(chips, 12)).toEqual(["floor"]);
  expect(keys(chips, 200)).toEqual(["floor", "model", "note"]);
  expect(keys(chips.slice(2), 26)).toEqual(["note"]);
});

test.each([
  ["area=Kitchen", { key: "area", value: "Kitchen" }],
  [" area = Cold room ", { key: "area", value: "Cold room" }],
  ["flag=", { key: "flag", value: "" }],
  ["a=b=c", { key: "a", value: "b=c" }],
  ["=x", null],
  ["area", null],
  ["", null],
])("%j is the label %j", (text, label) => {
  expect(labelIn(text)).toEqual(label);
});

test("labels of some devices are counted, most first", () => {
  const some = [{ area: "A" }, { area: "B", name: "x" }, { area: "B" }, {}];
  expect([...labelCounts(some.map((one) => ({ labels: one as Record<string, string> })))]).toEqual([
    ["area=B", 2],
    ["area=A", 1],
  ]);
});

test.each([
  [
    'set has "Area", which is wrong at position 1, where x is expected.',
    "The key Area is wrong at position 1, where x is expected.",
  ],
  [
    "The value of name is wrong at position 2, where x is expected.",
    "The name is wrong at position 2, where x is expected.",
  ],
  ["A device has at most 32 labels.", "A device has at most 32 labels."],
])("%j is told as %j", (detail, words) => {
  expect(labelTrouble(detail)).toBe(words);
});

test.each([
  ["21.5", "°C", "21.5\u00a0°C"],
  ["40", "%", "40\u00a0%"],
  ["90", "°", "90°"],
  ["3", null, "3"],
  ["–", "°C", "–"],
])("%s in %p is %j", (measured, unit, words) => {
  expect(withUnit(measured, unit)).toBe(words);
});

test.each([
  ["", {}, ""],
  [" area=Cold room , floor=2,", { area: "Cold room", floor: "2" }, ""],
  ["area", {}, "“area” is no label: write key=value, as in area=Kitchen."],
])("several labels are read from %p", (text, read, trouble) => {
  expect(labelsIn(text)).toEqual({ labels: read, trouble });
});
