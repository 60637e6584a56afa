// A sealed client hears no plain text (protocol §5.21): nobody gets its answers in clear, and nobody passes for a device
// or the server by sending text.

import { expect, setDefaultTimeout, test } from "bun:test";
import { encode } from "../../../lib/protocol/encode.ts";
import type { Message } from "../../../lib/protocol/messages.ts";
import { asker, askPeer, call, loggedIn, target } from "./peer-fixtures.ts";
import { World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const stranger = { ip: "198.51.100.66", port: 1994 };
const secret = "the door code is 4711";

/** What a stranger may send: in any name, also the server's, to make the device run its command or believe an answer. */
const texts: readonly Message[] = [
  { type: "QUERY", code: "01", id: "server", address: stranger, time: "1", target: "asmith" },
  { type: "QUERY", code: "01", id: "csmith", address: null, time: "2", target: "asmith" },
  { type: "STATUS", code: "10", id: "server", time: "#1", message: "restart" },
  { type: "DATA", code: "01", id: "csmith", address: stranger, time: "3", message: "21" },
  { type: "ACK", code: "50", id: "asmith", time: "4", hash: "0".repeat(64), reason: "" },
];

test("text of strangers reaches nothing, is counted, and is told once", async () => {
  const world = new World();
  let asked = 0;
  const onQuery = () => (asked++, secret);
  const device = await loggedIn(world, { ...asker, onQuery });
  world.wire.length = 0;
  for (const message of texts) {
    world.send(Buffer.from(encode(message)), stranger, asker.address);
  }
  await world.pass(5_000);
  expect(world.wire.filter(({ to }) => to.ip === stranger.ip)).toEqual([]);
  expect(asked).toBe(0);
  expect(device.droppedFrom).toEqual([stranger]);
  expect(device.events).toEqual([]);
  expect(await device.report("still here")).toBe("50");
});

test("a device whose operator allows it answers text, in text", async () => {
  const world = new World();
  const device = await loggedIn(world, { ...asker, answerText: true, onQuery: () => secret });
  world.send(Buffer.from(encode(texts[0] as Message)), stranger, asker.address);
  await world.pass(5_000);
  const told = world.wire.filter(({ to }) => to.ip === stranger.ip);
  expect(told.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
    expect.stringContaining(secret),
  ]);
  expect(device.droppedFrom).toEqual([]);
});

test("forged text that makes a device answer to the server does not end its LOGIN", async () => {
  const world = new World();
  const device = await loggedIn(world, { ...asker, answerText: true, onQuery: () => secret });
  const { serverAddress: server } = world;
  const question = {
    type: "QUERY",
    code: "01",
    id: "csmith",
    address: server,
    target: "asmith",
  } as const;
  let forged = 0;
  // Each packet of the device is followed by such a question, which arrives before the server's answer.
  world.onTheWay = (datagram) => {
    const { from, to } = datagram;
    if (to !== server || from !== asker.address) return [datagram];
    const bytes = Buffer.from(encode({ ...question, time: `${++forged}` }));
    return [datagram, { bytes, from: { ip: server.ip, port: 1 }, to: asker.address }];
  };
  const before = world.now;
  expect(await device.logIn()).toBe("70");
  expect(world.now - before).toBeLessThan(1_000);
  expect(forged).toBeGreaterThan(0);
});

test("a text device that the client itself has asked is heard, but not answered", async () => {
  const world = new World();
  const device = await loggedIn(world, { ...asker, onQuery: () => secret });
  await loggedIn(world, { ...target, text: true, onQuery: () => "21 degrees" });
  const { result, at } = await call(device);
  expect(result).toEqual({ kind: "text" });
  expect(await askPeer(device, at)).toBe("21 degrees");
  world.wire.length = 0;
  world.send(Buffer.from(encode(texts[0] as Message)), target.address, asker.address);
  await world.pass(5_000);
  expect(device.droppedFrom).toEqual([target.address]);
  const clear = world.wire.map(({ bytes }) => Buffer.from(bytes).toString()).join("\n");
  expect(clear).not.toContain(secret);
});
