// Live events: what a browser receives when devices come, report and go; bounds on listeners; slow readers are cut.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type DeviceJson, type DevicesJson, type LiveEvents } from "../../lib/web/api/shapes.ts";
import { eventBytes, LiveClients, liveClientsMax } from "../../lib/web/live/live-clients.ts";
import { LiveFeed } from "../../lib/web/live/live-feed.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import { ServerStatus } from "../../lib/web/server-status.ts";
import type { CommandRow } from "../../lib/server/rows.ts";
import type { LiveSession } from "../../lib/fleet/live-session.ts";
import { commandRow, fakePorts, liveSession, reportOf, reportsOf } from "./fake-ports.ts";
import { type Event, eventsOf, until } from "./event-stream.ts";
import { newDevice, runServer } from "./running-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

describe("a running server", () => {
  test("sends an event when a device registers, logs in, reports, beats, logs off and is removed", async () => {
    await using server = await runServer();
    const all = "topics=devices,reports,seen,activity,status";
    const response = await fetch(`${server.url}/api/v1/events?${all}`, { headers: server.login });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const events = eventsOf(response);
    const { data: hello } = await until(events, ({ event }) => event === "hello");
    expect(hello).toMatchObject({ version: "1.2.3" });

    const device = await newDevice(server, "live");
    const change = (presence: string) =>
      until(events, ({ event, data }) => {
        const changes = data["changes"] as { id: string; presence: string }[] | undefined;
        return (
          event === "devices" &&
          changes?.some((one) => one.id === "live" && one.presence === presence) === true
        );
      });
    await device.register();
    await change("never");
    await device.login();
    await change("online");
    await device.report("21.5");
    const { data } = await until(events, ({ event }) => event === "reports");
    expect(data).toMatchObject({ more: false, reports: [{ device: "live", message: "21.5" }] });
    await device.beat();
    await until(events, ({ event }) => event === "seen");
    const body = JSON.stringify({ set: { name: "Cold room" } });
    const headers = { ...server.login, "content-type": "application/json" };
    await server.ask("/api/v1/devices/live/labels", { method: "PATCH", headers, body });
    const labelled = await until(events, ({ event }) => event === "devices");
    expect(labelled.data["changes"]).toMatchObject([
      { id: "live", presence: "online", labels: { name: "Cold room" } },
    ]);
    await device.logoff();
    await change("offline");
    await until(events, ({ event }) => event === "status");
    await server.ask("/api/v1/devices/live", { method: "DELETE", headers: server.login });
    const gone = await until(
      events,
      (one) => (one.data["removed"] as string[] | undefined)?.length === 1,
    );
    expect(gone.data["removed"]).toEqual(["live"]);
    device.close();
    await events.return(undefined);
  });

  test("tells how the door is, and each change of it", async () => {
    await using server = await runServer(["--join", "approve"]);
    const path = "/api/v1/events?topics=pending";
    const events = eventsOf(await fetch(`${server.url}${path}`, { headers: server.login }));
    const told = async () => (await until(events, ({ event }) => event === "pending")).data;
    expect(await told()).toEqual({ waiting: 0, open: false, secondsLeft: 0 });
    const device = await newDevice(server, "new");
    expect(await device.register()).toBe("93");
    expect(await told()).toEqual({ waiting: 1, open: false, secondsLeft: 0 });
    const headers = { ...server.login, "content-type": "application/json" };
    const change = (method: string, below: string, given: object) =>
      server.ask(`/api/v1/${below}`, { method, headers, body: JSON.stringify(given) });
    await change("POST", "pending/new/approve", {});
    expect((await told())["waiting"]).toBe(0);
    await change("PUT", "join-window", { seconds: 300 });
    expect((await told())["open"]).toBe(true);
    await change("PUT", "join-window", { seconds: 0 });
    expect((await told())["open"]).toBe(false);
    expect(await device.register()).toBe("00");
    device.close();
    await events.return(undefined);
  });

  test("tells whose alerts fire, as lists of devices do", async () => {
    await using server = await runServer();
    const path = "/api/v1/events?topics=alerts";
    const events = eventsOf(await fetch(`${server.url}${path}`, { headers: server.login }));
    const told = async () => (await until(events, ({ event }) => event === "alerts")).data;
    const device = await newDevice(server, "hot");
    await device.register();
    await device.login();
    const headers = { ...server.login, "content-type": "application/json" };
    const rule = JSON.stringify({ rule: "temp > 30 for 1s", severity: "critical" });
    await server.ask("/api/v1/alert-rules/warm", { method: "PUT", headers, body: rule });
    await device.report("temp=31.5");
    const { changes } = (await told()) as { changes: { id: string; alerts: unknown }[] };
    const mark = { firing: 1, severity: "critical", rule: "warm", condition: "temp > 30 for 1s" };
    expect(changes).toMatchObject([{ id: "hot", alerts: { ...mark, value: 31.5 } }]);
    const one = await server.read<DeviceJson>("/api/v1/devices/hot");
    expect(one.alerts as unknown).toEqual(changes[0]?.alerts);
    const other = await newDevice(server, "cold", 2);
    await other.register();
    expect((await server.read<DevicesJson>("/api/v1/devices")).total).toBe(2);
    const firing = await server.read<DevicesJson>("/api/v1/devices?alerts=firing");
    expect(firing).toEqual({ devices: [one], total: 1, next: null });
    other.close();
    await device.report("temp=20");
    expect(await told()).toEqual({ changes: [{ id: "hot", alerts: null }] });
    expect((await server.read<DeviceJson>("/api/v1/devices/hot")).alerts).toBeNull();
    device.close();
    await events.return(undefined);
  });

  test("sends log lines as they are written", async () => {
    await using server = await runServer();
    const events = eventsOf(
      await fetch(`${server.url}/api/v1/events?topics=activity`, { headers: server.login }),
    );
    await events.next();
    const device = await newDevice(server, "logged");
    await device.register();
    const { data } = await until(events, ({ event }) => event === "activity");
    expect(JSON.stringify(data)).toContain("REGISTER logged at");
    device.close();
    await events.return(undefined);
  });

  test("sends one device only, with each of its reports, if asked to", async () => {
    await using server = await runServer();
    const one = await newDevice(server, "one", 1);
    const two = await newDevice(server, "two", 2);
    for (const device of [one, two]) {
      await device.register();
      await device.login();
    }
    const events = eventsOf(
      await fetch(`${server.url}/api/v1/events?topics=reports,devices&device=one`, {
        headers: server.login,
      }),
    );
    await events.next();
    await two.report("0");
    for (const message of ["1", "2", "3"]) await one.report(message);
    const seen: unknown[] = [];
    while (seen.length < 3) {
      const { data } = await until(events, ({ event }) => event === "reports");
      seen.push(
        ...(data["reports"] as { device: string; message: string }[]).map(
          (each) => each.device + each.message,
        ),
      );
    }
    expect(seen).toEqual(["one1", "one2", "one3"]);
    one.close();
    two.close();
    await events.return(undefined);
  });
});

