// The link to the server: first contact and pins, a man in the middle, tickets, RESET, cookies, rekeys, roaming.

import { expect, setDefaultTimeout, test } from "bun:test";
import { fingerprint } from "../../../lib/sealed/fingerprint.ts";
import { envelopeVersion } from "../../../lib/sealed/limits.ts";
import { encodePacket } from "../../../lib/sealed/packets.ts";
import { fixedBytes } from "../../sealed/fixtures.ts";
import { Disk } from "./client-node.ts";
import { identityNamed } from "./server-node.ts";
import { type Datagram, packetKind, World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const address = { ip: "192.0.2.2", port: 1994 };
const kinds = (world: World) => world.wire.map(packetKind);

async function loggedIn(world: World, disk = new Disk("asmith")) {
  const client = world.add({ id: "asmith", address, disk });
  expect(await client.register()).toMatch(/^0[01]$/);
  expect(await client.logIn()).toBe("70");
  return client;
}

test("the first contact is HELLO, KEY, INIT, RESP, and only then a message; the key is pinned", async () => {
  const world = new World();
  const client = world.add({ id: "asmith", address });
  expect(await client.register()).toBe("00");
  expect(kinds(world)).toEqual(["hello", "key", "init", "resp", "data", "data"]);
  expect(client.disk.pinned).toEqual(world.server.identity.sealing.publicKey);
});

test("a client that starts again needs no HELLO and no password check", async () => {
  const world = new World();
  const client = await loggedIn(world);
  client.carrier.close();
  client.kill();
  const { hashings } = world.server;
  world.wire.length = 0;
  const again = world.add({ id: "asmith", address, disk: client.disk });
  expect(await again.logIn()).toBe("70");
  expect(kinds(world)).toEqual(["init", "resp", "data", "data"]);
  expect(world.server.activities.at(-2)).toStartWith("RESUME asmith");
  expect(world.server.hashings).toBe(hashings);
});

test("a RESUME that is refused is followed by a LOGIN on the same link, which brings a valid ticket", async () => {
  const world = new World();
  const client = await loggedIn(world);
  for (const [name, { signingKey }] of client.disk.tickets) {
    client.disk.tickets.set(name, { ticket: fixedBytes("another"), signingKey });
  }
  world.wire.length = 0;
  expect(await client.logIn()).toBe("70");
  // RESUME, its refusal, LOGIN, and one packet with its ACK and the TICKET.
  expect(kinds(world)).toEqual(["data", "data", "data", "data"]);
  expect(await client.logIn()).toBe("70");
  expect(world.server.activities.at(-2)).toStartWith("RESUME asmith");
});

test("a wrong password is refused, with a ticket and without", async () => {
  const world = new World();
  const client = await loggedIn(world);
  expect(await client.logIn("wrong")).toBe("31");
  client.disk.tickets.clear();
  expect(await client.logIn("wrong")).toBe("31");
  expect(await client.logIn()).toBe("70");
});

test("a key other than the pinned one stops the client: no message leaves it", async () => {
  const world = new World();
  const { disk } = await loggedIn(world);
  world.server.identity = identityNamed("another server");
  world.restartServer();
  world.wire.length = 0;
  const client = world.add({ id: "asmith", address: { ip: "192.0.2.3", port: 1 }, disk });
  expect(await client.report("secret")).toBe("silent");
  expect(client.change?.pinned).toEqual(identityNamed("server").sealing.publicKey);
  expect(client.change?.seen).toEqual(world.server.identity.sealing.publicKey);
  expect(new Set(kinds(world))).toEqual(new Set(["init", "hello", "key"]));
});

test("a client with a link stops at a changed key as well", async () => {
  const world = new World();
  const client = await loggedIn(world);
  world.server.identity = identityNamed("another server");
  world.restartServer();
  world.wire.length = 0;
  expect(await client.report("secret")).toBe("silent");
  expect(client.change).not.toBeNull();
  expect(kinds(world).filter((kind) => kind === "text")).toEqual([]);
});

test("a forged KEY besides the genuine one has no effect", async () => {
  const world = new World();
  const { disk } = await loggedIn(world);
  // The first INIT gets lost, so that the client asks for the key; the forged KEY arrives first.
  let inits = 0;
  world.onTheWay = (datagram) => {
    const kind = packetKind(datagram);
    if (kind === "init" && ++inits === 1) return [];
    if (kind !== "hello") return [datagram];
    return [forgedKey(datagram, identityNamed("mallory").sealing.publicKey), datagram];
  };
  const client = world.add({ id: "asmith", address: { ip: "192.0.2.3", port: 1 }, disk });
  expect(await client.logIn()).toBe("70");
  expect(client.change).toBeNull();
});

function forgedKey({ bytes, from, to }: Datagram, publicKey: Uint8Array): Datagram {
  const nonce = bytes.subarray(4, 20);
  const versions = { versionMin: envelopeVersion, versionMax: envelopeVersion };
  const packet = { type: "key", nonce, ...versions, flags: 0, publicKey } as const;
  return { bytes: encodePacket(packet), from: to, to: from };
}

test("a man in the middle at the first contact is detected by the fingerprint given beforehand", async () => {
  const world = new World();
  const mallory = identityNamed("mallory").sealing.publicKey;
  world.onTheWay = (datagram) =>
    packetKind(datagram) === "hello" ? [forgedKey(datagram, mallory)] : [datagram];
  const expected = fingerprint(world.server.identity.sealing.publicKey);
  const client = world.add({ id: "asmith", address, expected });
  expect(await client.register()).toBe("silent");
  expect(client.change).toEqual({ pinned: null, seen: mallory });
  expect(kinds(world)).toEqual(["key", "key"]);
  expect(client.disk.pinned).toBeNull();
});

test("with the fingerprint given beforehand the genuine server is accepted", async () => {
  const world = new World();
  const expected = fingerprint(world.server.identity.sealing.publicKey);
  const client = world.add({ id: "asmith", address, expected });
  expect(await client.register()).toBe("00");
  expect(client.change).toBeNull();
});

test("a server that speaks text only gets HELLOs and nothing else", async () => {
  const world = new World();
  world.onTheWay = (datagram) => (packetKind(datagram) === "key" ? [] : [datagram]);
  const client = world.add({ id: "asmith", address });
  expect(await client.register()).toBe("silent");
  expect(new Set(kinds(world))).toEqual(new Set(["hello"]));
  expect(kinds(world)).toHaveLength(5);
  expect(client.carrier.trouble).toBe("no-key");
});

test.each([
  ["both", fixedBytes("psk"), fixedBytes("psk"), "00", null],
  ["the server alone", fixedBytes("psk"), undefined, "silent", "wrong-secret"],
  ["the client alone", null, fixedBytes("psk"), "silent", "wrong-secret"],
])("a shared secret on %s", async (_who, psk, clientPsk, code, trouble) => {
  const world = new World(1, { psk });
  const client = world.add({ id: "asmith", address, ...(clientPsk && { psk: clientPsk }) });
  expect(await client.register()).toBe(code);
  expect(client.carrier.trouble).toBe(trouble as null);
});

test("an ACK in text in the server's name is ignored", async () => {
  const world = new World();
  const client = await loggedIn(world);
  world.onTheWay = (datagram) => {
    if (packetKind(datagram) !== "data" || datagram.from !== client.address) return [datagram];
    const hash = Bun.SHA256.hash(
      client.client.requests.prepare({ type: "LOGOFF", id: "asmith" }, datagram.to).text,
      "hex",
    );
    const bytes = Buffer.from(`ACK\t80\tasmith\t2026-11-22:00:00:00\t${hash}`);
    return [{ bytes, from: datagram.to, to: datagram.from }];
  };
  expect(await client.code({ type: "LOGOFF", id: "asmith" })).toBe("silent");
});

test("a message that does not fit into a frame is not sent", async () => {
  const world = new World();
  const client = await loggedIn(world);
  world.wire.length = 0;
  expect(await client.report("x".repeat(1_156))).toBe("silent");
  expect(world.wire).toEqual([]);
});

test("under load the client returns the cookie, and gets its link", async () => {
  const world = new World();
  world.server.late = true;
  const client = world.add({ id: "asmith", address });
  expect(await client.register()).toBe("00");
  expect(kinds(world)).toEqual(["hello", "key", "init", "cookie", "init", "resp", "data", "data"]);
  expect(world.server.engine.desk.counters.cookies).toBe(1);
});

test("after a restart of the server the client handshakes and resumes by itself, without a password check", async () => {
  const world = new World();
  const client = await loggedIn(world);
  const { hashings } = world.server;
  world.restartServer();
  world.wire.length = 0;
  expect(await client.report("kept")).toBe("50");
  expect(kinds(world)).toEqual(["data", "reset", "init", "resp", "data", "data", "data", "data"]);
  expect(world.server.activities.some((words) => words.startsWith("RESUME"))).toBe(true);
  expect(world.server.hashings).toBe(hashings);
  expect(world.server.reports("asmith")).toEqual(["kept"]);
});

test("the ticket stays valid after the session ended while the server was down", async () => {
  const world = new World(3);
  const client = await loggedIn(world);
  const { hashings } = world.server;
  await world.pass(20 * 60_000);
  expect(world.server.engine.desk.sessions.get("asmith")).toBeUndefined();
  world.restartServer();
  expect(await client.report("late")).toBe("50");
  expect(world.server.hashings).toBe(hashings);
});

test("a RESET with a wrong tag or index is not believed", async () => {
  const world = new World();
  const client = await loggedIn(world);
  expect(await client.report("answered")).toBe("50");
  const isSent = (datagram: Datagram) =>
    datagram.from === client.address && packetKind(datagram) === "data";
  const last = world.wire.findLast(isSent) as Datagram;
  const [receiver, tag] = [Buffer.from(last.bytes).readUInt32BE(4), last.bytes.subarray(-16)];
  world.wire.length = 0;
  const wrong = [
    { receiver, tag: fixedBytes("guess").subarray(0, 16) },
    { receiver: (receiver ^ 1) >>> 0, tag },
  ];
  for (const fields of wrong) {
    client.carrier.receive(encodePacket({ type: "reset", ...fields }), world.serverAddress);
  }
  await world.pass(10_000);
  expect(kinds(world)).toEqual([]);
  // The right one is.
  client.carrier.receive(encodePacket({ type: "reset", receiver, tag }), world.serverAddress);
  await world.pass(10_000);
  expect(kinds(world)).toContain("init");
});

test("a storm of RESETs costs one handshake per 5 s at most, and no message", async () => {
  const world = new World();
  const client = await loggedIn(world);
  world.wire.length = 0;
  // An attacker who sees every packet lets it pass, and answers it with the RESET that it would cause.
  world.onTheWay = (datagram) => {
    const { bytes, from, to } = datagram;
    if (packetKind(datagram) !== "data" || from !== client.address) return [datagram];
    const receiver = Buffer.from(bytes).readUInt32BE(4);
    const reset = encodePacket({ type: "reset", receiver, tag: bytes.subarray(-16) });
    return [datagram, { bytes: reset, from: to, to: from }];
  };
  const begun = world.now;
  for (let i = 0; i < 20; i++) expect(await client.report(`report ${i}`)).toBe("50");
  const handshakes = kinds(world).filter((kind) => kind === "init").length;
  expect(handshakes).toBeLessThanOrEqual(Math.ceil((world.now - begun) / 5_000) + 1);
  expect(world.server.reports("asmith")).toEqual(
    Array.from({ length: 20 }, (_, i) => `report ${i}`),
  );
});

test("rekey at the message limit loses no message", async () => {
  const world = new World();
  const client = world.add({ id: "asmith", address, rekeyAfterMessages: 10 });
  await client.register();
  expect(await client.logIn()).toBe("70");
  for (let i = 0; i < 50; i++) expect(await client.report(`${i}`)).toBe("50");
  const inits = kinds(world).filter((kind) => kind === "init").length;
  expect(inits).toBeGreaterThanOrEqual(5);
  expect(inits).toBeLessThanOrEqual(7);
  expect(world.server.reports("asmith")).toHaveLength(50);
  expect(world.server.activities.filter((words) => words.startsWith("RESUME"))).toEqual([]);
});

test("rekey after 15 minutes, and expired keys are replaced", async () => {
  const world = new World();
  const client = world.add({ id: "asmith", address, keepaliveMs: 25_000 });
  await client.register();
  await client.logIn();
  world.wire.length = 0;
  await world.pass(16 * 60_000);
  expect(kinds(world).filter((kind) => kind === "init")).toHaveLength(1);
  expect(await client.report("with new keys")).toBe("50");
  const silent = world.add({ id: "bsmith", address: { ip: "192.0.2.9", port: 2 } });
  await silent.register();
  await silent.logIn();
  await world.pass(31 * 60_000);
  expect(await silent.logIn()).toBe("70");
});
