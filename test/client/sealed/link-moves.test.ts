// A link whose device moves or closes it: the session stays.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { asker, loggedIn } from "./peer-fixtures.ts";
import type { ClientNode } from "./client-node.ts";
import { type Datagram, packetKind, World } from "./world.ts";

setDefaultTimeout(testTimeoutMs);

const keyOf = ({ disk }: ClientNode) => Buffer.from(disk.local.publicKey).toString("base64");

test("a session follows its device to another address and port", async () => {
  const world = new World();
  const client = await loggedIn(world, asker);
  world.wire.length = 0;
  client.address = { ip: "198.51.100.7", port: 40_000 };
  expect(await client.report("from elsewhere")).toBe("50");
  expect(world.wire.map(packetKind)).toEqual(["data", "data"]);
  expect(world.server.engine.desk.sessions.get("asmith")?.source).toEqual(client.address);
});

test("an old packet that arrives late does not move the session back", async () => {
  const world = new World();
  const client = await loggedIn(world, asker);
  const before = asker.address;
  const held: Datagram[] = [];
  world.onTheWay = (datagram) => {
    if (datagram.from.port !== before.port || held.length > 0) return [datagram];
    held.push(datagram);
    return [];
  };
  const reported = client.report("on the move");
  await world.run(() => held.length > 0);
  client.address = { ip: "198.51.100.7", port: 40_000 };
  expect(await reported).toBe("50");
  const link = world.server.engine.desk.links.currentOf(keyOf(client));
  expect(link?.source).toEqual(client.address);
  world.wire.length = 0;
  world.deliver(held[0] as Datagram);
  await world.pass(10);
  // It was opened and answered, but to the new address.
  expect(world.wire.map(({ to }) => to)).toEqual([client.address]);
  expect(link?.source).toEqual(client.address);
  expect(world.server.engine.desk.sessions.get(asker.id)?.source).toEqual(client.address);
});

test("a CLOSE frees the link, and the session stays", async () => {
  const world = new World();
  const client = await loggedIn(world, asker);
  client.carrier.close();
  await world.pass(10);
  expect(world.server.engine.desk.links.size).toBe(0);
  expect(world.server.engine.desk.sessions.get("asmith")).toBeDefined();
});
