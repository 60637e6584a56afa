// Alerts over HTTP: rules, destinations and mutes are put, listed and removed, what is wrong is said, and no secret is shown.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { DestinationJson, RuleJson } from "../../lib/web/api/alert-shapes.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { askDocumented } from "./documented-answers.ts";
import { newDevice, type RunningTestServer, runServer } from "./running-server.ts";

setDefaultTimeout(testTimeoutMs);

let server: RunningTestServer;
beforeAll(async () => {
  server = await runServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function send(method: string, path: string, body?: object) {
  const headers = { ...server.login, "content-type": "application/json" };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const [list = "", name, ...rest] = (path.split("?")[0] ?? "").split("/");
  const pattern = ["/api/v1", list, ...(name === undefined ? [] : ["{name}"]), ...rest].join("/");
  const init = { headers, ...sent };
  const response = await askDocumented(server, method, `/api/v1/${path}`, pattern, init);
  return { status: response.status, body: response.body as Record<string, unknown> };
}

test("a destination is made, shown without its secrets, tried, and removed", async () => {
  const got: { key: string | null; auth: string | null; body: unknown }[] = [];
  using hook = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { headers } = request;
      const [key, auth] = [headers.get("idempotency-key"), headers.get("authorization")];
      got.push({ key, auth, body: await request.json() });
      return new Response("thanks", { status: got.length === 1 ? 200 : 403 });
    },
  });
  const url = `http://me:secret@127.0.0.1:${hook.port}/hook?token=secret`;
  const given = { url, format: "text", headers: "X-Key: secret\n" };
  const made = await send("PUT", "alert-destinations/my%20hook", given);
  const shown: DestinationJson = {
    name: "my hook",
    url: `http://me:***@127.0.0.1:${hook.port}/hook?***`,
    format: "text",
    headers: ["X-Key"],
    last: null,
  };
  expect(made).toEqual({ status: 200, body: shown });
  expect(await send("GET", "alert-destinations")).toEqual({
    status: 200,
    body: { destinations: [shown] },
  });
  const tried = await send("POST", "alert-destinations/my%20hook/test");
  expect(tried).toMatchObject({ status: 200, body: { done: true, status: "200" } });
  expect(got).toEqual([
    {
      key: expect.stringMatching(/^test-/),
      auth: `Basic ${btoa("me:secret")}`,
      body: { text: expect.any(String) },
    },
  ]);
  const again = await send("POST", "alert-destinations/my%20hook/test");
  expect(again.body).toMatchObject({ done: false, status: "403 thanks" });
  await send("PUT", "alert-rules/quiet", { rule: "offline", to: ["my hook"] });
  expect(await send("DELETE", "alert-destinations/my%20hook")).toMatchObject({
    status: 409,
    body: {
      code: "in-use",
      detail: "Rules tell my hook: quiet. Remove these first, or tell others.",
    },
  });
  expect((await send("DELETE", "alert-rules/quiet")).status).toBe(204);
  expect((await send("DELETE", "alert-destinations/my%20hook")).status).toBe(204);
  expect((await send("DELETE", "alert-destinations/my%20hook")).status).toBe(404);
});

test("a rule is put as usual or as told, and put again", async () => {
  const usual = await send("PUT", "alert-rules/hot", { rule: "temp>30 until <28" });
  expect(usual.body).toMatchObject({
    name: "hot",
    rule: "temp > 30 until < 28",
    select: null,
    severity: "warning",
    to: [],
    repeat: "4h",
    enabled: true,
  } satisfies Partial<RuleJson>);
  const told = {
    rule: "temp > 31",
    select: "area=Kitchen",
    severity: "critical",
    repeat: "never",
    enabled: "false",
  };
  const again = await send("PUT", "alert-rules/hot", told);
  expect(again.body).toMatchObject({
    ...told,
    repeat: null,
    enabled: false,
    created: usual.body["created"],
  });
  const { body } = await send("GET", "alert-rules");
  expect(body["rules"]).toEqual([again.body]);
});

test("the rules of a device are those that mean it", async () => {
  const device = await newDevice(server, "pi1");
  expect(await device.register()).toBe("00");
  device.close();
  const rules = { all: "", own: "id=pi*", others: "id=th*" };
  for (const [name, select] of Object.entries(rules)) {
    await send("PUT", `alert-rules/${name}`, { rule: "offline", select });
  }
  const names = async (id: string) => {
    const { body } = await send("GET", `alert-rules?device=${id}`);
    return (body["rules"] as RuleJson[]).map(({ name }) => name);
  };
  expect(await names("pi1")).toEqual(["all", "own"]);
  expect(await names("nobody")).toEqual([]);
  for (const name of Object.keys(rules)) await send("DELETE", `alert-rules/${name}`);
});

