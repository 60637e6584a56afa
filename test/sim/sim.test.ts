// The real engines under everything that can go wrong, by seed. IOT_SEED=<number> runs that one alone; IOT_SEEDS=<count>
// runs so many.

import { afterAll, expect, test } from "bun:test";
import { Simulation, type Summary } from "./simulation.ts";

const only = process.env["IOT_SEED"];
const count = Number(process.env["IOT_SEEDS"] ?? 20);
const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
const summaries: Summary[] = [];

/** Seeds that once found something, by what it was. */
const regressions: readonly (readonly [number, string])[] = [
  [27, "a session whose end could not be stored ends once it can be"],
];

function run(seed: number): Summary {
  try {
    return new Simulation(seed).run();
  } catch (error) {
    const again = `Run it again: IOT_SEED=${seed} bun test test/sim`;
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${again}`, { cause: error });
  }
}

test.each(seeds)("seed %p: nothing is lost, nothing is doubled, everyone finishes", (seed) => {
  summaries.push(run(seed));
});

test.each(only === undefined ? regressions : [])("seed %p: %s", (seed) => {
  run(seed);
});

test("the same seed makes the same happen, to the last byte", () => {
  const seed = seeds[0] as number;
  expect(run(seed)).toEqual(run(seed));
});

test("another seed makes something else happen", () => {
  const seed = seeds[0] as number;
  expect(run(seed + 1).trace).not.toBe(run(seed).trace);
});

test("everything went wrong that was to go wrong, and work was done all the same", () => {
  const happened = (what: string) => summaries.some(({ counts }) => (counts[what] ?? 0) > 0);
  const missing = Object.keys(summaries[0]?.counts ?? {}).filter((what) => !happened(what));
  // One seed alone need not see it all.
  expect(only === undefined ? missing : []).toEqual([]);
});

afterAll(() => {
  if (process.env["IOT_SEEDS"] === undefined) return;
  const steps = summaries.reduce((sum, summary) => sum + summary.steps, 0);
  console.info(`${summaries.length} seeds, ${steps} steps`);
});
