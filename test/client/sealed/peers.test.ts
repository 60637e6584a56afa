// Devices that call each other: the voucher, the direct path, the path through the server, and callers without a
// voucher or with that of another device.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { CallResult } from "../../../lib/client/channel.ts";
import { type Frame } from "../../../lib/sealed/frames.ts";
import { initiate } from "../../../lib/sealed/handshake.ts";
import { decodeVoucher, signVoucher, type VoucherClaim } from "../../../lib/sealed/voucher.ts";
import { fixedPair, valueOf } from "../../sealed/fixtures.ts";
import { identityNamed } from "./server-node.ts";
import { type Datagram, packetKind, World } from "./world.ts";
import { asker, target, loggedIn, call, askPeer, strangerAsks } from "./peer-fixtures.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const isBetween = ({ from, to }: Datagram) =>
  [from, to].every(({ ip }) => ip === asker.address.ip || ip === target.address.ip);

/** Drops everything between devices: they reach the server only. */
function isolate(world: World): void {
  world.onTheWay = (datagram) => (isBetween(datagram) ? [] : [datagram]);
}

test("a device asks another directly, sealed", async () => {
  // A seed with which the voucher overtakes nothing: else the question is sent again.
  const world = new World(6);
  const from = await loggedIn(world, asker);
  await loggedIn(world, { ...target, onQuery: () => "twenty-one degrees" });
  const { result, at } = await call(from);
  expect(result).toEqual({ kind: "open", via: "direct" });
  world.wire.length = 0;
  expect(await askPeer(from, at)).toBe("twenty-one degrees");
  // The voucher, the question, the answer, and the ACK of the answer.
  expect(world.wire.filter(isBetween).map(packetKind)).toEqual(["data", "data", "data", "data"]);
  const all = world.wire.map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join();
  for (const word of ["asmith", "bsmith", "twenty-one", "QUERY"]) expect(all).not.toContain(word);
});

test("the number of calls is bounded: the oldest is closed, and a call replaces an earlier one to the same address", async () => {
  const world = new World();
  const from = await loggedIn(world, asker);
  await loggedIn(world, target);
  const { at } = await call(from);
  const results: CallResult[] = [];
  const ring = (port: number) =>
    from.carrier.call?.(target.id, { ip: "192.0.2.9", port }, (how) => void results.push(how));
  // No device answers there: each call stays pending until it times out or another one replaces it.
  ring(1);
  ring(1);
  expect(results).toEqual([{ kind: "failed", why: "another call took its place" }]);
  expect(await askPeer(from, at)).toBe("bsmith");
  world.wire.length = 0;
  for (let port = 2; port <= 16; port++) ring(port);
  expect(results).toHaveLength(1);
  // The open call was the oldest: it is closed with a CLOSE to its device, which can be called again.
  expect(world.wire.filter(isBetween).map(packetKind)).toEqual(["data"]);
  expect((await call(from)).result).toEqual({ kind: "open", via: "direct" });
});

test("without a direct path it goes through the server, which cannot read it", async () => {
  const world = new World();
  const from = await loggedIn(world, asker);
  const long = "x".repeat(5_000);
  await loggedIn(world, { ...target, onQuery: () => long });
  isolate(world);
  const { result, at } = await call(from);
  expect(result).toEqual({ kind: "open", via: "relayed" });
  const answer = await askPeer(from, at);
  expect(answer.length).toBeGreaterThan(900);
  expect(long).toStartWith(answer);
  expect(world.server.engine.desk.counters.relayed).toBeGreaterThanOrEqual(5);
});

test.each([
  ["a", "b".repeat(57)],
  ["a".repeat(57), "b"],
])("%s hears the longest relayed answer of %s, whichever id is longer", async (one, other) => {
  const world = new World();
  const from = await loggedIn(world, { ...asker, id: one });
  await loggedIn(world, { ...target, id: other, onQuery: () => "x".repeat(5_000) });
  isolate(world);
  const { result, at } = await call(from, other);
  expect(result).toEqual({ kind: "open", via: "relayed" });
  expect((await askPeer(from, at, one, other)).length).toBeGreaterThan(800);
});

