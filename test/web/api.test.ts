// The HTTP API against its own description: every documented route answers with a documented status, type and shape,
// and every route is documented.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { isId } from "../../lib/protocol/fields.ts";
import {
  alertPaths,
  askDocumented,
  commandPaths,
  document,
  doorPaths,
} from "./documented-answers.ts";
import { errorsIn, type Schema } from "./json-schema.ts";
import { newDevice, type RunningTestServer, runServer } from "./running-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

let server: RunningTestServer;
let device: Awaited<ReturnType<typeof newDevice>>;

beforeAll(async () => {
  server = await runServer();
  device = await newDevice(server, "a.device-1");
  expect(await device.register()).toBe("00");
  expect(await device.login()).toBe("70");
  expect(await device.beat()).toBe("40");
  for (const message of ["21.5", "temp=22 hum=40", '{"temp":23,"in":{"deep":1}}']) {
    expect(await device.report(message)).toBe("50");
  }
});

afterAll(async () => {
  device.close();
  await server[Symbol.asyncDispose]();
});

/** Sends a request and checks the answer against the document. */
function ask(method: string, path: string, pattern: string, init: RequestInit = {}) {
  return askDocumented(server, method, path, pattern, init);
}

const id = "/api/v1/devices/{id}";
const own = "/api/v1/devices/a.device-1";
const json = { "content-type": "application/json" };

