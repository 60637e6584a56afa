// Live events of reports that other servers of the same store have stored: each is told once, also one that comes a little
// later with a lower number, to those who see all devices and to those who watch one.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { ReportRow } from "../../../lib/server/rows.ts";
import { DeviceWatch } from "../../../lib/web/live/device-watch.ts";
import { LiveClients, type Subscription } from "../../../lib/web/live/live-clients.ts";
import { LiveFeed } from "../../../lib/web/live/live-feed.ts";
import type { LiveSession } from "../../../lib/fleet/live-session.ts";
import { Roster } from "../../../lib/fleet/roster.ts";
import { ServerStatus } from "../../../lib/web/server-status.ts";
import { ToldReports } from "../../../lib/web/live/foreign-reports.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { fakePorts, liveSession, reportOf, reportsOf } from "../fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

type Told = { readonly numbers: number[]; readonly more: boolean };

/** A feed over a store that others write, too: reports are stored in any order of their numbers. */
function sharedFeed() {
  const stored: ReportRow[] = [];
  const sessions = new Map<string, LiveSession>();
  const state = { now: 0, isShared: true };
  const none = reportsOf([]);
  const ports = fakePorts({
    uptimeMs: () => state.now,
    presence: { get: (id) => sessions.get(id), all: () => sessions.values() },
    reports: {
      ...none,
      isShared: () => state.isShared,
      end: () => Math.max(0, ...stored.map(({ sequence }) => sequence)) + 1,
      reportsAt: (wanted) =>
        wanted.map((number) => stored.find(({ sequence }) => sequence === number) ?? null),
      scan: (id, { low, high }, order) => {
        const rows = stored
          .filter(({ sequence }) => sequence >= low && sequence < high)
          .filter(({ device }) => id === null || id === device)
          .sort((a, b) => (order === "newest" ? b.sequence - a.sequence : a.sequence - b.sequence));
        let next = 0;
        return {
          next: (limit) => rows.slice(next, (next += limit)),
          get done() {
            return next >= rows.length;
          },
        };
      },
    },
  });
  const clients = new LiveClients();
  const roster = new Roster(ports.devices, ports.presence);
  const status = new ServerStatus(ports, roster, clients, false);
  status.close();
  const feed = new LiveFeed(ports, roster, clients, status);
  const store = (device: string, ...numbers: number[]) =>
    stored.push(...numbers.map((number) => reportOf(number, device, 0, `${number}`)));
  /** A device that speaks to this server reports. */
  const reportHere = (device: string, number: number) => {
    store(device, number);
    const session = sessions.get(device) ?? liveSession(device, { openedAt: state.now });
    sessions.set(device, Object.assign(session, { lastReport: number }));
  };
  /** Opens a browser; returns what its frames tell. */
  const open = async (device: string | null) => {
    const subscription: Subscription = { topics: ["reports"], device };
    const response = await feed.open(subscription);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const text = async () => new TextDecoder().decode((await reader.read()).value);
    await text();
    let waiting: Promise<string> | null = null;
    return async (): Promise<Told | null> => {
      waiting ??= text();
      const said = await Promise.race([
        waiting,
        new Promise<null>((done) => setImmediate(done, null)),
      ]);
      if (said === null) return null;
      waiting = null;
      const data = JSON.parse(said.slice(said.indexOf("data: ") + 6)) as {
        reports: { sequence: number }[];
        more: boolean;
      };
      return { numbers: data.reports.map(({ sequence }) => sequence), more: data.more };
    };
  };
  const frame = (now: number) => {
    state.now = now;
    return feed.frame();
  };
  return { state, feed, store, reportHere, open, frame, ports };
}

