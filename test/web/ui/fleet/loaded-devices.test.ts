// The rows of the device list: what live events tell while the list is on its way, and of a report that is longer than events
// have it.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { DeviceJson, PresenceChange, ReportJson } from "../../../../lib/web/api/shapes.ts";
import { messageCharsMax } from "../../../../lib/web/api/words.ts";
import { queryIn } from "../../../../lib/web/ui/fleet/fleet-query.ts";
import { LoadedDevices } from "../../../../lib/web/ui/fleet/loaded-devices.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const { fetch } = globalThis;
afterEach(() => void (globalThis.fetch = fetch));

const report = (device: string, sequence: number, message: string) =>
  ({ device, sequence, message, received: "2026-11-28T00:00:00.000Z" }) as ReportJson;

/** A server with some devices, each with a last report; and what it was asked for. */
function serverOf(ids: readonly string[], messageOf: (id: string) => string) {
  const asked: string[] = [];
  const deviceOf = (id: string) =>
    ({ id, labels: {}, lastReport: report(id, asked.length, messageOf(id)) }) as DeviceJson;
  const answer = async (path: string) => {
    asked.push(path);
    const id = /devices\/([^?]+)/.exec(path)?.[1];
    const all = { devices: ids.map(deviceOf), total: ids.length, next: null };
    return Response.json(id === undefined ? all : deviceOf(id));
  };
  globalThis.fetch = Object.assign(answer as typeof fetch, { preconnect: fetch.preconnect });
  return asked;
}

const messagesOf = ({ rows }: LoadedDevices) => rows.map(({ lastReport }) => lastReport?.message);

test("with columns of fields, a report that is cut in an event is read whole, of each device in turn", async () => {
  const ids = Array.from({ length: 25 }, (_, i) => `d${i}`);
  let temperature = 21.5;
  const whole = () => `{"long":"${"x".repeat(messageCharsMax)}","temp":${temperature}}`;
  const asked = serverOf(ids, whole);
  const devices = new LoadedDevices(queryIn(new URLSearchParams()), () => {});
  await devices.load();
  const cut = ids.map((id) => report(id, 1_000, whole().slice(0, messageCharsMax)));
  devices.takeReports({ reports: cut, more: false });
  // Nobody sees its fields.
  expect(messagesOf(devices)[0]).toBe(whole().slice(0, messageCharsMax));
  devices.showColumns({ shown: [], fields: ["temp"] });
  await until("d0", () => messagesOf(devices)[0] === whole());
  expect(asked.length).toBe(2);
  const before = whole();
  temperature = 30;
  devices.takeReports({ reports: [...cut, report("d3", 1_001, "temp=5")], more: false });
  expect(messagesOf(devices).toSpliced(3, 1)).toEqual(Array.from({ length: 24 }, () => before));
  expect(messagesOf(devices)[3]).toBe("temp=5");
  await until("d19", () => messagesOf(devices)[19] === whole());
  await until("d24", () => messagesOf(devices)[24] === whole());
  devices.close();
});

test("what events tell while the list is on its way is in its rows: it may be older than they are", async () => {
  serverOf(["a", "b", "c"], () => "temp=1");
  const { promise: isAsked, resolve: release } = Promise.withResolvers<void>();
  const answer = globalThis.fetch;
  const slow = async (path: string) => {
    const found = await answer(path);
    await isAsked;
    return found;
  };
  globalThis.fetch = Object.assign(slow as typeof fetch, { preconnect: fetch.preconnect });
  let draws = 0;
  const devices = new LoadedDevices(queryIn(new URLSearchParams()), () => draws++);
  const loaded = devices.load();
  const gone = { id: "a", presence: "offline", labels: {} } as PresenceChange;
  devices.takeChanges({ changes: [gone], removed: [] });
  devices.takeReports({ reports: [report("b", 7, "temp=2"), report("c", 0, "old")], more: false });
  devices.takeAlerts({
    changes: [{ id: "c", alerts: { firing: 1 } as DeviceJson["alerts"] & {} }],
  });
  release();
  await loaded;
  expect(devices.rows[0]?.presence).toBe("offline");
  expect(messagesOf(devices)).toEqual(["temp=1", "temp=2", "temp=1"]);
  expect(devices.rows[2]?.alerts?.firing).toBe(1);
  // Once: a later list is newer than these.
  await devices.load();
  expect(messagesOf(devices)).toEqual(["temp=1", "temp=1", "temp=1"]);
  devices.close();
});