describe("each route answers as documented", () => {
  const rows: readonly [status: number, method: string, path: string, pattern: string][] = [
    [200, "GET", "/healthz", "/healthz"],
    [200, "GET", "/metrics", "/metrics"],
    [401, "GET", "/login?code=none", "/login"],
    [200, "GET", "/api/v1/openapi.json", "/api/v1/openapi.json"],
    [200, "GET", "/api/v1/session", "/api/v1/session"],
    [204, "DELETE", "/api/v1/session", "/api/v1/session"],
    [200, "GET", "/api/v1/status", "/api/v1/status"],
    [200, "GET", "/api/v1/nodes", "/api/v1/nodes"],
    [200, "GET", "/api/v1/activity?limit=5&level=info&q=login", "/api/v1/activity"],
    [400, "GET", "/api/v1/activity?level=loud", "/api/v1/activity"],
    [400, "GET", "/api/v1/events?topics=gossip", "/api/v1/events"],
    [200, "GET", "/api/v1/devices?presence=online&q=DEVICE&sort=-lastSeen", "/api/v1/devices"],
    [400, "GET", "/api/v1/devices?limit=0", "/api/v1/devices"],
    [400, "GET", "/api/v1/devices?cursor=x", "/api/v1/devices"],
    [400, "GET", "/api/v1/devices?unknown=1", "/api/v1/devices"],
    [400, "GET", "/api/v1/devices?q=1&q=2", "/api/v1/devices"],
    [200, "GET", own, id],
    [200, "GET", "/api/v1/devices?select=!area,id=a.*,presence!=never", "/api/v1/devices"],
    [400, "GET", "/api/v1/devices?select=Area", "/api/v1/devices"],
    [404, "GET", "/api/v1/devices/nobody", id],
    [404, "DELETE", "/api/v1/devices/nobody", id],
    [404, "DELETE", "/api/v1/devices/no%20id", id],
    [200, "GET", `${own}/sessions?limit=1`, `${id}/sessions`],
    [404, "GET", "/api/v1/devices/nobody/sessions", `${id}/sessions`],
    [200, "GET", `${own}/availability`, `${id}/availability`],
    [404, "GET", "/api/v1/devices/nobody/availability", `${id}/availability`],
    [200, "GET", "/api/v1/devices?availability=24h", "/api/v1/devices"],
    [200, "GET", `${own}/questions?limit=1`, `${id}/questions`],
    [404, "GET", "/api/v1/devices/nobody/questions", `${id}/questions`],
    [200, "GET", `${own}/reports?limit=2&from=24h`, `${id}/reports`],
    [200, "GET", `${own}/series?from=999999999d`, `${id}/series`],
    [200, "GET", `${own}/reports?format=csv`, `${id}/reports`],
    [200, "GET", `${own}/reports?format=ndjson`, `${id}/reports`],
    [400, "GET", `${own}/reports?from=90`, `${id}/reports`],
    [400, "GET", `${own}/reports?to=1795338906`, `${id}/reports`],
    [200, "GET", `${own}/reports?from=1795338906000`, `${id}/reports`],
    [400, "GET", `${own}/reports?from=yesterday`, `${id}/reports`],
    [404, "GET", "/api/v1/devices/nobody/reports", `${id}/reports`],
    [200, "GET", "/api/v1/reports?order=oldest", "/api/v1/reports"],
    [200, "GET", `${own}/fields`, `${id}/fields`],
    [404, "GET", "/api/v1/devices/nobody/fields", `${id}/fields`],
    [200, "GET", `${own}/series?field=temp&points=10`, `${id}/series`],
    [400, "GET", `${own}/series?points=0`, `${id}/series`],
    [400, "GET", `${own}/series?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`, `${id}/series`],
    [404, "GET", "/api/v1/devices/nobody/series", `${id}/series`],
    [200, "GET", `${own}/chart?field=temp&field=hum&state=mode&points=10`, `${id}/chart`],
    [400, "GET", `${own}/chart`, `${id}/chart`],
    [400, "GET", `${own}/chart?field=${"x".repeat(129)}`, `${id}/chart`],
    [
      400,
      "GET",
      `${own}/chart${"?field=a&state=b".repeat(9).replaceAll("?", "&").replace("&", "?")}`,
      `${id}/chart`,
    ],
    [
      400,
      "GET",
      `${own}/chart?field=a&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`,
      `${id}/chart`,
    ],
    [404, "GET", "/api/v1/devices/nobody/chart?field=temp", `${id}/chart`],
  ];
  for (const [status, method, path, pattern] of rows) {
    test(`${method} ${path}: ${status}`, async () => {
      expect((await ask(method, path, pattern)).status).toBe(status);
    });
  }

  test("login and query refuse invalid bodies", async () => {
    const post = (path: string, pattern: string, body: string, headers: Record<string, string>) =>
      ask("POST", path, pattern, { body, headers: { ...server.login, ...headers } });
    const session = "/api/v1/session";
    expect((await post(session, session, "{}", json)).status).toBe(400);
    expect((await post(session, session, "token=1", {})).status).toBe(415);
    const question = (body: string) => post(`${own}/query`, `${id}/query`, body, json);
    expect((await question("[]")).status).toBe(400);
    expect((await question('{"code":"1"}')).status).toBe(400);
    expect((await question('{"target":"a b"}')).status).toBe(400);
    expect((await question('{"color":"red"}')).status).toBe(400);
  });

  test("labels are changed as documented, and wrong ones refused", async () => {
    const patch = (body: unknown, path = own, headers = { ...server.login, ...json }) =>
      ask("PATCH", `${path}/labels`, `${id}/labels`, { body: JSON.stringify(body), headers });
    expect((await patch({ set: { name: "x" }, remove: ["area"] })).status).toBe(200);
    expect((await patch({})).body).toEqual({ labels: { name: "x" } });
    expect((await patch({}, "/api/v1/devices/nobody")).status).toBe(404);
    expect((await patch({}, "/api/v1/devices/no%20id")).status).toBe(404);
    expect((await patch({ set: { A: "x" } })).status).toBe(400);
    const stranger = await server.ask(`${own}/labels`, { method: "PATCH", headers: json });
    expect(stranger.status).toBe(401);
  });

  test("many devices are changed as documented, and wrong changes refused", async () => {
    const bulk = "/api/v1/devices/bulk";
    const post = (body: unknown) =>
      ask("POST", bulk, bulk, {
        body: JSON.stringify(body),
        headers: { ...server.login, ...json },
      });
    const label = { action: "label", set: { area: "Attic" }, expected: 1 };
    expect((await post({ ...label, select: "id=a.*" })).body).toEqual({ changed: 1, refused: [] });
    expect((await post({ ...label, devices: ["nobody"] })).body).toEqual({
      changed: 0,
      refused: [{ id: "nobody", code: "unknown-device" }],
    });
    expect((await post({ ...label, select: "id=b.*" })).status).toBe(409);
    expect((await post({ ...label, select: "Area" })).status).toBe(400);
    expect((await post({ ...label, devices: ["x".repeat(49_152)] })).status).toBe(413);
    const stranger = await server.ask(bulk, { method: "POST", headers: json, body: "{}" });
    expect(stranger.status).toBe(401);
  });

  test("every documented path is requested here or below", () => {
    const changes = [`${id}/query`, `${id}/labels`, "/api/v1/devices/bulk"];
    // Those of alerts, of commands and of the door in their own tests.
    const others = [...alertPaths, ...commandPaths, ...doorPaths];
    const elsewhere = [...changes, "/api/v1/events", ...others];
    const asked = new Set([...rows.map(([, , , pattern]) => pattern), ...elsewhere]);
    expect(Object.keys(document.paths).filter((path) => !asked.has(path))).toEqual([]);
  });
});

/** A path of the document with an id that is not registered. */
const filled = (pattern: string) => pattern.replace("{id}", "nobody");

test("each path answers to its documented methods and to no other", async () => {
  for (const [pattern, methods] of Object.entries(document.paths)) {
    // A device can be called `bulk`, too.
    const also = pattern === "/api/v1/devices/bulk" ? document.paths[id] : undefined;
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      // Without a login, so that nothing is changed or streamed.
      const { status } = await server.ask(filled(pattern), { method });
      const isThere = { ...also, ...methods }[method.toLowerCase()] !== undefined;
      expect(status === 405, `${method} ${pattern}: ${status}`).toBe(!isThere);
      expect(status, `${method} ${pattern}`).not.toBe(404);
    }
  }
});

