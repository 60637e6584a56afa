// Agents on a bad network, with restarts of the server, changing addresses and rekeys: every report is stored once and
// in order, and no plaintext is visible on the wire. A failure prints its seed.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { ClientNode, Disk } from "./client-node.ts";
import { packetKind, World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 20, 138];
const reportsEach = 25;
const names = ["asmith-sensor", "bsmith-sensor", "csmith-sensor"];

/** Runs agents through faults until every report is delivered. */
async function runThrough(seed: number): Promise<World> {
  const world = new World(seed);
  world.weather = { lost: 0.3, repeated: 0.1, corrupted: 0.02, delayMs: 200 };
  const clients = names.map((id, i) => start(world, id, i));
  for (const client of clients) client.startAgent(20);
  let restarts = 0;
  let port = 3_000;
  for (let n = 0; n < reportsEach; n++) {
    for (const client of clients) {
      client.agent?.report("01", `reading-${n}-of-${client.id}`, world.now);
    }
    await world.pass(world.random() * 20_000);
    if (world.random() < 0.2 && ++restarts > 0) world.restartServer();
    for (const client of clients) {
      if (world.random() < 0.2) client.address = { ip: "198.51.100.1", port: ++port };
    }
  }
  world.weather = {};
  const isDone = () => clients.every(({ agent }) => agent?.queue.length === 0);
  await world.run(isDone, 3_600_000);
  expect(restarts).toBeGreaterThan(0);
  return world;
}

function start(world: World, id: string, i: number, disk?: Disk): ClientNode {
  const address = { ip: "192.0.2.50", port: 2_000 + i };
  return world.add({
    id,
    address,
    rekeyAfterMessages: 12,
    keepaliveMs: 25_000,
    ...(disk && { disk }),
  });
}

test.each(seeds)("seed %d: every report once, in order, no plaintext on the wire", async (seed) => {
  const world = await runThrough(seed);
  for (const id of names) {
    const expected = Array.from({ length: reportsEach }, (_, n) => `reading-${n}-of-${id}`);
    expect(world.server.reports(id)).toEqual(expected);
  }
  expect(readable(world, [...names, "password", "reading-", "heartbeat", "ACK\t"])).toEqual([]);
  expect(world.wire.filter((datagram) => packetKind(datagram) === "text")).toEqual([]);
  expect(amplified(world)).toEqual([]);
  // One for each REGISTER, and one for each LOGIN that a restart forced before the first TICKET; later ones resume.
  expect(world.server.hashings).toBeLessThanOrEqual(3 * names.length);
});

test("the same seed gives the same trace", async () => {
  const [one, other] = [await runThrough(11), await runThrough(11)];
  const traceOf = (world: World) =>
    world.wire.map(({ bytes }) => Bun.SHA256.hash(bytes, "hex")).join();
  expect(traceOf(one)).toBe(traceOf(other));
});

/** The words that are visible in any datagram. */
function readable({ wire }: World, words: readonly string[]): string[] {
  const found = new Set<string>();
  for (const { bytes } of wire) {
    const text = Buffer.from(bytes).toString("latin1");
    for (const word of words) if (text.includes(word)) found.add(word);
  }
  return [...found];
}

/** Kinds of the packets from the server that were longer than the smallest packet that can cause them. */
function amplified(world: World): string[] {
  const causes: Record<string, number> = { key: 64, resp: 148, cookie: 148, reset: 48 };
  return world.wire
    .filter(({ from }) => from === world.serverAddress)
    .filter((datagram) => datagram.bytes.length > (causes[packetKind(datagram)] ?? Infinity))
    .map(packetKind);
}

test("after a crash of the device and of the server, every acknowledged report is there, once", async () => {
  const world = new World(5);
  const first = start(world, "asmith", 0);
  first.startAgent(20);
  for (let n = 0; n < 5; n++) first.agent?.report("01", `before-${n}`, world.now);
  await world.run(() => first.agent?.queue.length === 0);
  first.kill();
  world.restartServer();
  const { hashings } = world.server;
  const second = start(world, "asmith", 1, first.disk);
  // It states the same port as before: a REGISTER with another port would need a password check.
  Object.assign(second.options.address, first.options.address);
  second.startAgent(20);
  for (let n = 0; n < 5; n++) second.agent?.report("01", `after-${n}`, world.now);
  await world.run(() => second.agent?.queue.length === 0);
  const all = ["before", "after"].flatMap((when) => [0, 1, 2, 3, 4].map((n) => `${when}-${n}`));
  expect(world.server.reports("asmith")).toEqual(all);
  expect(world.server.hashings).toBe(hashings);
});
