// Labels over HTTP: what a list has of them, and how devices are found by them, by MAC and by IP.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { DeviceJson, DevicesJson, FieldJson } from "../../lib/web/api/shapes.ts";
import { unitIn } from "../../lib/fleet/numbers-in-messages.ts";
import { newDevice, type RunningTestServer, runServer } from "./running-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

let server: RunningTestServer;

beforeAll(async () => {
  server = await runServer();
  const labels = [
    { name: "Cold room", area: "Kitchen" },
    { name: "Pump", area: "Cellar" },
    { area: "Cellar" },
    {},
  ];
  for (const [i, set] of labels.entries()) {
    const device = await newDevice(server, `th-${i + 1}`, i + 1);
    expect(await device.register()).toBe("00");
    if (i < 2) expect(await device.login()).toBe("70");
    if (i === 1) await device.logoff();
    device.close();
    const headers = { ...server.login, "content-type": "application/json" };
    const body = JSON.stringify({ set });
    const path = `/api/v1/devices/th-${i + 1}/labels`;
    expect((await server.ask(path, { method: "PATCH", headers, body })).status).toBe(200);
  }
});

afterAll(() => server[Symbol.asyncDispose]());

async function found(query: string): Promise<string> {
  const page = await server.read<DevicesJson>(`/api/v1/devices?${query}`);
  expect(page.total).toBe(page.devices.length);
  return page.devices.map(({ id }) => id.slice(3)).join("");
}

test("a device and the list have its labels", async () => {
  const device = await server.read<DeviceJson>("/api/v1/devices/th-1");
  expect(device.labels).toEqual({ area: "Kitchen", name: "Cold room" });
  const { devices } = await server.read<DevicesJson>("/api/v1/devices");
  expect(devices.map(({ labels }) => labels["area"] ?? null)).toEqual([
    "Kitchen",
    "Cellar",
    "Cellar",
    null,
  ]);
});

test.each([
  ["q=TH-3", "3"],
  ["q=cold+r", "1"],
  ["q=cellar", "23"],
  ["q=nothing", ""],
  ["q=10.0.0.4", "4"],
  ["q=0.0.", "1234"],
  ["q=AA-BB-CC-00-00-02", "2"],
  ["q=00:03", "3"],
  ["q=03", "3"],
  ["select=area=Cellar", "23"],
  ["select=area=Cellar,name", "2"],
  ["select=area=Cellar|Kitchen,!name", "3"],
  ["select=area!=Cellar", "14"],
  ["select=id=*-1|*-4", "14"],
  ["select=presence=online", "1"],
  ["select=presence=offline", "2"],
  ["select=presence=left&presence=offline", "2"],
  ["select=presence=silent", ""],
  ["select=area&q=pump&presence=offline", "2"],
  ["select=", "1234"],
])("%s finds %s", async (query, ids) => {
  expect(await found(query)).toBe(ids);
});

test.each([
  ["temp=21.5°C hum=40%", "temp", "°C"],
  ["temp=21.5°C hum=40%", "hum", "%"],
  ["speed=-3e2m/s;temp=1", "speed", "m/s"],
  ["temp=1,temp=2°C", "temp", null],
  ["temp=21.5", "temp", null],
  ["temp=21.5°C", "emp", null],
  ["xtemp=1K temp=2°C", "temp", "°C"],
  ["temp=warm", "temp", null],
  ["21.5", "value", null],
  ['{"temp":21.5}', "temp", null],
  ["temp=21.5thermometers", "temp", null],
])("the unit in %s of %s is %p", (message, field, unit) => {
  expect(unitIn(message, field)).toBe(unit);
});

test("the fields of a device have the units of its last report, else those of its labels", async () => {
  const device = await newDevice(server, "th-units", 77);
  expect(await device.register()).toBe("00");
  expect(await device.login()).toBe("70");
  for (const message of ["21.5", "Hum=40% temp=70°F", "temp=21.5°C Hum=41 press=990"]) {
    expect(await device.report(message)).toBe("50");
  }
  device.close();
  const set = { "unit.hum": "%RH", "unit.temp": "K", "unit.value": "°C", "unit.press": "" };
  const headers = { ...server.login, "content-type": "application/json" };
  const path = "/api/v1/devices/th-units";
  await server.ask(`${path}/labels`, { method: "PATCH", headers, body: JSON.stringify({ set }) });
  const { fields } = await server.read<{ fields: FieldJson[] }>(`${path}/fields`);
  expect(
    Object.fromEntries(fields.map(({ name, latest, unit }) => [name, [latest, unit]])),
  ).toEqual({
    temp: [21.5, "°C"],
    Hum: [41, "%RH"],
    press: [990, null],
    value: [21.5, "°C"],
  });
  await server.ask(path, { method: "DELETE", headers: server.login });
});

test("a selection is read page by page, and a wrong one is told with its position", async () => {
  const first = await server.read<DevicesJson>("/api/v1/devices?select=area&limit=2&sort=-id");
  expect([first.total, first.devices.map(({ id }) => id)]).toEqual([3, ["th-3", "th-2"]]);
  const next = `/api/v1/devices?select=area&limit=2&sort=-id&cursor=${first.next}`;
  expect((await server.read<DevicesJson>(next)).devices.map(({ id }) => id)).toEqual(["th-1"]);
  const wrong = await server.ask("/api/v1/devices?select=area,Name", { headers: server.login });
  expect(wrong).toMatchObject({
    status: 400,
    body: {
      code: "bad-parameter",
      detail: "select is wrong at position 6, where one of a-z 0-9 . _ - is expected.",
    },
  });
});

test("labels are gone with another MAC, and come back with the same one, also in the list", async () => {
  const path = "/api/v1/devices/th-3";
  const labels = async () => (await server.read<DeviceJson>(path)).labels;
  for (const [number, has] of [
    [3, { area: "Cellar" }],
    [33, {}],
  ] as const) {
    await server.ask(path, { method: "DELETE", headers: server.login });
    const device = await newDevice(server, "th-3", number);
    expect(await device.register()).toBe("00");
    device.close();
    expect(await labels()).toEqual(has);
  }
});

test("a wrong change is told, and changes nothing", async () => {
  const path = "/api/v1/devices/th-4";
  const headers = { ...server.login, "content-type": "application/json" };
  const patch = (body: unknown) =>
    server.ask(`${path}/labels`, { method: "PATCH", headers, body: JSON.stringify(body) });
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, ""]));
  const table = [
    [[], "The body is not a JSON object."],
    [{ set: [] }, "set must be an object of texts."],
    [{ set: { a: 1 } }, "set must be an object of texts."],
    [{ remove: "a" }, "remove must be a list of keys."],
    [{ remove: [null] }, "remove must be a list of keys."],
    [{ add: {} }, "Only set and remove are known here."],
    [{ set: { a: "x" }, remove: ["a"] }, "a is set and removed."],
    [
      { set: { A: "x" } },
      'set has "A", which is wrong at position 1, where one of a-z 0-9 . _ - is expected.',
    ],
    [
      { set: { a: "x|y" } },
      "The value of a is wrong at position 2, where a printable character other than , | = is expected.",
    ],
    [
      { remove: ["id"] },
      'remove has "id", which is wrong at position 1, where a key other than id and presence is expected.',
    ],
    [{ set: many }, "A device has at most 32 labels."],
  ] as const;
  for (const [body, detail] of table) {
    expect(await patch(body)).toMatchObject({ status: 400, body: { code: "bad-body", detail } });
  }
  expect((await server.read<DeviceJson>(path)).labels).toEqual({});
});
