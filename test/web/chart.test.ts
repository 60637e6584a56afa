// Several fields of a device in one chart: each as if it were alone, and states with all their changes.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { ChartJson } from "../../lib/web/api/shapes.ts";
import { SeriesReader } from "../../lib/web/series/series-reader.ts";
import { WordCodes } from "../../lib/web/series/word-column.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { reportOf, reportsOf } from "./fake-ports.ts";
import { newDevice, runServer } from "./running-server.ts";

setDefaultTimeout(testTimeoutMs);

const range = { device: "a", from: 0, to: 99_999 };

/** Reports with numbers and states, now and then none of them. @param isOrdered whether their times ascend */
function mixedReports(random: SeededRandom, isOrdered: boolean) {
  return Array.from({ length: 70_000 }, (_, i) => {
    const door = random.below(50) === 0 ? random.pick(["open", "closed", "ajar"]) : "closed";
    const parts = [`temp=${random.below(100)}`, `hum:${random.below(100)}`, `door=${door}`];
    const message = parts.filter(() => random.below(8) > 0).join(" ");
    const at = isOrdered ? i : i + random.below(300);
    return { ...reportOf(i + 1, "a", at, message), at };
  });
}

test.each([1, 2, 3])("fields that are read together are as each alone (seed %d)", async (seed) => {
  const reports = mixedReports(new SeededRandom(seed), seed === 1);
  const source = reportsOf(reports);
  let removed = 0;
  const together = new SeriesReader({
    ...source,
    chunks: (from, to) =>
      source
        .chunks(from, to)
        .map(({ number, isOrdered }) => ({ number, isOrdered, revision: -removed })),
    messages: (id, low, high) => source.messages(id, Math.max(low, removed), high),
    timesAt: (id, base, places) =>
      source.timesAt(id, base, places).map((ms, i) => (base + places[i]! < removed ? NaN : ms)),
  });
  // One field is in the cache already, with reports that are removed then.
  await together.points({ ...range, field: "hum", points: 100 });
  if (seed === 3) {
    removed = 1_000;
    for (let i = 0; i < removed - 1; i++) reports[i] = { ...reports[i]!, message: "none" };
  }
  for (const points of [50, 700, 100_000]) {
    const { series } = await together.chart({
      ...range,
      points,
      fields: ["temp", "hum", "none"],
      states: ["door"],
    });
    expect(series.map(({ field }) => field)).toEqual(["temp", "hum", "none"]);
    for (const { field, ...found } of series) {
      const alone = new SeriesReader(reportsOf(reports));
      expect(await alone.points({ ...range, field, points })).toEqual(found);
    }
  }
});

test("all changes of a state are counted, with few points and with one for each report", async () => {
  const reports = mixedReports(new SeededRandom(3), true);
  const words = reports.flatMap(({ at, message }) => {
    const word = /door=(\w+)/.exec(message)?.[1];
    return word === undefined ? [] : [[at, word] as const];
  });
  const reader = new SeriesReader(reportsOf(reports));
  const each = await reader.chart({ ...range, points: 100_000, fields: [], states: ["door"] });
  const [all] = each.states;
  expect(all?.reports).toBe(words.length);
  expect(all?.times).toEqual(words.map(([at]) => at));
  expect(all?.state.map((place) => all.words[place])).toEqual(words.map(([, word]) => word));
  const changed = words.map(([, word], i) => Number(word !== (words[i + 1]?.[1] ?? word)));
  expect(all?.changes).toEqual(changed);
  expect(all?.last ?? "").toBe(words.at(-1)?.[1] ?? "none");

  const few = await reader.chart({ ...range, points: 100, fields: [], states: ["door"] });
  const [some] = few.states;
  expect(some?.times.length).toBe(70);
  let inside = 0;
  for (const [i, time] of (some?.times ?? []).entries()) {
    const own = words.filter(([at]) => at >= time && at <= (some?.times[i + 1] ?? Infinity));
    expect(some?.words[some.state[i] ?? -1]).toBe(own[0]?.[1]);
    const changes = own.filter(([, word], at) => at > 0 && own[at - 1]?.[1] !== word).length;
    expect(some?.changes[i]).toBe(changes);
    inside += changes;
  }
  expect(inside).toBeGreaterThan(1_000);
});

test("a chart has few words, however many there are", async () => {
  const reports = Array.from({ length: 9_000 }, (_, i) =>
    reportOf(i + 1, "a", i, `mode=w${i < 100 ? i : i % 5_000}`),
  );
  const reader = new SeriesReader(reportsOf(reports));
  for (const to of [99, 8_999]) {
    const query = { ...range, to, points: 10_000, fields: [], states: ["mode"] };
    const [found] = (await reader.chart(query)).states;
    expect(found?.words.length).toBe(64);
    expect(found?.words.at(-1)).toBe("…");
    expect(found?.words[1]).toBe("w1");
  }
  // The table of words is full: another chart has a new one, with which nothing of the old one is read.
  const [again] = (
    await reader.chart({ ...range, to: 9, points: 10, fields: [], states: ["mode"] })
  ).states;
  expect(again?.words).toEqual(Array.from({ length: 10 }, (_, i) => `w${i}`));
});

test("the code of a word is its own, until there are too many", () => {
  const codes = new WordCodes(0);
  const some = Array.from({ length: 5_000 }, (_, i) => codes.codeOf(`w${i}`));
  expect(new Set(some).size).toBe(4_096);
  expect([codes.wordOf(codes.codeOf("w7")), codes.wordOf(codes.codeOf("new"))]).toEqual([
    "w7",
    "…",
  ]);
});

test("a chart is asked for by repeated names, and states are told beside numbers", async () => {
  await using server = await runServer();
  const device = await newDevice(server, "mixed");
  expect(await device.register()).toBe("00");
  expect(await device.login()).toBe("70");
  const open = '{"door":true,"temp":21,"mode":"auto","in":{"deep":1}}';
  for (const message of ["door=closed temp=20 hum:40", "temp=nan", open]) {
    expect(await device.report(message)).toBe("50");
  }
  device.close();
  const own = "/api/v1/devices/mixed";
  expect(await server.read<unknown>(`${own}/fields`)).toEqual({
    fields: [
      { name: "temp", latest: 21, unit: null },
      { name: "in.deep", latest: 1, unit: null },
      { name: "hum", latest: 40, unit: null },
    ],
    states: [
      { name: "door", latest: "true" },
      { name: "mode", latest: "auto" },
    ],
  });
  const series = await server.read<{ min: number[] }>(`${own}/series?field=temp`);
  expect(series).toMatchObject({ reports: 2, min: [20, 21], max: [20, 21], count: [1, 1] });
  const query = "field=temp&field=hum&field=temp&state=door";
  const chart = await server.read<ChartJson>(`${own}/chart?${query}`);
  expect(chart.series.map(({ field, last }) => [field, last])).toEqual([
    ["temp", 21],
    ["hum", 40],
  ]);
  expect(chart.states).toMatchObject([
    { field: "door", words: ["closed", "true"], state: [0, 1], changes: [1, 0], last: "true" },
  ]);
});