test("each route takes its documented parameters, once, and no other", async () => {
  const given = (name: string, times: number) => Array(times).fill(`${name}=1`).join("&");
  for (const [pattern, { get }] of Object.entries(document.paths)) {
    if (get === undefined) continue;
    const refusal = async (query: string) => {
      const reply = await server.ask(`${filled(pattern)}?${query}`, { headers: server.login });
      return (reply.body as { detail?: string }).detail;
    };
    for (const { name, schema } of get.parameters ?? []) {
      const { maxItems: most = 1 } = (schema ?? {}) as { maxItems?: number };
      const often = most === 1 ? "once" : `${most} times`;
      expect(await refusal(given(name, most + 1))).toBe(`${name} is given more than ${often}.`);
    }
    expect(await refusal("other=1"), pattern).toBe('There is no parameter "other" here.');
  }
});

test("the document is what the server tells", async () => {
  expect(await server.read<unknown>("/api/v1/openapi.json")).toEqual(
    JSON.parse(JSON.stringify(document)),
  );
});

test("the id of the document is that of the protocol", () => {
  const { properties } = (document as unknown as WithShapes).components.schemas.Device;
  const words = ["a", "A.b_c:d-9", ".", "..", "...", ".a", "", "a b", "ä", "a\n", "a/b"];
  for (const word of [...words, "x".repeat(64), "x".repeat(65)]) {
    expect(errorsIn(word, properties.id, document).length === 0, word).toBe(isId(word));
  }
});

type WithShapes = {
  readonly components: {
    readonly schemas: { readonly Device: { readonly properties: { readonly id: Schema } } };
  };
};

test("an error is a problem document", async () => {
  const { status, headers, body } = await server.ask("/api/v1/nothing");
  expect(status).toBe(404);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({ type: "about:blank", status: 404, code: "no-such-route" });
});

test("an unsupported method gets 405 with Allow, and HEAD has no body", async () => {
  const { status, headers } = await server.ask("/api/v1/status", { method: "DELETE" });
  expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  const head = await server.ask("/api/v1/status", {
    method: "HEAD",
    headers: server.login,
  });
  expect([head.status, head.body]).toEqual([200, ""]);
});

test("a query to a device returns its answer", async () => {
  const asked = server.ask(`${own}/query`, {
    method: "POST",
    headers: { ...server.login, ...json },
    body: JSON.stringify({ code: "07", target: "temperature" }),
  });
  const [, code, , ip = "", port = "", time = "", target] = (await device.receive()).split("\t");
  expect([code, target]).toEqual(["07", "temperature"]);
  const answer = ["DATA", "01", device.id, ip, port, time, "4", "21.5"];
  expect(await device.exchange(...answer)).toBe("50");
  expect(await asked).toMatchObject({ status: 200, body: { code: "01", message: "21.5" } });
});

test("the answer is listed with its question, and is neither a report nor the last one", async () => {
  const { body } = await ask("GET", `${own}/questions`, `${id}/questions`);
  const { questions, next } = body as { questions: unknown[]; next: string | null };
  expect(next).toBeNull();
  expect(questions).toMatchObject([
    { code: "07", target: "temperature", by: "api", answer: { code: "01", message: "21.5" } },
  ]);
  const { lastReport } = await server.read<{ lastReport: { message: string } }>(own);
  expect(lastReport.message).toStartWith("{");
  expect((await server.read<{ reports: unknown[] }>(`${own}/reports`)).reports).toHaveLength(3);
});

test("an operator deregisters a device: its session ends, its reports stay", async () => {
  const other = await newDevice(server, "leaving", 2);
  await other.register();
  await other.login();
  await other.report("1");
  const gone = await server.ask("/api/v1/devices/leaving", {
    method: "DELETE",
    headers: server.login,
  });
  expect(gone.status).toBe(204);
  expect((await server.ask("/api/v1/devices/leaving", { headers: server.login })).status).toBe(404);
  expect(await other.beat()).toBe("41");
  const { reports } = await server.read<{ reports: { device: string }[] }>("/api/v1/reports");
  expect(reports.some((report) => report.device === "leaving")).toBe(true);
  other.close();
});

test("a query to an unknown device, or to one that is not logged in", async () => {
  const other = await newDevice(server, "silent", 3);
  await other.register();
  const post = { method: "POST", headers: { ...server.login, ...json }, body: "{}" };
  expect(await ask("POST", "/api/v1/devices/silent/query", `${id}/query`, post)).toMatchObject({
    status: 409,
    body: { code: "not-logged-in" },
  });
  const nobody = await ask("POST", "/api/v1/devices/nobody/query", `${id}/query`, post);
  expect(nobody).toMatchObject({ status: 404, body: { code: "unknown-device" } });
  other.close();
});