test("reports of other servers are told once, also late ones with lower numbers", async () => {
  const { feed, store, open, frame } = sharedFeed();
  store("a", 1, 2);
  const told = await open(null);
  store("a", 3);
  await frame(0);
  expect(await told()).toEqual({ numbers: [3], more: false });
  store("a", 10);
  store("b", 12);
  await frame(500);
  expect(await told()).toEqual({ numbers: [10, 12], more: false });
  store("a", 5);
  await frame(1_000);
  expect(await told()).toEqual({ numbers: [5], more: false });
  store("a", 11);
  await frame(6_500);
  // What came before the numbers of 5 s ago is not looked for.
  store("a", 6);
  store("c", 13);
  await frame(7_000);
  expect([await told(), await told()]).toEqual([
    { numbers: [11], more: false },
    { numbers: [13], more: false },
  ]);
  feed.close();
});

test("of devices that speak to this server the last report is told, and no report twice", async () => {
  const { feed, store, reportHere, open, frame } = sharedFeed();
  const told = await open(null);
  await frame(0);
  reportHere("a", 5);
  reportHere("a", 6);
  store("b", 7);
  await frame(500);
  expect(await told()).toEqual({ numbers: [6, 7], more: false });
  // It is stored, and its session will know that in a moment.
  store("a", 8);
  await frame(1_000);
  expect(await told()).toEqual({ numbers: [8], more: false });
  reportHere("a", 8);
  await frame(1_500);
  expect(await told()).toBeNull();
  // A device that comes from another server, where it has reported.
  store("c", 9);
  reportHere("c", 4);
  await frame(2_000);
  expect(await told()).toEqual({ numbers: [4, 9], more: false });
  feed.close();
});

test("the newest of many are told, and that there are more", async () => {
  const { feed, store, open, frame } = sharedFeed();
  const told = await open(null);
  await frame(0);
  for (let i = 1; i <= 300; i++) store(`d${i}`, i);
  await frame(500);
  const first = await told();
  expect([first?.numbers[0], first?.numbers.length, first?.more]).toEqual([101, 200, true]);
  store("a", 301, 302, 303);
  await frame(1_000);
  expect(await told()).toEqual({ numbers: [303], more: false });
  await frame(1_500);
  expect(await told()).toBeNull();
  feed.close();
});

test("who watches a device is told its reports, whichever server it speaks to", async () => {
  const { feed, state, store, reportHere, open, frame } = sharedFeed();
  store("a", 1);
  const told = await open("a");
  await frame(0);
  expect(await told()).toBeNull();
  store("a", 10);
  store("b", 11);
  await frame(500);
  expect(await told()).toEqual({ numbers: [10], more: false });
  // It moves here, where lower numbers are given.
  reportHere("a", 5);
  await frame(1_000);
  expect(await told()).toEqual({ numbers: [5], more: false });
  await frame(1_500);
  expect(await told()).toBeNull();
  // The other server ends.
  state.isShared = false;
  reportHere("a", 12);
  await frame(2_000);
  expect(await told()).toEqual({ numbers: [12], more: false });
  feed.close();
});

test("without another server nothing is read again", async () => {
  const { feed, state, ports, reportHere, open, frame } = sharedFeed();
  state.isShared = false;
  let scans = 0;
  const { scan } = ports.reports;
  ports.reports.scan = (...asked) => {
    scans++;
    return scan(...asked);
  };
  const all = await open(null);
  const one = await open("a");
  await frame(0);
  reportHere("b", 1);
  await frame(500);
  expect(await all()).toEqual({ numbers: [1], more: false });
  expect([await one(), scans]).toEqual([null, 0]);
  reportHere("a", 2);
  await frame(1_000);
  expect(await one()).toEqual({ numbers: [2], more: false });
  expect(scans).toBe(1);
  feed.close();
});

test("what was told is remembered up to a bound", async () => {
  const told = new ToldReports(10);
  const some = (from: number) =>
    Array.from({ length: 6 }, (_, i) => reportOf(from + i, "a", 0, ""));
  expect(told.take(some(0))).toHaveLength(6);
  expect(told.take(some(3))).toHaveLength(3);
  expect(told.take(some(20))).toHaveLength(6);
  expect(told.take(some(0)).length).toBeGreaterThan(0);
  const { ports } = sharedFeed();
  expect(await new DeviceWatch(ports, "a", 0).next(1)).toEqual({ reports: [], more: false });
});
