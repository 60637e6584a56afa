// Charts: which numbers a report has, decimation that keeps every extreme, and columns that grow.

import { describe, expect, test } from "bun:test";
import { Decimation, readingsBetween } from "../../lib/web/decimation.ts";
import { columnReaderOf } from "../../lib/web/number-column.ts";
import { finderOf, numbersIn } from "../../lib/web/numbers-in-messages.ts";
import { Series } from "../../lib/web/series.ts";
import { reportOf, reportsOf } from "./fake-ports.ts";

/** The field's numbers, read from the bytes of many messages at once. */
function columnOf(field: string, messages: readonly string[]): number[] {
  const values = new Float64Array(messages.length);
  const bytes = Buffer.from(messages.map((message) => `${message}\x1f`).join(""));
  expect(columnReaderOf(field)(bytes, values)).toBe(messages.length);
  return [...values];
}

describe("numbers in a message", () => {
  const rows: readonly [message: string, numbers: Readonly<Record<string, number>>][] = [
    ["21.5", { value: 21.5 }],
    [" -3 ", { value: -3 }],
    ["1e3", { value: 1000 }],
    [".5", { value: 0.5 }],
    ["1e999", {}],
    ["0x10", {}],
    ["", {}],
    ["hello", {}],
    ["21,5", {}],
    ["temp=21.5", { temp: 21.5 }],
    ["temp=21.5 hum=40%", { temp: 21.5, hum: 40 }],
    ["temp=21.5C;hum=40,p=1013hPa", { temp: 21.5, hum: 40, p: 1013 }],
    ["mode=auto temp=-1e-2", { temp: -0.01 }],
    ["date=2026-11-22 n=7", { n: 7 }],
    ["xtemp=1 temp=2", { xtemp: 1, temp: 2 }],
    ["value=9", { value: 9 }],
    ["ver=1.2.3 n=1", { n: 1 }],
    ["n=1234567890123456789", { n: Number("1234567890123456789") }],
    ['{"temp":21.5,"on":true,"name":"7"}', { temp: 21.5 }],
    ['{"in":{"temp":1},"temp":2}', { "in.temp": 1, temp: 2 }],
    ['{"a.b":1,"a":{"c":2}}', { "a.b": 1, "a.c": 2 }],
    ["[1,2.5]", { "0": 1, "1": 2.5 }],
    ['{"temp":1e2}', { temp: 100 }],
    ['{"note":"\\"temp\\":5","temp":6}', { temp: 6 }],
    ['{"a":{"temp":5}}', { "a.temp": 5 }],
    ['{"temp" : 5}', { temp: 5 }],
    ['{"temp": 5}', { temp: 5 }],
    ["{temp=5}", {}],
    ["{ temp=5 }", { temp: 5 }],
    ['{"__proto__":1}', { __proto__: undefined } as never],
    ["temp=21.5°C hum=40 %", { temp: 21.5, hum: 40 }],
    ["temp=1e3;hum=+7", { temp: 1000, hum: 7 }],
    ["temp=5kg/m²s,hum=1.", { temp: 5, hum: 1 }],
    ["temp=5abcdefghi", {}],
    ["temp=x temp=3", { temp: 3 }],
    ["ütemp=1\u00a0temp=2", { ütemp: 1, temp: 2 }],
    ["mode=a\ttemp=.5\nhum=-0", { temp: 0.5, hum: -0 }],
    ['{"on":true,"temp":-3.25 }', { temp: -3.25 }],
    ['{"temp":1,"temp":2}', { temp: 2 }],
    ['{"name":"{","temp":2}', { temp: 2 }],
    ['{"temp":12345678901234567890}', { temp: Number("12345678901234567890") }],
    ["+21.50", { value: 21.5 }],
    ["5\r", { value: 5 }],
    ["5.5.5", {}],
  ];
  for (const [message, numbers] of rows) {
    test(JSON.stringify(message), () => {
      const found = numbersIn(message);
      if (!message.includes("__proto__")) expect(Object.fromEntries(found)).toEqual({ ...numbers });
      for (const [name, value] of found) {
        expect([name, finderOf(name)(message)]).toEqual([name, value]);
        expect([name, columnOf(name, [message])]).toEqual([name, [value]]);
      }
      for (const name of ["temp", "value", "hum", "a.b", "constructor", "length", "none"]) {
        if (found.some(([known]) => known === name)) continue;
        expect([name, finderOf(name)(message)]).toEqual([name, Number.NaN]);
        expect([name, columnOf(name, [message])]).toEqual([name, [Number.NaN]]);
      }
    });
  }
});

test("each message gives the same number in a column as alone, whatever its neighbours are", () => {
  let seed = 11;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const parts = [
    "temp",
    "=",
    "1",
    "2.5",
    " ",
    ",",
    "-",
    "e3",
    "°C",
    "%",
    "x",
    ".",
    "value",
    "\t",
    "é",
  ];
  for (let round = 0; round < 300; round++) {
    const messages = Array.from({ length: 20 }, () =>
      Array.from({ length: random(9) }, () => parts[random(parts.length)]).join(""),
    );
    for (const field of ["temp", "value", "x"]) {
      const found = messages.map((message) => finderOf(field)(message));
      expect([messages, columnOf(field, messages)]).toEqual([messages, found]);
    }
  }
});

test("messages that contain the separator byte are detected by their number", () => {
  const read = columnReaderOf("value");
  expect(read(Buffer.from("1\x1f2\x1f3\x1f"), new Float64Array(2))).toBe(3);
  expect(read(new Uint8Array(0), new Float64Array(2))).toBe(0);
  expect(() => read(Buffer.from("1\x1f2"), new Float64Array(2))).toThrow("no end");
});

