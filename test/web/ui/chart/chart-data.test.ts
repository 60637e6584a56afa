// A chart tells the truth: gaps are gaps, states hold as far as they were reported, and a spike flattens nothing.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  type Band,
  columnsOf,
  type Curve,
  limitsOf,
  outsideOf,
  partsOf,
} from "../../../../lib/web/ui/chart/chart-data.ts";
import { placesOf } from "../../../../lib/web/ui/chart/chart-bands.ts";
import { coloursOf } from "../../../../lib/web/ui/chart/chart-sources.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function curveOf(values: readonly number[], times = values.map((_, i) => i * 1_000)): Curve {
  const points = { field: "t", reports: values.length, last: values.at(-1) ?? null, times };
  const columns = { min: values, max: values, mean: values, count: values.map(() => 1) };
  return {
    words: "t",
    field: "t",
    unit: null,
    scale: "field t",
    colour: 0,
    points: { ...points, ...columns },
  };
}

function bandOf(
  words: readonly string[],
  reports: readonly (readonly [time: number, state: number, changes: number])[],
  last: string,
): Band {
  const times = reports.map(([time]) => time);
  const [state, changes] = [reports.map((one) => one[1]), reports.map((one) => one[2])];
  const points = { field: "s", reports: times.length, last, words, times, state, changes };
  return { words: "s", points };
}

test("a pause that is longer than usual is a gap, and no line leads across", () => {
  const times = [0, 10, 20, 30, 200, 210];
  const [x, , , mean] = columnsOf(curveOf([1, 2, 3, 4, 5, 6], times));
  expect(x).toEqual([0, 10, 20, 30, 115, 200, 210]);
  expect(mean).toEqual([1, 2, 3, 4, null, 5, 6]);
  // Irregular, but nothing is missing.
  expect(columnsOf(curveOf([1, 2, 3], [0, 10, 70]))[3]).toEqual([1, 2, 3]);
});

test("a state lasts until the next report; after longer than usual, and at the end, it only holds", () => {
  const reports = [
    [0, 0, 0],
    [10, 0, 1],
    [20, 1, 0],
    [30, 1, 1],
    [330, 0, 0],
    [340, 0, 0],
  ] as const;
  const parts = partsOf(bandOf(["open", "closed"], reports, "open"), 1_000);
  const plain = parts.map(({ from, to, word, isHeld }) => [from, to, word, isHeld] as const);
  expect(plain).toEqual([
    [0, 20, "open", false],
    [20, 40, "closed", false],
    [40, 330, "closed", true],
    [330, 350, "open", false],
    [350, 1_000, "open", true],
  ]);
});

test("a state that changes often within a point is shown as several, and then the last one holds", () => {
  const reports = [
    [0, 0, 0],
    [10, 0, 5],
    [20, 0, 3],
  ] as const;
  const words = ["a", "b"];
  const parts = partsOf(bandOf(words, reports, "b"), 900).map(
    ({ word, to }) => [word, to] as const,
  );
  expect(parts).toEqual([
    ["a", 10],
    [null, 30],
    ["b", 900],
  ]);
  expect(partsOf(bandOf(words, [], ""), 900)).toEqual([]);
  // A single report tells nothing of what is usual.
  expect(partsOf(bandOf(words, [[5, 1, 0]], "b"), 900)).toMatchObject([
    { from: 5, to: 900, word: "b" },
  ]);
});

const wave = Array.from({ length: 200 }, (_, i) => 20 + 3 * Math.sin(i / 10));
const rain = Array.from({ length: 200 }, (_, i) => (i % 40 === 0 ? 5 : 0));

test.each([
  ["a wave", [wave], [17, 23], 0],
  ["a wave with spikes on both sides", [[...wave, 999, -999]], [17, 23], 2],
  ["few numbers", [[20, 21, 999]], [20, 999], 0],
  ["mostly one number", [rain], [0, 5], 0],
  ["a constant and one spike", [[...Array(100).fill(20), 999]], [20, 999], 0],
  [
    "two levels",
    [[...wave.slice(0, 100), ...wave.slice(0, 90).map((one) => one + 80)]],
    [17, 103],
    0,
  ],
  ["a curve of few points that is far from another", [wave, [80, 81]], [17, 81], 0],
] as const)("the axis of %s", (_, values, ends, outside) => {
  const curves = values.map((own) => curveOf(own));
  const { low, high } = limitsOf(curves, false)!;
  expect([Math.round(low), Math.round(high)]).toEqual([...ends]);
  expect(curves.reduce((sum, curve) => sum + outsideOf(curve, low, high), 0)).toBe(outside);
  const whole = limitsOf(curves, true)!;
  expect([whole.low, whole.high]).toEqual([Math.min(...values.flat()), Math.max(...values.flat())]);
});

test("without points there are no limits", () => {
  expect(limitsOf([curveOf([])], false)).toBeNull();
});

test("a state keeps its colour beside others, and has its own as long as there are enough", () => {
  const words = ["open", "ajar", "heating", "boost", "fault", "on", "true", "auto"];
  const places = placesOf(words, 8);
  expect(new Set(places.values())).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  expect(placesOf(words.toReversed(), 8)).toEqual(places);
  expect(placesOf(["heating", "fault"], 8)).toEqual(
    new Map(["fault", "heating"].map((word) => [word, placesOf([word], 8).get(word) ?? -1])),
  );
  const many = placesOf(
    Array.from({ length: 20 }, (_, i) => `w${i}`),
    8,
  );
  expect([...many.values()].every((place) => place >= 0 && place < 8)).toBe(true);
});

test("a curve keeps its colour when another one goes or comes", () => {
  const three = coloursOf(["a", "b", "c"], new Map());
  expect([...three]).toEqual([
    ["a", 0],
    ["b", 1],
    ["c", 2],
  ]);
  const two = coloursOf(["b", "c"], three);
  expect([...two.values()]).toEqual([1, 2]);
  expect([...coloursOf(["b", "d", "c", "e"], two).values()]).toEqual([1, 0, 2, 3]);
  const eight = coloursOf([..."bcdefghi"], three);
  expect(new Set(eight.values())).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
});
