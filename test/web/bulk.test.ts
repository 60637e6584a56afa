// Changes of many devices over HTTP: which ones are meant, that their number must be the expected one, that a group is asked
// for at once, and what a store that is away leaves.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Roster } from "../../lib/fleet/roster.ts";
import { noLabels } from "../../lib/server/labels.ts";
import { bulkHandlers } from "../../lib/web/routes/bulk-handlers.ts";
import type { CallOf } from "../../lib/web/handlers.ts";
import type { DevicesJson } from "../../lib/web/api/shapes.ts";
import type { OperatorCalls } from "../../lib/web/ports.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { fakePorts, noDevices, rosterRow } from "./fake-ports.ts";
import { newDevice, type RunningTestServer, runServer } from "./running-server.ts";

setDefaultTimeout(testTimeoutMs);

let server: RunningTestServer;

beforeAll(async () => {
  server = await runServer();
  for (let number = 1; number <= 5; number++) {
    const device = await newDevice(server, `th-${number}`, number);
    expect(await device.register()).toBe("00");
    device.close();
  }
});

afterAll(() => server[Symbol.asyncDispose]());

function bulk(body: unknown) {
  const headers = { ...server.login, "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return server.ask("/api/v1/devices/bulk", init);
}

async function areas(): Promise<string> {
  const { devices } = await server.read<DevicesJson>("/api/v1/devices");
  return devices.map(({ id, labels }) => `${id.slice(3)}:${labels["area"] ?? ""}`).join(" ");
}

const set = { area: "Attic" };

test("those that a selector means are labelled, and only if they are as many as expected", async () => {
  const asked = { action: "label", select: "id=th-1|th-2", set };
  expect(await bulk({ ...asked, expected: 3 })).toMatchObject({
    status: 409,
    body: { code: "count-changed", detail: "2 devices are meant, not 3." },
  });
  expect(await areas()).toBe("1: 2: 3: 4: 5:");
  const first = await bulk({ ...asked, expected: 2 });
  expect([first.status, first.body]).toEqual([200, { changed: 2, refused: [] }]);
  expect(await areas()).toBe("1:Attic 2:Attic 3: 4: 5:");
  expect((await bulk({ ...asked, expected: 2 })).body).toEqual({ changed: 0, refused: [] });
});

test("those that are named are changed, each once, and the others are told", async () => {
  const devices = ["th-3", "nobody", "th-3", "th-1"];
  const { body } = await bulk({
    action: "label",
    devices,
    set: { floor: "2" },
    remove: ["area"],
    expected: 3,
  });
  expect(body).toEqual({ changed: 2, refused: [{ id: "nobody", code: "unknown-device" }] });
  expect(await areas()).toBe("1: 2:Attic 3: 4: 5:");
  const many = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, ""]));
  const full = await bulk({ action: "label", devices: ["th-3", "th-4"], set: many, expected: 2 });
  expect(full.body).toEqual({
    changed: 1,
    refused: [{ id: "th-3", code: "too-many-labels" }],
  });
});

test("devices are deregistered", async () => {
  const asked = { action: "deregister", select: "id=th-4|th-5", expected: 2 };
  expect((await bulk(asked)).body).toEqual({ changed: 2, refused: [] });
  expect(await areas()).toBe("1: 2:Attic 3:");
  expect((await bulk({ ...asked, select: "area", expected: 0 })).status).toBe(409);
});

test.each([
  [{ action: "mute", select: "area", expected: 1 }, "action must be label or deregister."],
  [
    { action: "label", select: "area", set },
    "expected must be the number of devices that are meant.",
  ],
  [
    { action: "label", select: "area", set, expected: -1 },
    "expected must be the number of devices that are meant.",
  ],
  [{ action: "label", set, expected: 1 }, "Either select or devices tells which ones are meant."],
  [
    { action: "label", select: "area", devices: ["th-1"], set, expected: 1 },
    "Either select or devices tells which ones are meant.",
  ],
  [{ action: "label", select: "", set, expected: 3 }, "select is empty; all devices are id=*."],
  [
    { action: "label", select: "area,Name", set, expected: 1 },
    "select is wrong at position 6, where one of a-z 0-9 . _ - is expected.",
  ],
  [{ action: "label", devices: [], set, expected: 0 }, "devices must be a list of 1 to 500 ids."],
  [
    { action: "label", devices: Array(501).fill("a"), set, expected: 1 },
    "devices must be a list of 1 to 500 ids.",
  ],
  [{ action: "label", select: "area", expected: 1 }, "set or remove tells what is changed."],
  [{ action: "deregister", select: "area", set, expected: 1 }, "set and remove belong to label."],
  [
    { action: "label", select: "area", set: { Area: "x" }, expected: 1 },
    'set has "Area", which is wrong at position 1, where one of a-z 0-9 . _ - is expected.',
  ],
])("%j is refused", async (body, detail) => {
  const before = await areas();
  expect(await bulk(body)).toMatchObject({ status: 400, body: { detail } });
  expect(await areas()).toBe(before);
});

/** Asks for labels of a fleet of so many devices, with an operator of the test. */
async function ofMany(devices: number, label: OperatorCalls["label"]) {
  const rows = Array.from({ length: devices }, (_, i) =>
    rosterRow(`d${String(i).padStart(5, "0")}`),
  );
  const reads = {
    ...noDevices,
    roster: (after: string, limit: number) => rows.filter(({ id }) => id > after).slice(0, limit),
  };
  const operator = { ...fakePorts().operator, label };
  const ports = fakePorts({ devices: reads, operator });
  const { bulk: handler } = bulkHandlers(ports, new Roster(reads, ports.presence));
  const asked = { action: "label", select: "id=d*", set, expected: devices } as const;
  return handler({ body: async () => asked } as unknown as CallOf<"bulk">);
}

test("each 500 are asked for at once, and the next when these are stored", async () => {
  const open: (() => void)[] = [];
  const groups: number[] = [];
  const finish = () => {
    groups.push(open.length);
    for (const done of open.splice(0)) done();
  };
  const result = await ofMany(1_001, async () => {
    if (open.length === 0) setImmediate(finish);
    await new Promise<void>((done) => open.push(done));
    return { kind: "labelled", labels: noLabels };
  });
  expect(groups).toEqual([500, 500, 1]);
  expect(result).toEqual({ changed: 1_001, refused: [] });
});

test("with a store that is away the further groups are not tried, and all are told", async () => {
  let asked = 0;
  const result = await ofMany(1_200, async () => {
    asked++;
    return asked <= 500 ? { kind: "labelled", labels: noLabels } : { kind: "storage-failed" };
  });
  expect(asked).toBe(1_000);
  expect(result).toMatchObject({ changed: 500 });
  expect(result.refused.length).toBe(700);
  expect(result.refused.at(-1)).toEqual({ id: "d01199", code: "storage-failed" });
});

test("a selector that means more than 10,000 devices is refused", async () => {
  const all = ofMany(10_001, async () => ({ kind: "unchanged", labels: noLabels }));
  const words = await all.catch((error: unknown) => String(error));
  expect(words).toContain("select means 10001 devices; at most 10000 at a time.");
});
