// What a text device learns of a sealed one: nothing. QUERY 01 and 02 about it are refused with 94, and 03 leaves it out
// (protocol §4.7); sealed devices see everybody.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ack, query } from "../../../lib/protocol/codes.ts";
import type { ClientNode } from "./client-node.ts";
import { World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const secret = "temperature=-3.14159";
const inText = { ip: "192.0.2.66", port: 5 };

/** A sealed device that has reported, a text device and another sealed one, all logged in. */
async function neighbours() {
  const world = new World();
  const sealed = world.add({ id: "asmith", address: { ip: "192.0.2.2", port: 1994 } });
  const text = world.add({ id: "bsmith", address: inText, text: true });
  const friend = world.add({ id: "csmith", address: { ip: "192.0.2.3", port: 1994 } });
  for (const device of [sealed, text, friend]) {
    await device.register();
    expect(await device.logIn()).toBe("70");
  }
  expect(await sealed.report(secret)).toBe("50");
  return { world, sealed, text, friend };
}

async function answerTo(device: ClientNode, code: string, target: string): Promise<string> {
  const time = device.times.distinct();
  const outcome = await device.ask({
    type: "QUERY",
    code,
    id: device.id,
    address: null,
    time,
    target,
  });
  if (outcome.kind === "answer") return `${outcome.code} ${outcome.message}`;
  return outcome.kind === "ack" ? outcome.code : outcome.kind;
}

/** Everything that went to the text device, as text. */
function heard(world: World): string {
  const to = world.wire.filter(({ to: { ip } }) => ip === inText.ip);
  return to.map(({ bytes }) => Buffer.from(bytes).toString()).join("\n");
}

test.each([
  ["logged in", async () => {}],
  [
    "logged off",
    async (sealed: ClientNode) => void (await sealed.code({ type: "LOGOFF", id: "asmith" })),
  ],
  [
    "in a server that restarted",
    async (_sealed: ClientNode, world: World) => world.restartServer(),
  ],
] as const)("a sealed device is refused to a text asker: %s", async (_when, change) => {
  const { world, sealed, text } = await neighbours();
  await change(sealed, world);
  expect(await answerTo(text, query.latestReport, "asmith")).toBe(ack.encryptionRequired);
  expect(await answerTo(text, query.address, "asmith")).toBe(ack.encryptionRequired);
  expect(heard(world)).not.toContain(secret);
  expect(heard(world)).not.toContain("192.0.2.2");
});

test("the list for a text asker has the text devices, for a sealed one all", async () => {
  const { text, friend, sealed } = await neighbours();
  expect(await answerTo(text, query.loggedIn, "*")).toBe("01 bsmith");
  expect(await answerTo(friend, query.loggedIn, "*")).toBe("01 asmith,bsmith,csmith");
  await sealed.code({ type: "LOGOFF", id: "asmith" });
  expect(await answerTo(text, query.loggedIn, "*")).toBe("01 bsmith");
  expect(await answerTo(friend, query.loggedIn, "*")).toBe("01 bsmith,csmith");
});

test("a device that comes back in text, allowed by the operator, is in the list of a text asker again", async () => {
  const { world, sealed, text } = await neighbours();
  world.server.engine.operator.allowText("asmith", () => {}, world.moment);
  await world.pass(1_000);
  const plain = world.add({ id: "asmith", address: sealed.address, text: true, disk: sealed.disk });
  sealed.kill();
  expect(await plain.logIn()).toBe("70");
  expect(await answerTo(text, query.loggedIn, "*")).toBe("01 asmith,bsmith");
  expect(await answerTo(text, query.latestReport, "asmith")).toContain(secret);
});

test("a sealed asker sees sealed and text devices", async () => {
  const { friend } = await neighbours();
  expect(await answerTo(friend, query.latestReport, "asmith")).toContain(secret);
  expect(await answerTo(friend, query.address, "asmith")).toBe("01 192.0.2.2\t1994");
  expect(await answerTo(friend, query.address, "bsmith")).toBe(`01 ${inText.ip}\t5`);
});
