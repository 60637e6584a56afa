// Versions of the envelope: a KEY says which ones a server speaks, and a client that speaks none of them says so and sends
// nothing secret (protocol §5.2).

import { expect, setDefaultTimeout, test } from "bun:test";
import { decodePacket, encodePacket } from "../../../lib/sealed/packets.ts";
import { fixedBytes, valueOf } from "../../sealed/fixtures.ts";
import { Disk } from "./client-node.ts";
import { type Datagram, packetKind, World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const address = { ip: "192.0.2.2", port: 1994 };

/** The KEY on its way, with other versions. */
function withVersions(datagram: Datagram, versionMin: number, versionMax: number): Datagram {
  const key = valueOf(decodePacket(datagram.bytes));
  if (key.type !== "key") throw new Error(`a ${key.type}`);
  return { ...datagram, bytes: encodePacket({ ...key, versionMin, versionMax }) };
}

/** A world whose server says that it speaks these versions; if only others than 2, it answers no INIT. */
function worldOf(versionMin: number, versionMax: number): World {
  const world = new World();
  const speaksOurs = versionMin <= 2 && versionMax >= 2;
  world.onTheWay = (datagram) => {
    const kind = packetKind(datagram);
    if (kind === "key") return [withVersions(datagram, versionMin, versionMax)];
    return kind === "resp" && !speaksOurs ? [] : [datagram];
  };
  return world;
}

test("a HELLO, which is the same in all versions, gets a KEY with the versions 2 to 2", async () => {
  const world = new World();
  const nonce = fixedBytes("nonce").subarray(0, 16);
  world.send(encodePacket({ type: "hello", nonce }), address, world.serverAddress);
  await world.pass(10);
  const answers = world.wire.filter(({ to }) => to.port === address.port);
  const { publicKey } = world.server.identity.sealing;
  expect(answers.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).toEqual([
    `02000000${nonce.toHex()}02020000${publicKey.toHex()}`,
  ]);
});

test.each([
  ["older-server", 1, 1],
  ["newer-server", 3, 3],
  ["newer-server", 200, 255],
] as const)(
  "%s, KEY %d to %d, at the first contact: no INIT, no pin",
  async (trouble, min, max) => {
    const world = worldOf(min, max);
    const client = world.add({ id: "asmith", address });
    expect(await client.register()).toBe("silent");
    expect(client.carrier.trouble).toBe(trouble);
    // The handshake gives up a little later than the request.
    await world.pass(60_000);
    expect(client.troubles).toEqual([trouble]);
    expect(new Set(world.wire.map(packetKind))).toEqual(new Set(["hello", "key"]));
    expect(client.disk.pinned).toBeNull();
  },
);

test.each([
  ["older-server", 1, 1],
  ["newer-server", 3, 3],
] as const)(
  "%s, KEY %d to %d, where a key is pinned: the client says so, and sends no DATA",
  async (trouble, min, max) => {
    const world = worldOf(min, max);
    const disk = new Disk("asmith");
    disk.pinned = world.server.identity.sealing.publicKey;
    const client = world.add({ id: "asmith", address, disk });
    expect(await client.register()).toBe("silent");
    expect(client.carrier.trouble).toBe(trouble);
    expect(client.change).toBeNull();
    expect(world.wire.map(packetKind)).not.toContain("data");
  },
);

test("a server that was of another version, and is not any more, is not blamed for it later", async () => {
  const world = worldOf(1, 1);
  const client = world.add({ id: "asmith", address });
  expect(await client.register()).toBe("silent");
  await world.pass(60_000);
  world.onTheWay = (datagram) => [datagram];
  expect(await client.register()).toBe("00");
  world.onTheWay = ({ from, ...rest }) => (from === world.serverAddress ? [] : [{ from, ...rest }]);
  world.restartServer();
  expect(await client.report("lost")).toBe("silent");
  expect(client.carrier.trouble).not.toBe("older-server");
});

test.each([
  [1, 2],
  [2, 3],
  [2, 2],
])("a server that speaks %d to %d is spoken to", async (min, max) => {
  const client = worldOf(min, max).add({ id: "asmith", address });
  expect(await client.register()).toBe("00");
  expect(client.carrier.trouble).toBeNull();
});
