// The door over HTTP: who waits is listed and judged, the window is opened and closed, tokens are made and revoked, and what is
// wrong is said.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { PendingJson, TokenJson } from "../../lib/web/api/door-table.ts";
import { testTimeoutMs, until } from "../e2e/polling.ts";
import { askDocumented } from "./documented-answers.ts";
import { newDevice, type RunningTestServer, runServer } from "./running-server.ts";

setDefaultTimeout(testTimeoutMs);

let server: RunningTestServer;
beforeAll(async () => {
  server = await runServer(["--join", "approve"]);
});
afterAll(() => server[Symbol.asyncDispose]());

async function send(method: string, path: string, body?: object) {
  const headers = { ...server.login, "content-type": "application/json" };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const pattern = path
    .replace(/^pending\/[^/]+(?=\/)/, "pending/{id}")
    .replace(/^join-tokens\/.+/, "join-tokens/{number}");
  const init = { headers, ...sent };
  const reply = await askDocumented(server, method, `/api/v1/${path}`, `/api/v1/${pattern}`, init);
  return { status: reply.status, body: reply.body as Record<string, unknown> };
}

test("who waits is listed, approved with labels, or rejected", async () => {
  const [one, two] = [await newDevice(server, "th-1", 1), await newDevice(server, "th-2", 2)];
  expect([await one.register(), await two.register()]).toEqual(["93", "93"]);
  const listed = (await send("GET", "pending")).body["pending"] as PendingJson[];
  expect(listed).toMatchObject([
    { id: "th-1", mac: "aa:bb:cc:00:00:01", source: "127.0.0.1", fingerprint: null, tries: 1 },
    { id: "th-2", state: "waiting", labels: {} },
  ]);
  const labels = { area: "Kitchen" };
  expect((await send("POST", "pending/th-1/approve", { labels })).status).toBe(204);
  expect((await send("POST", "pending/th-2/reject")).status).toBe(204);
  expect((await send("POST", "pending/th-3/approve", {})).status).toBe(404);
  expect((await send("POST", "pending/a%2Fb/reject")).status).toBe(404);
  const wrong = await send("POST", "pending/th-2/approve", { labels: { Area: "x" } });
  expect([wrong.status, wrong.body["detail"]]).toEqual([
    400,
    'set has "Area", which is wrong at position 1, where one of a-z 0-9 . _ - is expected.',
  ]);
  expect([await one.register(), await two.register()]).toEqual(["00", "31"]);
  expect((await server.read<{ labels: object }>("/api/v1/devices/th-1")).labels).toEqual(labels);
  one.close();
  two.close();
});

test("many that wait are approved or rejected, if they are as many as expected", async () => {
  const devices = await Promise.all(
    [21, 22, 23, 24, 25].map((number) => newDevice(server, `b-${number}`, number)),
  );
  for (const device of devices) expect(await device.register()).toBe("93");
  const labels = { area: "Cellar" };
  const all = { action: "approve", select: "id=b-*", labels };
  const early = await send("POST", "pending/bulk", { ...all, expected: 4 });
  expect([early.status, early.body["detail"]]).toEqual([409, "5 devices are meant, not 4."]);
  const named = { action: "reject", devices: ["b-21", "b-22", "nobody"], expected: 3 };
  expect(await send("POST", "pending/bulk", named)).toEqual({
    status: 200,
    body: { changed: 2, refused: [{ id: "nobody", code: "unknown-device" }] },
  });
  expect(
    (await send("POST", "pending/bulk", { ...named, devices: ["b-21"], expected: 1 })).body,
  ).toEqual({ changed: 0, refused: [] });
  // Those that are rejected wait no more, so a selector does not mean them.
  const rest = await send("POST", "pending/bulk", { ...all, expected: 3 });
  expect(rest.body).toEqual({ changed: 3, refused: [] });
  const codes: (string | undefined)[] = [];
  for (const device of devices) codes.push(await device.register());
  expect(codes).toEqual(["31", "31", "00", "00", "00"]);
  expect((await server.read<{ labels: object }>("/api/v1/devices/b-25")).labels).toEqual(labels);
  for (const device of devices) device.close();
});

