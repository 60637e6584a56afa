// What a link may do for the device that logged in over it: a ticket is of no use with another key, and only the holder
// of a session relays for it, at a limited rate and no packet that is too long. The frames are written by hand, past the client's own rules.

import { answer } from "../../../lib/protocol/codes.ts";
import { encode } from "../../../lib/protocol/encode.ts";
import { expect, setDefaultTimeout, test } from "bun:test";
import { frameBodyBytesMax } from "../../../lib/sealed/limits.ts";
import { limits } from "../../../lib/server/policy.ts";
import { fixedPair } from "../../sealed/fixtures.ts";
import { BareLink } from "./bare-link.ts";
import { Disk } from "./client-node.ts";
import { asker, loggedIn, target } from "./peer-fixtures.ts";
import { World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a copied ticket does not log in with another key, even with the right password", async () => {
  const world = new World(1, { policy: { keyPolicy: "strict" } });
  const genuine = await loggedIn(world, asker);
  const stolen = new Disk("thief");
  stolen.pinned = genuine.disk.pinned;
  for (const [name, ticket] of genuine.disk.tickets) stolen.tickets.set(name, ticket);
  const thief = world.add({ ...asker, address: { ip: "192.0.2.2", port: 7 }, disk: stolen });
  // The RESUME is refused, and then the LOGIN in its place, because the key is another one.
  expect(await thief.logIn()).toBe("31");
  const owner = Buffer.from(genuine.disk.local.publicKey).toString("base64");
  expect(world.server.engine.desk.sessions.get(asker.id)?.owner).toBe(owner);
});

test("only the link whose key holds the device's session relays for it", async () => {
  const world = new World();
  await loggedIn(world, target);
  const { counters } = world.server.engine.desk;
  const first = await BareLink.open(world, fixedPair("first"), 11);
  expect(await first.relay(1)).toEqual([Number(answer.notLoggedIn)]);
  await first.enter();
  expect(await first.relay(1)).toEqual([]);
  expect(counters.relayed).toBe(1);
  const second = await BareLink.open(world, fixedPair("second"), 12);
  await second.enter();
  expect(await first.relay(1)).toEqual([Number(answer.notLoggedIn)]);
  expect(counters.relayed).toBe(1);
  expect(await second.relay(1)).toEqual([]);
  expect(counters.relayed).toBe(2);
});

test("an older link of the same key does not relay once the session has ended", async () => {
  const world = new World();
  await loggedIn(world, target);
  const older = await BareLink.open(world, fixedPair("first"), 11);
  await older.enter();
  const newer = await BareLink.open(world, fixedPair("first"), 12);
  await newer.ask(newer.text(encode({ type: "LOGOFF", id: asker.id })));
  expect(world.server.engine.desk.sessions.get(asker.id)).toBeUndefined();
  expect(await older.relay(1)).toEqual([Number(answer.notLoggedIn)]);
  expect(world.server.engine.desk.counters.relayed).toBe(0);
});

test("a KEEPALIVE keeps the session of its own key alive, and moves no other", async () => {
  const world = new World();
  const { sessions } = world.server.engine.desk;
  const first = await BareLink.open(world, fixedPair("first"), 11);
  await first.enter();
  const session = sessions.get(asker.id);
  const opened = session?.lastSeen ?? Infinity;
  await world.pass(60_000);
  await first.keepAlive();
  expect(session?.lastSeen).toBeGreaterThan(opened);
  const second = await BareLink.open(world, fixedPair("second"), 12);
  await second.enter();
  const owned = sessions.get(asker.id);
  const taken = owned?.lastSeen as number;
  await world.pass(60_000);
  await first.keepAlive();
  expect(sessions.get(asker.id)).toBe(owned as NonNullable<typeof owned>);
  expect(owned?.lastSeen).toBe(taken);
  expect(owned?.source.port).toBe(12);
});

test("logins of one device with ever new keys pile up no links", async () => {
  const world = new World();
  const { links } = world.server.engine.desk;
  const keys = 20;
  for (let i = 0; i < keys; i++) {
    const link = await BareLink.open(world, fixedPair(`key ${i}`), 100 + i);
    await link.enter();
  }
  expect(links.strangers).toBe(keys - 1);
  await world.pass(limits.strangerMs + 1_000);
  expect(links.size).toBe(1);
});

test("packets above the rate are not relayed, and the sender hears nothing of them", async () => {
  const world = new World();
  await loggedIn(world, target);
  const { counters } = world.server.engine.desk;
  const link = await BareLink.open(world, fixedPair("first"), 11);
  await link.enter();
  expect(await link.relay(limits.relaysBurst + 50)).toEqual([]);
  expect(counters.relayed).toBe(limits.relaysBurst);
  const since = world.now - 10;
  await world.pass(1_000);
  expect(await link.relay(limits.relaysBurst)).toEqual([]);
  const more = counters.relayed - limits.relaysBurst;
  expect(more).toBeGreaterThanOrEqual(limits.relaysPerSecond);
  expect(more).toBeLessThanOrEqual((limits.relaysPerSecond * (world.now - since)) / 1_000);
});

test("a packet that another node passes on is sent only if it fits in a frame", async () => {
  const world = new World();
  await loggedIn(world, target);
  const { elsewhere, desk } = world.server.engine;
  const now = { wall: world.now, monotonic: world.now };
  const longest = frameBodyBytesMax - 1 - asker.id.length;
  // Whoever may connect to the database can send such a notification.
  for (const bytes of [longest + 1, 1_200, longest]) {
    elsewhere.deliver({ from: asker.id, to: target.id, packet: new Uint8Array(bytes) }, now);
  }
  expect(desk.counters.relayed).toBe(1);
});
