// Commands under all faults, by seed: each ends exactly once, each number is carried out at most once, and what is delivered the
// device has said. IOT_SEED and IOT_SEEDS as in sim.test.ts.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { type CommandsPlan, CommandsSimulation } from "./commands-simulation.ts";

setDefaultTimeout(testTimeoutMs);

const only = process.env["IOT_SEED"];
const count = Number(process.env["IOT_SEEDS"] ?? 12);
const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
const usual: CommandsPlan = {
  sealed: false,
  devices: 3,
  wildMs: 15 * 60_000,
  heartbeatSeconds: 10,
  runMsMax: 4_000,
};
const ends = new Set<string>();
const happened = { late: 0, queued: 0, cancelled: 0, powerCuts: 0, crashes: 0 };

function run(seed: number, sealed: boolean): void {
  const simulation = new CommandsSimulation(seed, { ...usual, sealed });
  try {
    for (const { end, late } of simulation.run()) {
      ends.add(String(end));
      if (late) happened.late++;
    }
  } catch (error) {
    const again = `Run it again: IOT_SEED=${seed} bun test test/sim/commands`;
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${again}`, { cause: error });
  }
  happened.queued += simulation.counts.queued;
  happened.cancelled += simulation.counts.cancelled;
  happened.powerCuts += simulation.counts.powerCuts;
  happened.crashes += simulation.server.counts.crashes;
}

test.each(seeds)("seed %p: every command ends once and is carried out at most once", (seed) => {
  run(seed, false);
});

test.each(seeds)("seed %p, sealed: the same", (seed) => {
  run(seed, true);
});

test("every kind of end and of fault occurred", () => {
  if (only !== undefined) return;
  expect([...ends].sort()).toEqual(["cancelled", "done", "expired", "failed"]);
  expect(Object.entries(happened).filter(([, times]) => times === 0)).toEqual([]);
});

test.each(["in text", "sealed"])(
  "a device that is awake a second an hour gets all of them, %s",
  (how) => {
    const plan = { ...usual, sealed: how === "sealed", devices: 1, wildMs: 0, runMsMax: 50 };
    const simulation = new CommandsSimulation(1, { ...plan, heartbeatSeconds: 3_600 });
    const { timeline, devices } = simulation;
    const [device] = devices;
    if (device === undefined) throw new Error("no device");
    const began = timeline.now;
    for (let hour = 0; hour < 72; hour++) {
      timeline.run(began + hour * 3_600_000);
      device.start();
      timeline.run(timeline.now + 1_000);
      device.cutPower();
      timeline.run(timeline.now + 60_000);
      if (hour % 6 === 0)
        for (const what of ["a", "b"]) simulation.order("device-0", what, 86_400_000);
    }
    timeline.run(began + 73 * 3_600_000);
    const rows = simulation.rows();
    expect(rows).toHaveLength(24);
    expect(rows.filter(({ ended }) => ended === null)).toEqual([]);
    expect(rows.every(({ end, code }) => end === "done" || code === "15")).toBe(true);
    // Each was carried out in the second after it was given, or the next one.
    const waits = rows.map(({ created, ended }) => Number(ended) - created);
    expect(Math.max(...waits)).toBeLessThan(2 * 3_600_000);
    simulation.check();
  },
);
