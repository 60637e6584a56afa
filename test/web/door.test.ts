// The door over HTTP: who waits is listed and judged, the window is opened and closed, tokens are made and revoked, and what is
// wrong is said.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { PendingJson, TokenJson } from "../../lib/web/api/door-table.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
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
    .replace(/^pending\/[^/]+/, "pending/{id}")
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

test("the window opens and closes", async () => {
  const { host, command, ...closed } = (await send("GET", "join-window")).body;
  expect(closed).toEqual({ join: "approve", open: false, secondsLeft: 0, labels: {} });
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