type Reading = readonly [number: number, value: number];

function columns(readings: readonly Reading[], first = 0) {
  return {
    first,
    places: Uint16Array.from(readings, ([number]) => number - first),
    values: Float64Array.from(readings, ([, value]) => value),
    length: readings.length,
  };
}

test("decimation keeps the lowest, the highest, the sum and the count of each bucket", () => {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 50; round++) {
    const borders = Array.from({ length: 2 + Math.floor(random() * 40) }, () =>
      Math.floor(random() * 7_000),
    ).sort((a, b) => a - b);
    const share = random();
    const readings: Reading[] = [];
    for (let number = 0; number < 8_000; number++) {
      const value = random() < 0.1 ? Number.NaN : random() * 100 - 50;
      if (random() < share) readings.push([number, value]);
    }
    const decimation = new Decimation(Float64Array.from(borders));
    const half = readings.findIndex(([number]) => number >= 3_000);
    decimation.add(columns(readings.slice(0, half)));
    decimation.add(columns(readings.slice(half), 3_000));
    for (const [i, bucket] of decimation.buckets.entries()) {
      const [low, high] = [borders[i] as number, borders[i + 1] as number];
      const inside = readings.filter(
        ([number, value]) => number >= low && number < high && !Number.isNaN(value),
      );
      const values = inside.map(([, value]) => value);
      expect(bucket.count).toBe(inside.length);
      expect(bucket.first).toBe(inside[0]?.[0] ?? -1);
      expect([bucket.min, bucket.max]).toEqual([Math.min(...values), Math.max(...values)]);
      const sum = values.reduce((all, value) => all + value, 0);
      expect(bucket.sum).toBeCloseTo(sum, 6);
    }
    const counts = decimation.buckets.map(({ count }) => count);
    expect(decimation.count).toBe(counts.reduce((all, count) => all + count, 0));
  }
});

test("few readings are single points", () => {
  const readings: Reading[] = [
    [101, 5],
    [102, 7],
    [103, Number.NaN],
    [109, 8],
  ];
  const found = readingsBetween(columns(readings, 100), 102, 109);
  expect(found).toEqual([{ first: 102, min: 7, max: 7, sum: 7, count: 1 }]);
});

test("one spike among many thousands is in the chart, and new reports join the cached ones", async () => {
  const reports = Array.from({ length: 150_000 }, (_, i) =>
    reportOf(i + 1, i % 10 === 9 ? "other" : "a", i, i === 77_777 ? "999" : "20"),
  );
  const series = new Series(reportsOf(reports));
  const query = { device: "a", field: "value", from: 0, to: 200_000, points: 300 };
  const first = await series.points(query);
  expect(first.reports).toBe(135_000);
  expect(Math.max(...first.max)).toBe(999);
  expect(first.times.length).toBeLessThanOrEqual(300);
  reports.push(reportOf(150_001, "a", 150_000, "-1"));
  const second = await series.points(query);
  expect([second.reports, Math.min(...second.min), second.last]).toEqual([135_001, -1, -1]);
  const [one, two] = await Promise.all([
    series.points(query),
    series.points({ ...query, device: "other" }),
  ]);
  expect([one.reports, two.reports]).toEqual([135_001, 15_000]);
});

test("a range has what was received in it, both ends included", async () => {
  const reports = Array.from({ length: 10 }, (_, i) => reportOf(i + 1, "a", i * 10, `${i}`));
  const series = new Series(reportsOf(reports));
  const query = { device: "a", field: "value", from: 20, to: 50, points: 100 };
  expect(await series.points(query)).toMatchObject({ mean: [2, 3, 4, 5], last: 5 });
  const later = { ...query, from: 500, to: 600 };
  expect(await series.points(later)).toMatchObject({ reports: 0, mean: [], last: null });
});

test("buckets of a chart are equal in time, however the reports are distributed", async () => {
  // Most reports come in one burst.
  const times = [
    0,
    10,
    400,
    ...Array.from({ length: 3_000 }, (_, i) => 500 + Math.floor(i / 100)),
    990,
  ];
  const reports = times.map((time, i) => reportOf(i + 1, "a", time, `${i}`));
  const series = new Series(reportsOf(reports));
  const query = { device: "a", field: "value", from: 0, to: 999, points: 10 };
  const { times: shown, count, min, max } = await series.points(query);
  expect(shown).toEqual([0, 400, 500, 990]);
  expect(count).toEqual([2, 1, 3_000, 1]);
  expect([min, max]).toEqual([
    [0, 2, 3, 3_003],
    [1, 2, 3_002, 3_003],
  ]);
});

test("a message that contains the separator byte does not shift the others", async () => {
  const reports = Array.from({ length: 3_000 }, (_, i) =>
    reportOf(i + 1, "a", i, i === 1_500 ? "n=5\x1fn=6" : `n=${i}`),
  );
  const series = new Series(reportsOf(reports));
  const found = await series.points({ device: "a", field: "n", from: 0, to: 2_999, points: 3_000 });
  expect(found.mean).toEqual(Array.from({ length: 3_000 }, (_, i) => i).toSpliced(1_500, 1));
});

test("concurrent charts count no report twice", async () => {
  const reports = Array.from({ length: 20_000 }, (_, i) => reportOf(i + 1, "a", i, "1"));
  const series = new Series(reportsOf(reports));
  const query = { device: "a", field: "value", from: 0, to: 30_000, points: 10 };
  const charts = await Promise.all([
    series.points(query),
    series.points(query),
    series.points(query),
  ]);
  expect(charts.map((chart) => chart.reports)).toEqual([20_000, 20_000, 20_000]);
});
