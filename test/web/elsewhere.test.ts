// Devices that another server of the store hears, over HTTP: what is shown of them is what that one has written down.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { DeviceJson, DevicesJson, SessionsJson } from "../../lib/web/api/shapes.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { fakePorts } from "./fake-ports.ts";
import { elsewhereOf, otherNode } from "./other-node.ts";
import { ServedFleet, servedToken } from "./served-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const key = new Uint8Array(32);
const source = { ip: "203.0.113.7", port: 4_242 };
const change = { clientKey: key, everySeconds: 60, source, lastSeen: Date.UTC(2026, 10, 22, 10) };

function newFleet(): ServedFleet {
  const fleet = new ServedFleet();
  fleet.enter("far");
  fleet.report("far", "21.5");
  fleet.register("never");
  fleet.enter("left");
  fleet.report("left", "1");
  fleet.logoff("left");
  return fleet;
}

test("a device of another server is shown as that one hears it", async () => {
  const fleet = newFleet();
  await using page = fleet.serve(fleet.reads, otherNode(fleet.reads, change));
  const heard = {
    presence: "online",
    transport: "sealed",
    everySeconds: 60,
    source,
    node: "a",
    lastSeen: "2026-11-22T10:00:00.000Z",
    lastReport: expect.objectContaining({ message: "21.5" }),
  };
  const nobody = { transport: null, everySeconds: null, source: null, node: null };
  expect(await page.read<DeviceJson>("/api/v1/devices/far")).toMatchObject(heard);
  const { devices } = await page.read<DevicesJson>("/api/v1/devices");
  expect(devices).toMatchObject([
    { id: "far", ...heard },
    {
      id: "left",
      presence: "offline",
      ...nobody,
      source: { port: 1994 },
      lastReport: { message: "1" },
    },
    { id: "never", presence: "never", ...nobody, lastReport: null },
  ]);
});

test("a device that this server hears is shown from memory, with this server's name", async () => {
  const fleet = newFleet();
  const elsewhere = elsewhereOf(fleet.reads, change);
  await using page = fleet.serve(fleet.reads, { node: "b", elsewhere });
  expect(await page.read<DeviceJson>("/api/v1/devices/far")).toMatchObject({
    transport: "text",
    everySeconds: null,
    source: { port: 1994 },
    node: "b",
    lastReport: { message: "21.5" },
  });
});

test.each(["to another server", "before a restart"])(
  "a device is listed with the report that it sent %s",
  async (where) => {
    const fleet = newFleet();
    const { sessions } = fleet.bench.engine.desk;
    const moved = { ...sessions.get("far"), lastReport: 0 } as NonNullable<
      ReturnType<typeof sessions.get>
    >;
    const presence = {
      get: (id: string) => (id === "far" ? moved : undefined),
      all: () => [moved][Symbol.iterator](),
    };
    const elsewhere = where === "before a restart" ? null : elsewhereOf(fleet.reads);
    await using page = fleet.serve(fleet.reads, { node: "b", elsewhere, presence });
    const { devices } = await page.read<DevicesJson>("/api/v1/devices?q=far");
    expect(devices).toMatchObject([{ id: "far", node: "b", lastReport: { message: "21.5" } }]);
  },
);

test.each([
  ["not-logged-in", 409, "No server hears the device: the one that did is gone."],
  ["busy", 503, "Another server hears the device and cannot be asked now"],
] as const)(
  "a question to a device of another server: %s in words that are true of it",
  async (kind, status, words) => {
    const fleet = newFleet();
    const operator = { ...fakePorts().operator, ask: async () => ({ kind }) };
    await using page = fleet.serve(fleet.reads, { ...otherNode(fleet.reads), operator });
    const ask = (id: string) =>
      fetch(`${page.web.url}/api/v1/devices/${id}/query`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${servedToken}`,
          "content-type": "application/json",
        },
        body: "{}",
      });
    await page.get("/api/v1/devices");
    const [far, left] = [await ask("far"), await ask("left")];
    expect([far.status, left.status]).toEqual([status, status]);
    const [one, other] = [await far.json(), await left.json()] as { detail: string }[];
    expect(one?.detail).toContain(words);
    expect(other?.detail).not.toContain("server");
  },
);

test("each session has the server that heard it last; with a file none has", async () => {
  const fleet = newFleet();
  await using page = fleet.serve(fleet.reads);
  const path = "/api/v1/devices/far/sessions";
  const { sessions } = await page.read<SessionsJson>(path);
  expect(sessions).toMatchObject([{ node: null }]);
  const [row] = await fleet.reads.sessions("far", Number.MAX_SAFE_INTEGER, 1);
  const reads = Object.assign(Object.create(fleet.reads) as typeof fleet.reads, {
    sessions: () => [{ ...row, node: "a" }],
  });
  await using other = fleet.serve(reads, otherNode(fleet.reads));
  expect(await other.read<SessionsJson>(path)).toMatchObject({ sessions: [{ node: "a" }] });
});