/** A feed whose frames the test triggers itself. */
function newFeed(sessions: LiveSession[] = []) {
  const reports = sessions.map(({ id }, i) => reportOf(i + 1, id, i, "x".repeat(1_000)));
  const ports = fakePorts({
    reports: reportsOf(reports),
    presence: {
      get: (id) => sessions.find((session) => session.id === id),
      all: () => sessions[Symbol.iterator](),
    },
  });
  const clients = new LiveClients();
  const roster = new Roster(ports.devices, ports.presence);
  const status = new ServerStatus(ports, roster, clients, false);
  return { clients, status, ports, feed: new LiveFeed(ports, roster, clients, status) };
}

test("the number of clients is bounded, and a client that leaves makes room", async () => {
  const { clients, feed, status } = newFeed();
  const subscription = { topics: ["status"], device: null } as const;
  const open = () => clients.open(subscription, eventBytes("hello", {}), feed.adjust);
  const responses = Array.from({ length: liveClientsMax }, open);
  expect(open).toThrow("browsers listen already");
  await responses[0]?.body?.cancel();
  expect(clients.clients).toBe(liveClientsMax - 1);
  feed.close();
  status.close();
  expect(clients.clients).toBe(0);
});

test("a client that does not read is cut, and the others go on", async () => {
  const { clients, feed, status } = newFeed();
  const subscription = { topics: ["status"], device: null } as const;
  const open = () => clients.open(subscription, eventBytes("hello", {}), feed.adjust);
  open();
  const reader = open().body?.getReader();
  const bytes = new Uint8Array(100_000);
  let sent = 0;
  while (clients.clients === 2 && sent < 100) {
    for (const client of clients.all()) client.send(bytes);
    await reader?.read();
    sent++;
  }
  expect(clients.clients).toBe(1);
  expect(sent).toBeLessThanOrEqual(12);
  feed.close();
  status.close();
});

