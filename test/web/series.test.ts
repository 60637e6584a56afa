// Charts: decimation that keeps every extreme, and columns that grow.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Decimation } from "../../lib/web/series/decimation.ts";
import { SeriesReader } from "../../lib/web/series/series-reader.ts";
import { reportOf, reportsOf } from "./fake-ports.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** The chart of some readings of a device `a`, computed the plain way. */
function plainChart(
  reports: readonly { readonly at: number; readonly message: string }[],
  { from, to, points }: { from: number; to: number; points: number },
) {
  const inside = reports
    .map(({ at, message }) => [at, Number(message)] as const)
    .filter(([at, value]) => at >= from && at <= to && !Number.isNaN(value))
    .sort(([one], [other]) => one - other);
  const parts = Math.min(points, to - from + 1);
  const width = (to - from + 1) / parts;
  const begins = Array.from({ length: parts }, (_, i) => Math.ceil(from + i * width));
  const bucketOf = (at: number) => begins.findLastIndex((begin) => begin <= at);
  const groups = new Map<number, (readonly [number, number])[]>();
  for (const [i, reading] of inside.entries()) {
    const bucket = inside.length <= points ? i : bucketOf(reading[0]);
    groups.set(bucket, [...(groups.get(bucket) ?? []), reading]);
  }
  const values = [...groups.values()].map((group) => group.map(([, value]) => value));
  return {
    reports: inside.length,
    times: [...groups.values()].map((group) => group[0]?.[0] ?? 0),
    min: values.map((group) => Math.min(...group)),
    max: values.map((group) => Math.max(...group)),
    count: values.map((group) => group.length),
  };
}

test.each([1, 2, 3, 4])(
  "a chart has what a plain computation has, whatever the clocks did (seed %d)",
  async (seed) => {
    let state = seed * 7_919;
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
    // Odd seeds: times ascend; even seeds: the clock is set back and forth, and single reports are far away.
    let clock = 0;
    const reports = Array.from({ length: 70_000 }, (_, i) => {
      clock += random(3);
      if (seed % 2 === 0 && random(5_000) === 0) clock += random(60_000) - 30_000;
      const at = seed % 2 === 0 && random(9_000) === 0 ? 1e12 : clock;
      return { ...reportOf(i + 1, "a", at, random(10) === 0 ? "none" : `${random(1_000)}`), at };
    });
    const series = new SeriesReader(reportsOf(reports));
    for (const points of [1, 7, 600, 4_000]) {
      const from = random(50_000);
      const query = { device: "a", field: "value", from, to: from + random(60_000), points };
      expect(await series.points(query)).toMatchObject(plainChart(reports, query));
    }
    const [from, to] = [clock - 100, clock];
    const few = { device: "a", field: "value", from, to, points: 4_000 };
    expect(await series.points(few)).toMatchObject(plainChart(reports, few));
  },
);

test("thirty good readings are not drawn in 2036 because one report was", async () => {
  const year2036 = 2_100_000_000_000;
  const reports = [year2036, ...Array.from({ length: 30 }, (_, i) => 1_000_000 + i * 1_000)].map(
    (at, i) => reportOf(i + 1, "a", at, `${i}`),
  );
  const series = new SeriesReader(reportsOf(reports));
  const query = { device: "a", field: "value", from: 900_000, to: 1_100_000, points: 600 };
  const found = await series.points(query);
  expect(found.times).toEqual(reports.slice(1).map(({ at }) => at));
  const ahead = { ...query, from: year2036 - 10, to: year2036 + 10 };
  expect(await series.points(ahead)).toMatchObject({ reports: 1, times: [year2036] });
});

test("times that do not ascend are read again when reports of their chunk were removed", async () => {
  const reports = [5_000, 1_000, 2_000, 3_000].map((at, i) => reportOf(i + 1, "a", at, `${i}`));
  const source = reportsOf(reports);
  let removed = 0;
  const series = new SeriesReader({
    ...source,
    chunks: (from, to) =>
      source.chunks(from, to).map(({ number, isOrdered }) => ({
        number,
        isOrdered,
        revision: -removed,
      })),
    timesAt: (id, base, places) =>
      source.timesAt(id, base, places).map((ms) => (removed > 0 && ms === 1_000 ? Number.NaN : ms)),
  });
  const query = { device: "a", field: "value", from: 0, to: 9_000, points: 100 };
  expect(await series.points(query)).toMatchObject({ times: [1_000, 2_000, 3_000, 5_000] });
  removed = 1;
  expect(await series.points(query)).toMatchObject({ times: [2_000, 3_000, 5_000], reports: 3 });
});

test("every time of a range belongs to the bucket that begins before it", () => {
  for (const [from, to, parts] of [
    [0, 9, 3],
    [1_795_338_846_000, 1_795_338_846_006, 7],
    [-8_000_000_000_000, 8_640_000_000_000_000, 4_000],
    [5, 5, 1],
  ] as const) {
    const decimation = new Decimation(from, to, parts);
    expect([decimation.beginOf(0), decimation.beginOf(parts)]).toEqual([from, to + 1]);
    for (let i = 0; i < parts; i++) {
      const begin = decimation.beginOf(i);
      expect(decimation.bucketOf(begin)).toBe(i);
      if (begin > from) expect(decimation.bucketOf(begin - 1)).toBe(i - 1);
    }
  }
});

test("one spike among many thousands is in the chart, and new reports join the cached ones", async () => {
  const reports = Array.from({ length: 150_000 }, (_, i) =>
    reportOf(i + 1, i % 10 === 9 ? "other" : "a", i, i === 77_777 ? "999" : "20"),
  );
  const series = new SeriesReader(reportsOf(reports));
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

test("a range has what was measured in it, both ends included", async () => {
  const reports = Array.from({ length: 10 }, (_, i) => reportOf(i + 1, "a", i * 10, `${i}`));
  const series = new SeriesReader(reportsOf(reports));
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
  const series = new SeriesReader(reportsOf(reports));
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
  const series = new SeriesReader(reportsOf(reports));
  const found = await series.points({ device: "a", field: "n", from: 0, to: 2_999, points: 3_000 });
  expect(found.mean).toEqual(Array.from({ length: 3_000 }, (_, i) => i).toSpliced(1_500, 1));
});

test("concurrent charts count no report twice", async () => {
  const reports = Array.from({ length: 20_000 }, (_, i) => reportOf(i + 1, "a", i, "1"));
  const series = new SeriesReader(reportsOf(reports));
  const query = { device: "a", field: "value", from: 0, to: 30_000, points: 10 };
  const charts = await Promise.all([
    series.points(query),
    series.points(query),
    series.points(query),
  ]);
  expect(charts.map((chart) => chart.reports)).toEqual([20_000, 20_000, 20_000]);
});
