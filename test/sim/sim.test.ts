// The real engines under all faults, by seed. IOT_SEED=<number> runs that seed only; IOT_SEEDS=<count> runs that many
// seeds.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { Simulation, type Summary } from "./simulation.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const only = process.env["IOT_SEED"];
const count = Number(process.env["IOT_SEEDS"] ?? 20);
const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
const summaries: Summary[] = [];
const sealedSummaries: Summary[] = [];

/** Seeds that once found a bug, and what they found. */
const regressions: readonly (readonly [number, string, "in text" | "sealed"])[] = [
  [27, "a session whose end could not be stored ends once it can be", "in text"],
  [92, "of a packet that could not be stored no report comes before another", "sealed"],
  [98, "a copy of a refused RESUME is no answer to the LOGIN after it", "sealed"],
];

function run(seed: number, sealed = false): Summary {
  try {
    return new Simulation(seed, sealed).run();
  } catch (error) {
    const again = `Run it again: IOT_SEED=${seed} bun test test/sim`;
    throw new Error(
      `seed ${seed}${sealed ? ", sealed" : ""}: ${(error as Error).message}\n${again}`,
      { cause: error },
    );
  }
}

test.each(seeds)("seed %p: no report is lost or doubled, everyone finishes", (seed) => {
  summaries.push(run(seed));
});

test.each(seeds)("seed %p, sealed: no report is lost or doubled, everyone finishes", (seed) => {
  sealedSummaries.push(run(seed, true));
});

test.each(only === undefined ? regressions : [])("seed %p: %s, %s", (seed, _, kind) => {
  run(seed, kind === "sealed");
});

test("the same seed gives the same run, to the last byte", () => {
  const seed = seeds[0] as number;
  expect(run(seed)).toEqual(run(seed));
});

test("another seed gives another run", () => {
  const seed = seeds[0] as number;
  expect(run(seed + 1).trace).not.toBe(run(seed).trace);
});

test.each([
  ["in text", summaries],
  ["sealed", sealedSummaries],
])("every fault occurred, and all kinds of work were done, %s", (_, all) => {
  const happened = (what: string) => all.some(({ counts }) => (counts[what] ?? 0) > 0);
  const missing = Object.keys(all[0]?.counts ?? {}).filter((what) => !happened(what));
  // A single seed need not cover all of it.
  expect(only === undefined ? missing : []).toEqual([]);
});

afterAll(() => {
  if (process.env["IOT_SEEDS"] === undefined) return;
  const steps = summaries.reduce((sum, summary) => sum + summary.steps, 0);
  console.info(`${summaries.length} seeds, ${steps} steps`);
});