test("a client whose bytes wait for more than 30 s is cut, however few; one that reads is not", async () => {
  let now = 0;
  const clients = new LiveClients(() => now);
  const subscription = { topics: ["status"], device: null } as const;
  const open = () => clients.open(subscription, eventBytes("hello", {}), () => {});
  const reader = open().body?.getReader();
  await reader?.read();
  open();
  const counts: number[] = [];
  for (now of [0, 15_000, 30_000, 30_001, 90_000]) {
    for (const client of clients.all()) client.send(eventBytes("status", {}));
    await reader?.read();
    counts.push(clients.clients);
  }
  expect(counts).toEqual([2, 2, 2, 1, 1]);
  clients.closeAll();
});

test("a frame has at most 500 shortened reports; the others follow in the next frames", async () => {
  const sessions = Array.from({ length: 1_200 }, (_, i) =>
    liveSession(`d${i}`, { lastReport: i + 1, openedAt: 2_000 }),
  );
  const { clients, feed, status } = newFeed(sessions);
  const response = clients.open(
    { topics: ["reports"], device: null },
    eventBytes("hello", {}),
    feed.adjust,
  );
  for (let i = 0; i < 4; i++) await feed.frame();
  feed.close();
  status.close();
  const frames: unknown[][] = [];
  for await (const { event, data } of eventsOf(response)) {
    if (event === "reports") frames.push(data["reports"] as unknown[]);
  }
  expect(frames.map((frame) => frame.length)).toEqual([500, 500, 200]);
  expect(frames.flat()[0]).toMatchObject({ message: "x".repeat(256) });
  const devices = new Set(frames.flat().map((report) => (report as { device: string }).device));
  expect(devices.size).toBe(1_200);
});

test("an event tells of a command as it is now, once, and of at most 500; a watched device of its own", async () => {
  const { clients, feed, status, ports } = newFeed();
  const wanting = (device: string | null) => {
    const subscription = { topics: ["commands"], device } as const;
    const hello = { time: "2026-11-22T09:15:06.000Z", version: "1", node: "", devicePort: 9 };
    return eventsOf(clients.open(subscription, eventBytes("hello", hello), feed.adjust));
  };
  const told = async (events: AsyncGenerator<Event>) =>
    ((await until(events, ({ event }) => event === "commands")).data as LiveEvents["commands"])
      .changes;
  const take = (...rows: CommandRow[]) =>
    ports.openCommands.take(
      rows.map((command) => ({ kind: "commanded", command, isOwn: true }) as const),
    );
  take(commandRow(1, "before"));
  const [all, one] = [wanting(null), wanting("a")];
  take(...Array.from({ length: 700 }, (_, i) => commandRow(i + 2, i === 3 ? "a" : "b")));
  take(commandRow(5, "a", { ended: 9, end: "done", code: "01", result: "on" }));
  await feed.frame();
  const first = await told(all);
  expect([first.length, first[0]?.number, first.some(({ number }) => number === 5)]).toEqual([
    500,
    2,
    false,
  ]);
  await feed.frame();
  const second = await told(all);
  expect([second.length, second.at(-1)]).toMatchObject([
    200,
    { number: 5, state: "done", result: "on" },
  ]);
  expect(await told(one)).toEqual(second.slice(-1));
  feed.close();
  take(commandRow(999, "a"));
  const late = wanting("a");
  take(commandRow(1_000, "a"));
  await feed.frame();
  expect((await told(late)).map(({ number }) => number)).toEqual([1_000]);
  feed.close();
  status.close();
});
