// Commands over HTTP: queued once, listed, waited for and cancelled, with a device that carries them out.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { CommandJson } from "../../lib/web/api/command-shapes.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { hashOf } from "../e2e/raw-device.ts";
import { askDocumented } from "./documented-answers.ts";
import { newDevice, type RunningTestServer, runServer } from "./running-server.ts";

setDefaultTimeout(testTimeoutMs);

let server: RunningTestServer;
let sleeper: Awaited<ReturnType<typeof newDevice>>;

beforeAll(async () => {
  server = await runServer();
  sleeper = await newDevice(server, "sleeper");
  expect(await sleeper.register()).toBe("00");
});

afterAll(async () => {
  sleeper.close();
  await server[Symbol.asyncDispose]();
});

async function send(
  method: string,
  path: string,
  body?: unknown,
  more: Readonly<Record<string, string>> = {},
) {
  const headers = { ...server.login, "content-type": "application/json", ...more };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const [list, name, ...rest] = (path.split("?")[0] ?? "").split("/");
  const part = list === "devices" ? "{id}" : "{number}";
  const pattern = ["/api/v1", list, ...(name === undefined ? [] : [part]), ...rest].join("/");
  const reply = await askDocumented(server, method, `/api/v1/${path}`, pattern, {
    headers,
    ...sent,
  });
  return { status: reply.status, body: reply.body as Record<string, unknown> };
}

const give = (body: unknown, more: Readonly<Record<string, string>> = {}, id = "sleeper") =>
  send("POST", `devices/${id}/commands`, body, more);
const listed = async (query = "") =>
  (await send("GET", `devices/sleeper/commands${query}`)).body as {
    commands: readonly CommandJson[];
    next: string | null;
  };

/** Takes the command that comes, says that it is there, and answers. */
async function carryOut(code: string, words: string): Promise<void> {
  const status = await sleeper.receive();
  const [verb, , , number = ""] = status.split("\t");
  expect(verb).toBe("STATUS");
  sleeper.send(`ACK\t40\tserver\t2026-11-28:10:00:01\t${hashOf(status)}`);
  const size = String(Buffer.byteLength(words));
  expect(await sleeper.exchange("DATA", code, "sleeper", number, size, words)).toBe("50");
}

test("a command waits for its device, and whoever waits for it gets the result", async () => {
  const queued = await give({ message: "set relay=on", ttl: "2h" });
  expect(queued).toMatchObject({
    status: 202,
    body: {
      number: 1,
      device: "sleeper",
      message: "set relay=on",
      state: "queued",
      origin: "api",
      sendings: 0,
      sent: null,
      ended: null,
      late: false,
    },
  });
  const { created, expires } = queued.body as CommandJson;
  expect(Date.parse(expires) - Date.parse(created)).toBe(7_200_000);
  expect(await send("GET", "commands/1")).toEqual({ status: 200, body: queued.body });
  expect(await server.read("/api/v1/devices/sleeper")).toMatchObject({ openCommands: 1 });
  const waiting = send("GET", "commands/1?wait=60s");
  expect(await sleeper.login()).toBe("70");
  await carryOut("01", "relay on");
  const done = await waiting;
  expect(done).toMatchObject({
    status: 200,
    body: { number: 1, state: "done", code: "01", result: "relay on", sendings: 1 },
  });
  // One that has ended is not waited for.
  expect(await send("GET", "commands/1?wait=60s")).toEqual(done);
  expect(await sleeper.logoff()).toBe("80");
  expect(await server.read("/api/v1/devices")).toMatchObject({ devices: [{ openCommands: 0 }] });
});

test("a repeat with the same key is the same command", async () => {
  const key = { "idempotency-key": "my-key-1" };
  const first = await give({ message: "once" }, key);
  expect(first.status).toBe(202);
  expect(await give({ message: "once" }, key)).toEqual({ status: 200, body: first.body });
  const { number } = first.body as CommandJson;
  expect((await give({ message: "once" })).body["number"]).toBe(number + 1);
  for (const wrong of ["", "a b", "x".repeat(129)]) {
    const refused = await give({ message: "once" }, { "idempotency-key": wrong });
    expect(refused).toMatchObject({ status: 400, body: { code: "bad-parameter" } });
  }
});

test("commands are listed newest first, in pages and by their state, and cancelled", async () => {
  expect((await listed()).commands.map(({ number, state }) => [number, state])).toEqual([
    [3, "queued"],
    [2, "queued"],
    [1, "done"],
  ]);
  const page = await listed("?limit=2");
  expect(page.commands.map(({ number }) => number)).toEqual([3, 2]);
  const rest = await listed(`?limit=2&cursor=${page.next}`);
  expect([rest.commands.map(({ number }) => number), rest.next]).toEqual([[1], null]);
  expect((await listed("?state=ended")).commands.map(({ number }) => number)).toEqual([1]);
  const waiting = send("GET", "commands/2?wait=60s");
  expect(await send("DELETE", "commands/2")).toEqual({ status: 204, body: "" as never });
  expect(await waiting).toMatchObject({ body: { number: 2, state: "cancelled" } });
  expect(await send("DELETE", "commands/2")).toMatchObject({
    status: 409,
    body: { code: "already-ended", detail: "Command 2 is cancelled." },
  });
  expect((await listed("?state=open")).commands.map(({ number }) => number)).toEqual([3]);
});

