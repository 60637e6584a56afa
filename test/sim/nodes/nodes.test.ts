// Several real engines on one store under all faults, by seed. IOT_SEED=<number> runs that seed only; IOT_SEEDS=<count> runs
// that many seeds.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { NodesSimulation, type NodesSummary } from "./nodes-simulation.ts";

setDefaultTimeout(testTimeoutMs);

const only = process.env["IOT_SEED"];
const count = Number(process.env["IOT_SEEDS"] ?? 8);
const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
/** What few seeds lead to, or only one kind of device. */
const rare: readonly string[] = [
  "damaged",
  "twins",
  "stale",
  "sweeps",
  "endedForOthers",
  "unheard",
];
const summaries: NodesSummary[] = [];
const sealedSummaries: NodesSummary[] = [];

function run(seed: number, sealed = false): NodesSummary {
  try {
    return new NodesSimulation(seed, sealed).run();
  } catch (error) {
    const again = `Run it again: IOT_SEED=${seed} bun test test/sim/nodes`;
    throw new Error(
      `seed ${seed}${sealed ? ", sealed" : ""}: ${(error as Error).message}\n${again}`,
      { cause: error },
    );
  }
}

test.each(seeds)("seed %p: several nodes lose and double nothing", (seed) => {
  summaries.push(run(seed));
});

test.each(seeds)("seed %p, sealed: several nodes lose and double nothing", (seed) => {
  sealedSummaries.push(run(seed, true));
});

test("the same seed gives the same run of several nodes, to the last byte", () => {
  const seed = seeds[0] as number;
  expect(run(seed)).toEqual(run(seed));
});

test.each([
  ["in text", summaries],
  ["sealed", sealedSummaries],
])("every fault of several nodes occurred, and all kinds of work were done, %s", (_, all) => {
  const happened = (what: string) => all.some(({ counts }) => (counts[what] ?? 0) > 0);
  const wanted = Object.keys(all[0]?.counts ?? {}).filter((what) => !rare.includes(what));
  const missing = wanted.filter((what) => !happened(what));
  // A single seed need not cover all of it.
  expect(only === undefined ? missing : []).toEqual([]);
});
