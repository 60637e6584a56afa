// Sealed agents that are killed again and again, on a network that loses 10 to 30 of 100 datagrams, with restarts of the
// server: with a spool that survives, every report is stored once, in order. A failure prints its seed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ReportQueue } from "../../../lib/client/report-queue.ts";
import type { ClientNode } from "./client-node.ts";
import { Disk } from "./client-node.ts";
import { World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const reports = 40;

/** Runs one device through kills, losses and restarts; returns how often it was killed. */
async function runThrough(world: World, kind: "sealed" | "text"): Promise<number> {
  world.weather = { lost: 0.1 + world.random() * 0.2, repeated: 0.05, delayMs: 200 };
  const [disk, spool] = [new Disk("asmith"), new ReportQueue(1_000)];
  let kills = 0;
  const start = (): ClientNode => {
    const address = { ip: "192.0.2.2", port: 2_000 + kills };
    const client = world.add({ id: "asmith", address, disk, text: kind === "text" });
    client.startAgent(20, spool);
    return client;
  };
  let client = start();
  for (let n = 0; n < reports; n++) {
    client.agent?.report("01", `reading ${n % 3}`, world.now);
    await world.pass(world.random() * 15_000);
    if (world.random() < 0.1) world.restartServer();
    if (world.random() < 0.4) {
      client.kill();
      // The spool is on the disk; what was under way is not.
      spool.putBack();
      kills++;
      client = start();
    }
  }
  await world.run(() => spool.length === 0, 3_600_000);
  return kills;
}

test.each(
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((seed) => [
    [seed, "sealed"] as const,
    [seed, "text"] as const,
  ]),
)("seed %d, %s", async (seed, kind) => {
  const world = new World(seed);
  expect(await runThrough(world, kind)).toBeGreaterThan(0);
  const expected = Array.from({ length: reports }, (_, n) => `reading ${n % 3}`);
  expect(world.server.reports("asmith")).toEqual(expected);
});
