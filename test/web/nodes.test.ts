// The servers of one store, as one of them shows them: the list, and what they do together.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { NodeRow } from "../../lib/server/nodes.ts";
import type { WebPorts } from "../../lib/web/ports.ts";
import { LiveClients } from "../../lib/web/live/live-clients.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import { ServerStatus } from "../../lib/web/server-status.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { fakeGauges, fakePorts, rosterRow } from "./fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

const a: NodeRow = {
  name: "a",
  address: "10.0.0.1:9000",
  version: "1.2.3",
  silentMs: 1_240,
  lives: true,
  sessions: 3,
  sealed: 2,
  received: 10.04,
  reports: 5,
};
const b = { ...a, name: "b", sessions: 7, sealed: 3, received: 100, reports: 20.5 };
const gone = { ...b, name: "gone", lives: false, silentMs: 180_000 };

/** The status of node `a`, on a clock that the test moves. */
function statusOf(nodes: readonly NodeRow[], changes: Partial<WebPorts> = {}) {
  const clock = { now: 10_000, reads: 0 };
  const ports = fakePorts({
    node: "a",
    nodes: async () => {
      clock.reads++;
      return nodes;
    },
    uptimeMs: () => clock.now,
    ...changes,
  });
  const roster = new Roster(ports.devices, ports.presence);
  const status = new ServerStatus(ports, roster, new LiveClients(), false);
  status.close();
  return { status, clock, roster };
}

test("each server is listed, with whether it is this one, and how long ago it gave a sign of life", async () => {
  const { status } = statusOf([a, gone]);
  expect(await status.nodes.json()).toEqual([
    {
      name: "a",
      address: "10.0.0.1:9000",
      version: "1.2.3",
      own: true,
      lives: true,
      silentSeconds: 1.2,
      sessions: 3,
      sealedSessions: 2,
      datagramsPerSecond: 10,
      reportsPerSecond: 5,
    },
    expect.objectContaining({ name: "gone", own: false, lives: false, silentSeconds: 180 }),
  ]);
});

test("the list is read once a second at most, and by those who ask at the same moment once", async () => {
  const { status, clock } = statusOf([a]);
  await Promise.all([status.nodes.json(), status.nodes.json(), status.read()]);
  clock.now += 999;
  await status.read();
  expect(clock.reads).toBe(1);
  clock.now += 1;
  await status.read();
  expect(clock.reads).toBe(2);
});

test("rates of the fleet are the own ones of this second, and what the other living servers said last", async () => {
  const { status } = statusOf([a, b, gone]);
  const { node, fleet, rates } = await status.read();
  expect(node).toBe("a");
  expect(rates.datagramsPerSecond).toBe(0);
  expect(fleet).toEqual({ nodes: 2, datagramsPerSecond: 100, reportsPerSecond: 20.5 });
});

test("a server with a file is a fleet of its own", async () => {
  const { status } = statusOf([], { node: "", nodes: () => [] });
  const { node, fleet } = await status.read();
  expect([node, fleet.nodes]).toEqual(["", 1]);
  expect(await status.nodes.json()).toEqual([]);
});

test("devices that speak text to other servers are counted, too", async () => {
  const devices = Array.from({ length: 9 }, (_, i) => rosterRow(`d${i}`, { session: i + 1 }));
  const reads = {
    ...fakePorts().devices,
    roster: (after: string) => (after === "" ? devices : []),
  };
  const gauges = () => fakeGauges({ sessions: 3, sealedSessions: 2 });
  const { status, roster } = statusOf([a, b, gone], { devices: reads, gauges });
  await roster.load();
  const { warnings } = await status.read();
  expect(warnings.find(({ code }) => code === "text-devices")?.text).toBe(
    "5 of 9 online devices speak unencrypted text",
  );
});