test.each([
  ["DELETE", "commands/999", 404, "unknown-command"],
  ["DELETE", "commands/x", 404, "unknown-command"],
  ["GET", "commands/999?wait=60s", 404, "unknown-command"],
  ["GET", "commands/0", 404, "unknown-command"],
  ["GET", "commands/1?wait=61s", 400, "bad-parameter"],
  ["GET", "commands/1?wait=1", 400, "bad-parameter"],
  ["GET", "devices/nobody/commands", 404, "unknown-device"],
  ["GET", "devices/sleeper/commands?state=late", 400, "bad-parameter"],
] as const)("%s %s is answered with %i %s", async (method, path, status, code) => {
  expect(await send(method, path)).toMatchObject({ status, body: { code } });
});

test.each([
  [{}, 400, "bad-body", "message must be a text."],
  [{ message: "" }, 400, "bad-message", "message is empty."],
  [{ message: "x".repeat(1_025) }, 400, "bad-message", undefined],
  [{ message: "a\u0000" }, 400, "bad-message", undefined],
  [{ message: "a\n" }, 400, "bad-message", "message ends in a line feed."],
  [{ message: "a", ttl: "31d" }, 400, "bad-ttl", undefined],
  [{ message: "a", ttl: "500ms" }, 400, "bad-ttl", undefined],
  [{ message: "a", ttl: "2" }, 400, "bad-ttl", "ttl must be a time from 1s to 30d, such as 2h."],
  [{ message: "a", wait: "2s" }, 400, "bad-body", "Only message and ttl are known here."],
])("%j is refused", async (body, status, code, detail) => {
  const refused = await give(body);
  expect(refused).toMatchObject({ status, body: { code } });
  if (detail !== undefined) expect(refused.body["detail"]).toBe(detail);
});

test("a body that is not UTF-8 is refused: it would be another command", async () => {
  const headers = { ...server.login, "content-type": "application/json" };
  const body = Buffer.from('{"message":"caf\xe9"}', "latin1");
  const path = "/api/v1/devices/sleeper/commands";
  const reply = await server.ask(path, { method: "POST", headers, body });
  expect(reply.status).toBe(400);
  expect(reply.body).toMatchObject({ code: "bad-body", detail: "The body is not UTF-8." });
});

test("unknown devices, and strangers, queue nothing", async () => {
  const nobody = await give({ message: "on" }, {}, "nobody");
  expect(nobody).toMatchObject({ status: 404, body: { code: "unknown-device" } });
  expect((await give({ message: "on" }, {}, "no%20id")).status).toBe(404);
  const json = { "content-type": "application/json" };
  const stranger = { method: "POST", headers: json, body: '{"message":"on"}' };
  expect((await server.ask("/api/v1/devices/sleeper/commands", stranger)).status).toBe(401);
  expect((await server.ask("/api/v1/commands/3", { method: "DELETE" })).status).toBe(401);
  expect((await server.ask("/api/v1/commands/3")).status).toBe(401);
});

test("many devices get a command, once by its key, and only if they are as many as expected", async () => {
  const giveMany = (body: unknown, more = {}) => send("POST", "commands", body, more);
  for (const number of [2, 3]) {
    const other = await newDevice(server, `th-${number}`, number);
    expect(await other.register()).toBe("00");
    other.close();
  }
  const asked = { select: "id=th-*", message: "blink", ttl: "1h" };
  expect(await giveMany({ ...asked, expected: 3 })).toMatchObject({
    status: 409,
    body: { code: "count-changed", detail: "2 devices are meant, not 3." },
  });
  const key = { "idempotency-key": "many" };
  const all = { status: 202, body: { queued: 2, refused: [] } };
  expect(await giveMany({ ...asked, expected: 2 }, key)).toEqual(all);
  expect(await giveMany({ ...asked, expected: 2 }, key)).toEqual(all);
  for (const id of ["th-2", "th-3"]) {
    const { body } = await send("GET", `devices/${id}/commands`);
    expect(body).toMatchObject({ commands: [{ message: "blink", state: "queued" }] });
  }
  const named = { devices: ["th-2", "nobody", "th-2"], message: "on", expected: 2 };
  expect(await giveMany(named)).toEqual({
    status: 202,
    body: { queued: 1, refused: [{ id: "nobody", code: "unknown-device" }] },
  });
});

test.each([
  [
    { message: "on", expected: 3 },
    "bad-body",
    "Either select or devices tells which ones are meant.",
  ],
  [
    { select: "", message: "on", expected: 3 },
    "bad-body",
    "select is empty; all devices are id=*.",
  ],
  [{ select: "id=*", message: "on" }, "bad-body", undefined],
  [{ select: "id=*", message: "", expected: 3 }, "bad-message", "message is empty."],
  [{ select: "id=*", message: "on", ttl: "0s", expected: 3 }, "bad-ttl", undefined],
  [{ select: "Id", message: "on", expected: 3 }, "bad-parameter", undefined],
])("many with %j is refused", async (body, code, detail) => {
  const refused = await send("POST", "commands", body);
  expect(refused).toMatchObject({ status: 400, body: { code } });
  if (detail !== undefined) expect(refused.body["detail"]).toBe(detail);
});

test("the 65th open command of a device is refused", async () => {
  const open = (await listed("?state=open")).commands.length;
  const all = await Promise.all(
    Array.from({ length: 65 - open }, (_, i) => give({ message: `fill ${i}` })),
  );
  const refused = all.filter(({ status }) => status !== 202);
  expect(refused).toMatchObject([{ status: 409, body: { code: "queue-full" } }]);
  expect(
    await send("POST", "commands", { devices: ["sleeper"], message: "on", expected: 1 }),
  ).toEqual({
    status: 202,
    body: { queued: 0, refused: [{ id: "sleeper", code: "queue-full" }] },
  });
});