test("under loss a call succeeds, on either path", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const world = new World(seed);
    const from = await loggedIn(world, asker);
    await loggedIn(world, target);
    world.weather = { lost: 0.2, repeated: 0.1, delayMs: 100 };
    let called = await call(from);
    for (let i = 0; i < 5 && called.result.kind !== "open"; i++) called = await call(from);
    expect(called.result.kind).toBe("open");
    expect(await askPeer(from, called.at)).toBe("bsmith");
  }
});

test("a failure has its reason: the device does not answer, or the server cannot reach it", async () => {
  const world = new World();
  const from = await loggedIn(world, asker);
  const to = await loggedIn(world, target);
  to.kill();
  expect((await call(from)).result).toEqual({
    kind: "failed",
    why: "it does not answer by way of the server either",
  });
  world.restartServer();
  await from.report("back");
  expect((await call(from)).result).toEqual({
    kind: "failed",
    why: "the server does not pass it on: the device is not reached",
  });
});

test("only the server can say that a device is logged in with text", async () => {
  const world = new World();
  const from = await loggedIn(world, asker);
  await loggedIn(world, { ...target, text: true });
  expect((await call(from)).result).toEqual({ kind: "text" });
  // The server says nothing of it: then the client must not speak text.
  world.server.engine.desk.outbox.sendFrame = () => {};
  expect((await call(from)).result).toEqual({ kind: "no-voucher" });
});

test("a caller can ask under its own id only", async () => {
  const world = new World();
  const from = await loggedIn(world, asker);
  const to = await loggedIn(world, target);
  const { at } = await call(from);
  expect(await askPeer(from, at, "csmith")).toBe("silent");
  expect(to.client.device.unanswered).toBe(0);
});

test("the target answers if it has the server's voucher for this caller, and otherwise not", async () => {
  const world = new World();
  const to = await loggedIn(world, target);
  const nowSeconds = Math.floor(world.time / 1000);
  const good: VoucherClaim = {
    askerId: "asmith",
    askerKey: fixedPair("mallory").publicKey,
    targetId: "bsmith",
    targetKey: to.disk.local.publicKey,
    expiry: nowSeconds + 3_600,
  };
  const { signing } = world.server.identity;
  const peerFrame = (claim: VoucherClaim, pair = signing): Frame => {
    const voucher = valueOf(decodeVoucher(signVoucher(claim, pair)));
    return { kind: "peer", answer: false, msgid: 1n, voucher };
  };
  const cases: [string, Frame[], number][] = [
    ["no voucher", [], 0],
    ["signed by another server", [peerFrame(good, identityNamed("another").signing)], 0],
    ["for another caller's key", [peerFrame({ ...good, askerKey: fixedPair("x").publicKey })], 0],
    ["for another device", [peerFrame({ ...good, targetId: "csmith" })], 0],
    [
      "for another key of the target",
      [peerFrame({ ...good, targetKey: fixedPair("x").publicKey })],
      0,
    ],
    ["in another name than the question", [peerFrame({ ...good, askerId: "csmith" })], 0],
    ["expired", [peerFrame({ ...good, expiry: nowSeconds - 1 })], 0],
    ["good", [peerFrame(good)], 1],
  ];
  for (const [name, frames, answers] of cases) {
    const fresh = new World();
    const device = await loggedIn(fresh, target);
    expect([name, await strangerAsks(fresh, device, frames)]).toEqual([name, answers]);
  }
});

test("a device that is not logged in answers no handshake", async () => {
  const world = new World();
  const to = world.add(target);
  await to.register();
  world.wire.length = 0;
  const initiation = valueOf(
    initiate({
      local: fixedPair("mallory"),
      remoteKey: to.disk.local.publicKey,
      ephemeral: fixedPair("e"),
      index: 1,
      hsCounter: 1,
      caps: 0,
    }),
  );
  world.send(initiation.packet(), { ip: "203.0.113.9", port: 9 }, to.address);
  await world.pass(1_000);
  expect(world.wire).toHaveLength(1);
});
