// Charts: what a number in a report is, decimation that loses no lowest and no highest, and columns that grow.

import { describe, expect, test } from "bun:test";
import { Decimation, pointsOfAll } from "../../lib/web/decimation.ts";
import { finderOf, numbersIn } from "../../lib/web/numbers-in-messages.ts";
import { Series } from "../../lib/web/series.ts";
import { reportOf, reportsOf } from "./fake-ports.ts";

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
  ];
  for (const [message, numbers] of rows) {
    test(JSON.stringify(message), () => {
      const found = numbersIn(message);
      if (!message.includes("__proto__")) expect(Object.fromEntries(found)).toEqual({ ...numbers });
      for (const [name, value] of found)
        expect([name, finderOf(name)(message)]).toEqual([name, value]);
      for (const name of ["temp", "value", "hum", "a.b", "constructor", "length", "none"]) {
        if (found.some(([known]) => known === name)) continue;
        expect([name, finderOf(name)(message)]).toEqual([name, Number.NaN]);
      }
    });
  }
});

function columns(readings: readonly (readonly [time: number, value: number])[]) {
  return {
    times: Float64Array.from(readings, ([time]) => time),
    values: Float64Array.from(readings, ([, value]) => value),
    length: readings.length,
  };
}

test("decimation keeps the lowest, the highest, the mean and the count of each bucket", () => {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 50; round++) {
    const from = Math.floor(random() * 1_000);
    const to = from + Math.floor(random() * 5_000);
    const points = 1 + Math.floor(random() * 40);
    const readings = Array.from(
      { length: Math.floor(random() * 2_000) },
      () => [Math.floor(random() * 7_000), random() * 100 - 50] as const,
    ).sort(([a], [b]) => a - b);
    const decimation = new Decimation(from, to, points);
    const half = Math.floor(readings.length / 2);
    decimation.add(columns(readings.slice(0, half)));
    decimation.add(columns(readings.slice(half)));
    const found = decimation.points();
    const inside = readings.filter(([time]) => time >= from && time <= to);
    const values = inside.map(([, value]) => value);
    expect(found.times.length).toBeLessThanOrEqual(points);
    expect(found.count.reduce((sum, count) => sum + count, 0)).toBe(inside.length);
    expect(found.times).toEqual([...found.times].sort((a, b) => a - b));
    if (inside.length === 0) continue;
    expect(Math.min(...found.min)).toBe(Math.min(...values));
    expect(Math.max(...found.max)).toBe(Math.max(...values));
    const sum = found.mean.reduce((all, mean, i) => all + mean * (found.count[i] as number), 0);
    expect(sum).toBeCloseTo(
      values.reduce((all, value) => all + value, 0),
      6,
    );
  }
});

test("few readings are points of their own", () => {
  const parts = [
    columns([[1, 5]]),
    columns([
      [2, 7],
      [9, 8],
    ]),
  ];
  expect(pointsOfAll(parts, 1, 5)).toEqual({
    times: [1, 2],
    min: [5, 7],
    max: [5, 7],
    mean: [5, 7],
    count: [1, 1],
  });
});

test("one spike in many thousands is in the chart, and new reports join what is kept", async () => {
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
  expect([second.reports, Math.min(...second.min)]).toEqual([135_001, -1]);
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
  expect((await series.points(query)).mean).toEqual([2, 3, 4, 5]);
});

test("charts asked for at the same time do not count a report twice", async () => {
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