test("an approval is of the device that was seen, not of one that has come under its id since", async () => {
  const [seen, other] = [await newDevice(server, "th-7", 7), await newDevice(server, "th-7", 8)];
  expect(await seen.register()).toBe("93");
  const listed = (await send("GET", "pending")).body["pending"] as PendingJson[];
  const seenBy = listed.find(({ id }) => id === "th-7")?.firstSeen;
  expect((await send("POST", "pending/th-7/reject")).status).toBe(204);
  await until("another millisecond", () => Date.now() > Date.parse(seenBy ?? ""));
  expect(await other.register()).toBe("93");
  expect((await send("POST", "pending/th-7/approve", { seenBy })).status).toBe(404);
  const many = { action: "approve", devices: ["th-7"], seenBy, expected: 1 };
  expect((await send("POST", "pending/bulk", many)).body["changed"]).toBe(0);
  const selected = { action: "approve", select: "id=th-7", seenBy, expected: 0 };
  expect((await send("POST", "pending/bulk", selected)).status).toBe(200);
  expect((await send("POST", "pending/th-7/approve", { seenBy: "soon" })).status).toBe(400);
  expect((await send("POST", "pending/th-7/approve", {})).status).toBe(204);
  expect([await seen.register(), await other.register()]).toEqual(["93", "00"]);
  seen.close();
  other.close();
});

test.each([
  [{ action: "approve", expected: 0 }, "Either select or devices"],
  [{ action: "approve", select: "", expected: 0 }, "select is empty"],
  [{ action: "approve", select: "id=", expected: 0 }, "select is wrong"],
  [
    { action: "reject", select: "id=*", labels: { a: "b" }, expected: 0 },
    "labels belong to approve",
  ],
  [{ action: "approve", select: "id=*", labels: { A: "b" }, expected: 0 }, "set has"],
  [{ action: "label", select: "id=*", expected: 0 }, "action must be approve or reject"],
  [{ action: "approve", select: "id=*" }, "expected must be"],
])("a change of many with %p is refused", async (given, words) => {
  const { status, body } = await send("POST", "pending/bulk", given);
  expect([status, String(body["detail"])]).toEqual([400, expect.stringContaining(words)]);
});

test("the window opens and closes", async () => {
  const { host, command, ...closed } = (await send("GET", "join-window")).body;
  expect(closed).toEqual({
    join: "approve",
    open: false,
    secondsLeft: 0,
    labels: {},
    sharedIp: false,
  });
  const reached = `--server HOST:${server.server.port} --server-key ${server.server.fingerprint}`;
  expect([host, command]).toEqual(["127.0.0.1", `iot-client run --id NAME ${reached}`]);
  const opened = await send("PUT", "join-window", { seconds: 300, labels: { area: "Hall" } });
  expect(opened.body).toMatchObject({ open: true, secondsLeft: 300, labels: { area: "Hall" } });
  const device = await newDevice(server, "th-5", 5);
  expect(await device.register()).toBe("00");
  device.close();
  expect((await send("PUT", "join-window", { seconds: 0 })).body["open"]).toBe(false);
  expect((await send("PUT", "join-window", { seconds: 2_592_001 })).status).toBe(400);
});

test("a token is shown once, and revoked", async () => {
  const given = { uses: "unlimited", for: "never", ids: "th-*", text: "true", note: "cellar" };
  const made = await send("POST", "join-tokens", given);
  expect(made.status).toBe(201);
  const { number, token } = made.body as { number: number; token: string };
  expect(token).toMatch(/^join-[0-9a-z]{26}$/);
  const device = await newDevice(server, "th-6", 6);
  const fields = ["th-6", `${token}.own`, "mac-6", "10.0.0.6", "2000"];
  expect(await device.exchange("REGISTER", ...fields)).toBe("00");
  device.close();
  const listed = (await send("GET", "join-tokens")).body["tokens"] as TokenJson[];
  expect(listed).toMatchObject([
    { number, state: "valid", used: 1, usesLeft: null, expires: null, ids: "th-*", note: "cellar" },
  ]);
  expect(JSON.stringify(listed)).not.toContain(token);
  expect((await send("DELETE", `join-tokens/${number}`)).status).toBe(204);
  expect((await send("DELETE", "join-tokens/x")).status).toBe(404);
  const after = (await send("GET", "join-tokens")).body["tokens"] as TokenJson[];
  expect(after[0]?.state).toBe("revoked");
});

test.each([
  [{ uses: "0" }, "uses must be a number"],
  [{ for: "5" }, "for must be a time"],
  [{ ids: "th/*" }, "ids must be as"],
  [{ approve: "yes" }, "approve must be true or false"],
  [{ note: "a\nb" }, "on one line"],
  [{ what: "x" }, "Only uses, for"],
])("a token with %p is refused", async (given, words) => {
  const { status, body } = await send("POST", "join-tokens", given);
  expect([status, String(body["detail"])]).toEqual([400, expect.stringContaining(words)]);
});
