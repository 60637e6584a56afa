// Charts of a store that several servers write: reports with lower numbers are seen after those with higher ones.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { ReportReads } from "../../lib/server/store-reads.ts";
import { SeriesReader } from "../../lib/web/series/series-reader.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { reportOf, reportsOf } from "./fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

const chunkSize = 65_536;

/** Reads of the reports that `isSeen` lets through; nothing new comes below `final`. */
function seenOnly(
  source: ReportReads,
  isSeen: (sequence: number) => boolean,
  state: { readonly final: number; readonly end: number; messagesFrom: number[] },
): ReportReads {
  return {
    ...source,
    end: () => state.end,
    // Chunks that are not final are not known: they are in every range, in no order.
    chunks: async (from, to) => {
      const found = await source.chunks(-Infinity, Infinity);
      const known = new Set((await source.chunks(from, to)).map(({ number }) => number));
      return found.flatMap(({ number, isOrdered, revision }) => {
        const isFinal = state.final >= Math.min(state.end, (number + 1) * chunkSize);
        if (isFinal) return known.has(number) ? [{ number, isOrdered, revision }] : [];
        return [{ number, isOrdered, revision, finalBelow: state.final }];
      });
    },
    messages: (id, low, high) => {
      state.messagesFrom.push(low);
      const scan = source.messages(id, low, high);
      return {
        get done() {
          return scan.done;
        },
        next: async (limit) => {
          const { base, places, bytes } = await scan.next(limit);
          const texts = Buffer.from(bytes).toString().split("\x1f");
          const seen = [...places.keys()].filter((i) => isSeen(base + (places[i] as number)));
          return {
            base,
            places: Uint16Array.from(seen, (i) => places[i] as number),
            bytes: Buffer.from(seen.map((i) => `${texts[i]}\x1f`).join("")),
          };
        },
      };
    },
  };
}

test.each([1, 2, 3])(
  "a chart has all reports that are seen, also those of lower numbers than others before (seed %d)",
  async (seed) => {
    const random = new SeededRandom(seed);
    const first = chunkSize - 1_000;
    const all = Array.from({ length: chunkSize + 4_000 }, (_, i) => {
      const at = seed === 1 ? i : i + random.below(50);
      return reportOf(i + 1, i >= first && i % 3 > 0 ? "a" : "b", at, `${random.below(1_000)}`);
    });
    const state = { final: first, end: first, messagesFrom: [] as number[] };
    const seen = new Set<number>();
    const isSeen = (sequence: number) => sequence < state.final || seen.has(sequence);
    const series = new SeriesReader(seenOnly(reportsOf(all), isSeen, state));
    while (state.final < all.length) {
      state.end = Math.min(all.length + 1, state.end + random.below(700));
      for (let i = state.final; i < state.end; i++) if (random.below(2) === 0) seen.add(i);
      state.final = Math.min(state.end, state.final + random.below(700));
      const query = { device: "a", field: "value", from: first, to: 2 * chunkSize, points: 1e6 };
      const found = await series.points(query);
      const wanted = all
        .filter(({ sequence, device, at }) => device === "a" && at >= first && isSeen(sequence))
        .filter(({ sequence }) => sequence < state.end);
      const { times, mean } = found;
      const points = times.map((time, i) => [time, mean[i]]);
      const ordered = (them: unknown[][]) =>
        them.sort(
          ([a, x], [b, y]) => (a as number) - (b as number) || (x as number) - (y as number),
        );
      expect(ordered(points)).toEqual(ordered(wanted.map((one) => [one.at, Number(one.message)])));
    }
  },
);

test("what is final is read once", async () => {
  const all = Array.from({ length: 1_000 }, (_, i) => reportOf(i + 1, "a", i, "1"));
  const state = { final: 501, end: 1_001, messagesFrom: [] as number[] };
  const series = new SeriesReader(seenOnly(reportsOf(all), () => true, state));
  const query = { device: "a", field: "value", from: 0, to: 9_999, points: 10 };
  expect((await series.points(query)).reports).toBe(1_000);
  state.final = 601;
  expect((await series.points(query)).reports).toBe(1_000);
  expect(state.messagesFrom).toEqual([0, 501, 501, 601]);
});
