// The web side while the wall clock is set: rates, uptime and live events go by the monotonic clock.

import { expect, setDefaultTimeout, test } from "bun:test";
import { eventBytes, LiveClients } from "../../lib/web/live/live-clients.ts";
import { LiveFeed } from "../../lib/web/live/live-feed.ts";
import type { LiveSession } from "../../lib/fleet/live-session.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import { ServerStatus } from "../../lib/web/server-status.ts";
import { fakePorts, liveSession } from "./fake-ports.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** The web side's parts with clocks and counters that the test sets. */
function newParts(sessions: LiveSession[] = []) {
  const at = { wall: 1_000_000_000, uptimeMs: 1_000, reports: 0, dropped: 0 };
  const gauges = fakePorts().gauges();
  const ports = fakePorts({
    now: () => at.wall,
    uptimeMs: () => at.uptimeMs,
    gauges: () => ({
      ...gauges,
      counters: { ...gauges.counters, reportsStored: at.reports },
      packetsShed: at.dropped,
    }),
    presence: {
      get: (id) => sessions.find((session) => session.id === id),
      all: () => sessions[Symbol.iterator](),
    },
  });
  const clients = new LiveClients();
  const roster = new Roster(ports.devices, ports.presence);
  const status = new ServerStatus(ports, roster, clients, false);
  status.close();
  return { at, clients, status, feed: new LiveFeed(ports, roster, clients, status) };
}

test.each([-86_400_000, 86_400_000])(
  "rates, uptime and the warning about drops, with the wall clock set by %d ms",
  async (stepMs) => {
    const { at, status } = newParts();
    status.sample();
    Object.assign(at, { wall: at.wall + stepMs, uptimeMs: 3_000, reports: 100, dropped: 5 });
    status.sample();
    expect(await status.read()).toMatchObject({
      time: new Date(at.wall).toISOString(),
      uptimeSeconds: 3,
      rates: { reportsPerSecond: 50, dropsPerSecond: 2.5 },
    });
    const codes = async () => (await status.read()).warnings.map(({ code }) => code);
    at.wall -= 2 * stepMs;
    expect(await codes()).toContain("drops");
    at.uptimeMs += 60_001;
    expect(await codes()).not.toContain("drops");
  },
);

test("packets after the wall clock was set back are told", async () => {
  const session = { ...liveSession("a", { lastSeen: 1_000_000_000 }) };
  const { clients, feed } = newParts([session]);
  const hello = eventBytes("hello", {});
  const response = clients.open({ topics: ["seen"], device: null }, hello, feed.adjust);
  for (let i = 0; i < 4; i++) await feed.frame();
  Object.assign(session, { lastSeen: 500 });
  for (let i = 0; i < 4; i++) await feed.frame();
  feed.close();
  expect(await response.text()).toContain('{"seen":[["a",500]]}');
});
