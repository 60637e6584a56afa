// What happens to a plant, drawn by a seed: servers are killed and paused, PostgreSQL is restarted and replaced, lines stall
// and break. One thing at a time to each of them, and one of the servers is left alone. Judges nothing.

import type { ChaosPlant } from "./chaos-plant.ts";
import type { ClusterNode } from "./node-cluster.ts";
import { pause } from "./polling.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** How long a server stands still, ms: longer than its lease. */
const stoppedMs = 15_000;
/** How long the database is left alone after something has happened to it, ms. */
const calmMs = 3_000;

type Event = {
  readonly name: string;
  /** How likely it is, of the sum of all. */
  readonly weight: number;
  /** What it happens to: a node each, or the database of all. */
  readonly to: "node" | "database";
  readonly run: (plant: ChaosPlant, node: ClusterNode, random: SeededRandom) => Promise<void>;
};

const events: readonly Event[] = [
  {
    name: "kill",
    weight: 6,
    to: "node",
    run: async (_, node, random) => {
      await node.kill();
      await pause(random.below(1_500));
      await node.startAgain();
    },
  },
  {
    name: "pause",
    weight: 2,
    to: "node",
    run: async (_, { server }) => {
      server.signal("SIGSTOP");
      await pause(stoppedMs);
      server.signal("SIGCONT");
    },
  },
  {
    name: "cut",
    weight: 3,
    to: "node",
    run: async (plant, { name }) => plant.cut(name),
  },
  {
    name: "stall",
    weight: 3,
    to: "node",
    run: (plant, { name }, random) => plant.stall(name, 200 + random.below(7_000)),
  },
  {
    name: "swallow",
    weight: 3,
    to: "node",
    run: (plant, { name }, random) => plant.swallow(name, 50 + random.below(1_000)),
  },
  {
    name: "black hole",
    weight: 2,
    to: "node",
    run: (plant, { name }, random) => plant.blackHole(name, 200 + random.below(8_000)),
  },
  {
    name: "fast restart",
    weight: 1,
    to: "database",
    run: (plant) => plant.primary.restart("fast"),
  },
  {
    name: "crash",
    weight: 2,
    to: "database",
    run: (plant) => plant.primary.restart("immediate"),
  },
  { name: "failover", weight: 3, to: "database", run: (plant) => plant.failOver() },
];

/**
 * Lets things happen for a time, and waits until all of them are over.
 * @param ms for how long new ones begin
 * @param log told of each
 * @returns how often each has happened
 */
export async function disturb(
  plant: ChaosPlant,
  random: SeededRandom,
  ms: number,
  log: (words: string) => void,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const busy = new Set<string>();
  const underWay: Promise<void>[] = [];
  let calmUntil = 0;
  const busyNodes = () => plant.nodes.filter(({ name }) => busy.has(name)).length;
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const event = drawn(random);
    const node = random.pick(plant.nodes);
    const to = event.to === "database" ? "database" : node.name;
    const rest = 200 + random.below(1_500);
    const isTooMuch = to === "database" ? performance.now() < calmUntil : busyNodes() >= 2;
    if (busy.has(to) || isTooMuch) {
      await pause(rest);
      continue;
    }
    busy.add(to);
    counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
    log(`${event.name} ${to}`);
    const run = event.run(plant, node, random).finally(() => {
      busy.delete(to);
      if (to === "database") calmUntil = performance.now() + calmMs;
      log(`${event.name} ${to} is over`);
    });
    // A failure is thrown at the end.
    run.catch(() => {});
    underWay.push(run);
    await pause(rest);
  }
  await Promise.all(underWay);
  return counts;
}

function drawn(random: SeededRandom): Event {
  let at = random.below(events.reduce((sum, { weight }) => sum + weight, 0));
  for (const event of events) {
    at -= event.weight;
    if (at < 0) return event;
  }
  throw new Error("no event was drawn");
}
