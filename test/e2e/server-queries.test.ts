// What a device can ask the server: another's address (01), its latest report (02), who is logged in (03, in pages).

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { data, type Identity, login, logoff, newIdentity, query, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const folder = new TemporaryFolder();
let server: ServerProcess;
let device: RawDevice;
let asker: Identity;

beforeAll(async () => {
  server = await startServer({ folder: folder.path });
  device = await RawDevice.open(server.port);
  asker = await loggedIn();
});

afterAll(async () => {
  device[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function loggedIn(facts: Partial<Identity> = {}): Promise<Identity> {
  const identity = newIdentity(facts);
  await device.code(register(identity));
  expect(await device.code(login(identity))).toBe("70");
  return identity;
}

const asked = "2026-11-22:09:16:00";

/** Sends a QUERY; returns code and message of the DATA that answers it. */
async function answerTo(code: string, target: string): Promise<[code: string, message: string]> {
  const reply = await device.ask(query(asker, code, target, asked));
  const [verb, answer, id, time, length, ...message] = reply.split("\t");
  expect([verb, id, time]).toEqual(["DATA", asker.id, asked]);
  const text = message.join("\t");
  expect(Number(length)).toBe(Buffer.byteLength(text));
  return [answer as string, text];
}

test("QUERY 01 gives ip and port of the target's LOGIN", async () => {
  const target = await loggedIn();
  await device.code(login({ ...target, ip: "10.9.9.9", port: 4_321 }));
  expect(await answerTo("01", target.id)).toEqual(["01", "10.9.9.9\t4321"]);
});

test("QUERY 01 is answered 12 for a device that is not logged in, 11 for an unknown one", async () => {
  const target = await loggedIn();
  await device.code(logoff(target));
  expect(await answerTo("01", target.id)).toEqual(["12", ""]);
  expect(await answerTo("01", "nobody")).toEqual(["11", ""]);
});

test("QUERY 02 gives the latest report with its time and code, TABs included", async () => {
  const target = await loggedIn();
  expect(await answerTo("02", target.id)).toEqual(["01", ""]);
  await device.code(data(target, "older", { time: "2026-11-22:09:00:00" }));
  await device.code(data(target, "21.5\tgrün", { code: "42", time: "1763802000" }));
  expect(await answerTo("02", target.id)).toEqual(["01", "1763802000\t42\t21.5\tgrün"]);
});

test("QUERY 02 gives the latest report even after LOGOFF, and 11 for an unknown device", async () => {
  const target = await loggedIn();
  await device.code(data(target, "last words", { time: asked }));
  await device.code(logoff(target));
  expect(await answerTo("02", target.id)).toEqual(["01", `${asked}\t01\tlast words`]);
  expect(await answerTo("02", "nobody")).toEqual(["11", ""]);
});

test("QUERY 02 cuts a report that does not fit at a character boundary", async () => {
  const target = await loggedIn();
  const room = 1_200 - Buffer.byteLength(data(target, "", { time: asked })) - 3;
  const message = "ü".repeat(Math.floor(room / 2));
  expect(await device.code(data(target, message, { time: asked }))).toBe("50");
  const reply = await device.ask(query(asker, "02", target.id, asked));
  expect(Buffer.byteLength(reply)).toBeLessThanOrEqual(1_200);
  expect(reply).not.toContain("\ufffd");
  expect(reply).toContain("üüü");
});

test("QUERY 03 gives all devices that are logged in, once each, in order, in pages of one datagram", async () => {
  const long = (i: number) => `page-${String(i).padStart(59, "0")}`;
  const ids: string[] = [];
  for (let i = 0; i < 45; i++) ids.push((await loggedIn({ id: long(i) })).id);
  const gone = await loggedIn();
  await device.code(logoff(gone));

  const pages: string[] = [];
  for (let target = "*"; ; target = pages.at(-1)?.split(",").at(-1) as string) {
    const [code, page] = await answerTo("03", target);
    expect(code).toBe("01");
    if (page === "") break;
    pages.push(page);
  }
  const listed = pages.flatMap((page) => page.split(","));
  expect(pages.length).toBeGreaterThanOrEqual(3);
  expect(listed).toEqual([...new Set(listed)].sort());
  expect(listed.filter((id) => id.startsWith("page-"))).toEqual(ids);
  expect(listed).toContain(asker.id);
  expect(listed).not.toContain(gone.id);
});

test("QUERY 03 continues after an id that is not logged in", async () => {
  const target = await loggedIn({ id: "zz-last" });
  const [, page] = await answerTo("03", "zz-before");
  expect(page).toBe(target.id);
  expect(await answerTo("03", target.id)).toEqual(["01", ""]);
});
