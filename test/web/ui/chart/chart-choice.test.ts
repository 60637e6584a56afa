// What a chart shows, and its form in the address: kept whole by a reload, and never more than a chart may have.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  type ChartChoice,
  choiceIn,
  choiceParameters,
  noChoice,
  sizeOf,
  withDevice,
  withoutReading,
  withReading,
} from "../../../../lib/web/ui/chart/chart-choice.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const choices: readonly ChartChoice[] = [
  { ...noChoice, fields: ["temp"] },
  {
    ...noChoice,
    fields: ["a b&c=d", "ü", "a.b"],
    states: ["door"],
    devices: ["th:1"],
    isWhole: true,
  },
  { ...noChoice, states: ["value"], range: { kind: "last", minutes: 7 * 24 * 60 } },
  {
    ...noChoice,
    fields: ["value"],
    range: { kind: "fixed", from: 1_795_338_906_000, to: 1_795_338_910_000 },
  },
];

test.each(choices)("a choice is what its address says: %j", (choice) => {
  const address = new URLSearchParams(choiceParameters(choice)).toString();
  expect(choiceIn(new URLSearchParams(address))).toEqual(choice);
});

test.each([
  ["", noChoice],
  ["field=&state=&with=&last=8h&y=half", noChoice],
  ["from=5&to=4", noChoice],
  ["from=0&to=999999999999999", noChoice],
  ["from=1e3&to=x", noChoice],
  ["field=a&field=a&with=b&with=b", { ...noChoice, fields: ["a"], devices: ["b"] }],
])("of the address %j only what is meant counts", (address, choice) => {
  expect(choiceIn(new URLSearchParams(address))).toEqual(choice);
});

test("however long the address is, a chart has at most 8 curves and states", () => {
  const names = Array.from({ length: 40 }, (_, i) => `f${i}`);
  const all = (key: string) => names.map((name): [string, string] => [key, name]);
  const one = new URLSearchParams(all("field"));
  expect(choiceIn(one).fields).toEqual(names.slice(0, 8));
  const mixed = new URLSearchParams([["field", "a"], ["state", "b"], ...all("with")]);
  expect(choiceIn(mixed).devices).toEqual(["f0", "f1", "f2"]);
  expect(sizeOf(choiceIn(mixed))).toBe(8);
  const others = new URLSearchParams(all("with"));
  expect(choiceIn(others).devices.length).toBeLessThan(8);
});

test("a reading more or less; the last one stays, and a full chart takes none", () => {
  const temp = { kind: "field", name: "temp" } as const;
  const door = { kind: "state", name: "door" } as const;
  const one = withReading(noChoice, temp);
  expect(withoutReading(one, temp)).toBe(one);
  const two = withReading(one, door);
  expect(withReading(two, door)).toBe(two);
  expect(withoutReading(two, temp)).toEqual({ ...noChoice, states: ["door"] });
  const full = ["a", "b", "c"].reduce(withDevice, two);
  expect(sizeOf(full)).toBe(8);
  expect([withDevice(full, "d"), withReading(full, { kind: "field", name: "hum" })]).toEqual([
    full,
    full,
  ]);
});
