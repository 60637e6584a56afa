// The server's rules for sealed clients and for text beside them: repeats, 93, a full disk, downgrades, replayed
// handshakes, two programs of one device.

import { encodeAck } from "../../../lib/protocol/encode.ts";
import { encodeTimeMs } from "../../../lib/protocol/time.ts";
import { expect, setDefaultTimeout, test } from "bun:test";
import { initiate } from "../../../lib/sealed/handshake.ts";
import { limits } from "../../../lib/server/policy.ts";
import { fixedPair, valueOf } from "../../sealed/fixtures.ts";
import type { ClientNode } from "./client-node.ts";
import { type Datagram, packetKind, World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const address = { ip: "192.0.2.2", port: 1994 };

async function loggedIn(world: World, id = "asmith", at = address): Promise<ClientNode> {
  const client = world.add({ id, address: at });
  await client.register();
  expect(await client.logIn()).toBe("70");
  return client;
}

/** Drops the next datagram from the server. */
function loseNextAnswer(world: World): void {
  world.onTheWay = (datagram) => {
    if (datagram.from !== world.serverAddress) return [datagram];
    world.onTheWay = (later) => [later];
    return [];
  };
}

test("a report whose ACK got lost is stored once, even over a restart of the server", async () => {
  const world = new World();
  const client = await loggedIn(world);
  loseNextAnswer(world);
  const asked = client.report("once");
  await world.run(() => world.server.reports("asmith").length === 1);
  world.restartServer();
  expect(await asked).toBe("50");
  expect(world.server.reports("asmith")).toEqual(["once"]);
  expect(world.server.engine.desk.counters.reportsRepeated).toBe(1);
});

test.each([
  ["REGISTER", "00"],
  ["LOGOFF", "80"],
  ["DEREGISTER", "20"],
] as const)("a repeated %s gets its stored answer, even over a restart", async (verb, code) => {
  for (const restarts of [false, true]) {
    const world = new World();
    const isNew = verb === "REGISTER";
    const client = isNew ? world.add({ id: "asmith", address }) : await loggedIn(world);
    // This request opens the link, so that the datagram that gets lost below is the answer to the request.
    expect(await client.code({ type: "LOGOFF", id: "nobody" })).toBe("31");
    loseNextAnswer(world);
    const message =
      verb === "LOGOFF"
        ? ({ type: verb, id: "asmith" } as const)
        : ({ type: verb, ...client.identity } as const);
    const asked = client.code(message);
    const { counters } = world.server.engine.desk;
    const before = counters.replied;
    await world.run(() => counters.replied > before);
    if (restarts) world.restartServer();
    expect([verb, restarts, await asked]).toEqual([verb, restarts, code]);
    // The same message as a new request is carried out.
    const again = { REGISTER: "01", LOGOFF: "31", DEREGISTER: "21" }[verb];
    expect(await client.code(message)).toBe(again);
  }
});

test("two equal readings are two reports", async () => {
  const world = new World();
  const client = await loggedIn(world);
  const time = client.times.distinct();
  const same = {
    type: "DATA",
    code: "01",
    id: "asmith",
    address: null,
    time,
    message: "21",
  } as const;
  expect([await client.code(same), await client.code(same)]).toEqual(["50", "50"]);
  expect(world.server.reports("asmith")).toEqual(["21", "21"]);
});

test("95 comes inside the link, and nothing is stored", async () => {
  const world = new World();
  const client = await loggedIn(world);
  world.server.broken = true;
  expect(await client.report("lost")).toBe("95");
  world.server.broken = false;
  expect(await client.report("kept")).toBe("50");
  expect(world.server.reports("asmith")).toEqual(["kept"]);
});

test("93 comes inside the link after too many wrong passwords", async () => {
  const world = new World();
  const client = await loggedIn(world);
  client.disk.tickets.clear();
  for (let i = 0; i < 10; i++) expect(await client.logIn(`wrong ${i}`)).toBe("31");
  expect(await client.logIn("wrong again")).toBe("93");
});

test("a device that was sealed once is refused in text, until an operator allows it", async () => {
  const world = new World();
  await loggedIn(world);
  const text = world.add({ id: "asmith", address: { ip: "192.0.2.66", port: 5 }, text: true });
  expect(await text.logIn()).toBe("94");
  expect(await text.register()).toBe("94");
  expect(await text.report("forged")).toBe("94");
  world.server.engine.operator.allowText("asmith", () => {}, world.moment);
  await world.pass(1_000);
  expect(await text.logIn()).toBe("70");
});

test("a wrong password that came in text, and got 94, is wrong over a link, too", async () => {
  const world = new World();
  const client = await loggedIn(world);
  const text = world.add({ id: "asmith", address: { ip: "192.0.2.66", port: 5 }, text: true });
  expect(await text.logIn("guessed")).toBe("94");
  const other = world.add({ id: "asmith", address: { ip: "192.0.2.66", port: 6 } });
  expect(await other.logIn("guessed")).toBe("31");
  expect(await client.report("still logged in")).toBe("50");
});

test("text is refused with 94 also while the device that was sealed is logged off", async () => {
  const world = new World();
  const client = await loggedIn(world);
  expect(await client.code({ type: "LOGOFF", id: "asmith" })).toBe("80");
  const text = world.add({ id: "asmith", address: { ip: "192.0.2.66", port: 5 }, text: true });
  expect(await text.report("forged")).toBe("94");
  const time = text.times.distinct();
  const beat = { type: "STATUS", code: "01", id: "asmith", time, message: "" } as const;
  expect(await text.code(beat)).toBe("94");
  expect(await text.code({ ...beat, id: "nobody" })).toBe("41");
  expect(await text.code({ type: "LOGOFF", id: "asmith" })).toBe("94");
});

test("a server that requires encryption refuses text and serves sealed clients", async () => {
  const world = new World(1, { policy: { requireEncryption: true } });
  const text = world.add({ id: "bsmith", address: { ip: "192.0.2.66", port: 5 }, text: true });
  expect(await text.register()).toBe("94");
  const client = await loggedIn(world);
  expect(await client.report("sealed")).toBe("50");
});

test("a server that requires encryption answers no ACK, which could be the start of a loop", async () => {
  const world = new World(1, { policy: { requireEncryption: true } });
  const refusal = encodeAck("94", "-", "now", "0".repeat(64), "text");
  world.send(Buffer.from(refusal), { ip: "192.0.2.66", port: 5 }, world.serverAddress);
  await world.pass(1_000);
  expect(world.wire).toHaveLength(1);
});

test("replayed INITs replace no link", async () => {
  const world = new World();
  const client = await loggedIn(world);
  const init = world.wire.find((datagram) => packetKind(datagram) === "init") as Datagram;
  world.wire.length = 0;
  world.restartServer();
  // A restart forgets the counters: a replayed INIT is answered, but the link it opens stays unconfirmed.
  for (let port = 1; port <= 50; port++) {
    world.send(init.bytes, { ip: "203.0.113.5", port }, world.serverAddress);
  }
  expect(await client.report("still here")).toBe("50");
  const { links } = world.server.engine.desk;
  const current = links.currentOf(Buffer.from(client.disk.local.publicKey).toString("base64"));
  expect(current?.source).toEqual(address);
  expect(
    world.wire.filter((d) => packetKind(d) === "resp" && d.to.ip === "203.0.113.5").length,
  ).toBeLessThan(50);
});

test("a flood of INITs turns cookies on, and an honest device still gets its link", async () => {
  const world = new World();
  const remoteKey = world.server.identity.sealing.publicKey;
  for (let n = 0; n < 2_100; n++) {
    const local = fixedPair(`flooder ${n % 7}`);
    const init = valueOf(
      initiate({ local, remoteKey, ephemeral: local, index: n, hsCounter: n, caps: 0 }),
    );
    world.send(init.packet(), { ip: "203.0.113.5", port: 1 + n }, world.serverAddress);
  }
  const client = world.add({ id: "asmith", address });
  expect(await client.register()).toBe("00");
  expect(world.wire.some((d) => packetKind(d) === "cookie" && d.to.ip === address.ip)).toBe(true);
  expect(world.server.engine.desk.links.strangers).toBeLessThanOrEqual(limits.strangers);
});

test("once a flood is over no cookies are asked for, however large it was", async () => {
  const world = new World();
  const [local, remoteKey] = [fixedPair("flooder"), world.server.identity.sealing.publicKey];
  const facts = { local, remoteKey, ephemeral: local, index: 1, hsCounter: 1, caps: 0 };
  const init = valueOf(initiate(facts)).packet();
  for (let n = 0; n < 4_200; n++) {
    world.send(init, { ip: "203.0.113.5", port: 1 + n }, world.serverAddress);
  }
  await world.pass(3_000);
  const client = world.add({ id: "asmith", address });
  expect(await client.register()).toBe("00");
  const cookies = world.wire.filter((d) => packetKind(d) === "cookie");
  expect(cookies.length).toBeGreaterThan(2_000);
  expect(cookies.some((d) => d.to.ip === address.ip)).toBe(false);
});

test("two programs of one device alternate, and both are served", async () => {
  const world = new World();
  const one = await loggedIn(world);
  const other = world.add({ id: "asmith", address: { ip: "192.0.2.2", port: 7 }, disk: one.disk });
  for (let i = 0; i < 5; i++) {
    expect(await other.report(`other ${i}`)).toBe("50");
    await world.pass(20_000);
    expect(await one.report(`one ${i}`)).toBe("50");
    await world.pass(20_000);
  }
  expect(world.server.reports("asmith")).toHaveLength(10);
});

test("the operator's QUERY reaches a sealed device, and its answer is stored once", async () => {
  const world = new World();
  const client = await loggedIn(world);
  const results: string[] = [];
  loseNextAnswer(world);
  world.server.engine.operator.ask(
    {
      id: "asmith",
      code: "01",
      target: "asmith",
      answerTo: world.serverAddress,
      by: "cli",
      onResult: (result) =>
        void results.push(result.kind === "answer" ? result.message : result.kind),
    },
    world.moment,
  );
  await world.run(() => results.length > 0);
  expect(results).toEqual(["asmith"]);
  expect(world.server.answers("asmith")).toEqual(["asmith"]);
  expect(world.server.reports("asmith")).toEqual([]);
  expect(client.client.device.unanswered).toBe(0);
});

test("a sealed report that happens to have the time of a question is a report: an answer has flag 1", async () => {
  const world = new World();
  const client = await loggedIn(world);
  const [id, target] = ["asmith", "asmith"];
  const answerTo = world.serverAddress;
  const time = encodeTimeMs(world.time);
  const ask = { id, code: "01", target, answerTo, by: "cli", onResult: () => {} } as const;
  world.server.engine.operator.ask(ask, world.moment);
  const report = { type: "DATA", code: "01", id, address: null, time, message: "21" } as const;
  expect(await client.code(report)).toBe("50");
  expect(world.server.reports("asmith")).toEqual(["21"]);
});

test.each([-86_400_000, 86_400_000])(
  "keys age with elapsed time, even if the server's clock is set by %d ms",
  async (setMs) => {
    const world = new World();
    const { desk } = world.server.engine;
    await world.pass(1_000);
    const before = desk.uptimeMs;
    world.clockSetMs = setMs;
    await world.pass(60_000);
    expect(desk.uptimeMs - before).toBe(60_000);
  },
);

test("setting the server's clock forward by a day ends no link", async () => {
  const world = new World();
  const client = await loggedIn(world);
  const { counters } = world.server.engine.desk;
  const { handshakes } = counters;
  world.clockSetMs = 86_400_000;
  await world.pass(1_000);
  expect(await client.report("still the same link")).toBe("50");
  expect(counters.handshakes).toBe(handshakes);
  expect(counters.resets).toBe(0);
});