test.each([
  [
    "PUT",
    "alert-rules/a",
    { rule: "temp > hot" },
    "bad-rule",
    "The rule is wrong at position 8, where a number",
  ],
  ["PUT", "alert-rules/a", {}, "bad-rule", "The rule is wrong at position 1"],
  [
    "PUT",
    "alert-rules/a",
    { rule: "offline", select: "area" + "=".repeat(3) },
    "bad-body",
    "The selector is wrong",
  ],
  [
    "PUT",
    "alert-rules/a",
    { rule: "offline", severity: "loud" },
    "bad-body",
    "There is no such severity",
  ],
  [
    "PUT",
    "alert-rules/a",
    { rule: "offline", repeat: "soon" },
    "bad-body",
    "repeat must be a time",
  ],
  [
    "PUT",
    "alert-rules/a",
    { rule: "offline", repeat: "5s" },
    "bad-body",
    "An alert is told again after 1m",
  ],
  [
    "PUT",
    "alert-rules/a",
    { rule: "offline", to: ["nobody"] },
    "unknown-alert",
    'There is no destination "nobody"',
  ],
  ["PUT", "alert-rules/%2F", { rule: "offline" }, "bad-body", '"/" is no name'],
  ["PUT", "alert-rules/a", { rule: "offline", foo: "1" }, "bad-body", "Only rule, select"],
  [
    "PUT",
    "alert-destinations/a",
    { url: "ftp://x" },
    "bad-body",
    "The URL is wrong: it begins with http",
  ],
  [
    "PUT",
    "alert-destinations/a",
    { url: "http://x", format: "fax" },
    "bad-body",
    "There is no such format",
  ],
  [
    "PUT",
    "alert-destinations/a",
    { url: "http://x", headers: "nonsense" },
    "bad-body",
    "Line 1 of the headers",
  ],
  ["POST", "alert-destinations/none/test", undefined, "unknown-alert", "There is no destination"],
  ["POST", "mutes", { for: "0s" }, "bad-body", "A mute lasts 1s to 366d"],
  ["POST", "mutes", { for: "1h", rule: "none" }, "unknown-alert", "There is no rule"],
  ["DELETE", "mutes/77", undefined, "unknown-alert", "There is no mute"],
] as const)("%s %s %j is refused", async (method, path, given, code, detail) => {
  const { body } = await send(method, path, given);
  expect(body).toMatchObject({ code, detail: expect.stringContaining(detail) });
});

test("a mute of devices that are more or fewer than expected is not made", async () => {
  const devices = [await newDevice(server, "mu-1", 11), await newDevice(server, "mu-2", 12)];
  for (const device of devices) await device.register();
  const given = { select: "id=mu-1|mu-2|mu-3", for: "1h" };
  expect(await send("POST", "mutes", { ...given, expected: 3 })).toMatchObject({
    status: 409,
    body: { code: "count-changed", detail: "2 devices are meant, not 3." },
  });
  expect((await send("POST", "mutes", { ...given, expected: -1 })).status).toBe(400);
  expect((await send("POST", "mutes", { ...given, select: "Area=", expected: 2 })).status).toBe(
    400,
  );
  expect((await send("GET", "mutes")).body["mutes"]).toEqual([]);
  const made = await send("POST", "mutes", { ...given, expected: 2 });
  expect(made).toMatchObject({ status: 201, body: { select: given.select } });
  expect((await send("DELETE", `mutes/${String(made.body["number"])}`)).status).toBe(204);
  for (const device of devices) device.close();
});

test("a mute is made, listed and ended", async () => {
  const made = await send("POST", "mutes", { select: "id=pi*", for: "2h", note: "batteries" });
  expect(made).toMatchObject({
    status: 201,
    body: { select: "id=pi*", note: "batteries" },
  });
  const { body } = await send("GET", "mutes");
  expect(body["mutes"]).toEqual([made.body]);
  expect((await send("DELETE", `mutes/${String(made.body["number"])}`)).status).toBe(204);
});

test("there is no alert, also in the status; and changes need a login", async () => {
  expect(await send("GET", "alerts?state=all")).toEqual({
    status: 200,
    body: { alerts: [], next: null },
  });
  expect((await send("GET", "status")).body).toMatchObject({ alerts: { firing: 0 } });
  const headers = { "content-type": "application/json" };
  const response = await server.ask("/api/v1/mutes", { method: "POST", headers, body: "{}" });
  expect(response.status).toBe(401);
});
