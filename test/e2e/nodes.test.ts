// Several compiled servers on one PostgreSQL: who registers first, sessions that go on at another server without a password,
// questions from one server to a device of another, and a server that is killed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { postgresServer, superuser } from "../postgres-server.ts";
import { ClientProcess } from "./client-process.ts";
import { data, type Identity, login, newIdentity, query, register, status } from "./datagrams.ts";
import { Cluster, type ClusterNode } from "./node-cluster.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { hashOf, RawDevice, ackOf } from "./raw-device.ts";
import { clientBinary, type Ended, freePort, run, serverBinary } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);
const env = { IOT_PASSWORD: "password" };

/** Three servers on a new database. */
async function threeNodes(args: readonly string[] = []) {
  const postgres = await postgresServer();
  const database = await postgres.newDatabase();
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${database}`;
  const cluster = await Cluster.start(["a", "b", "c"], () => url, args);
  const [a, b, c] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  const sql = postgres.connect(database);
  return {
    cluster,
    a,
    b,
    c,
    url,
    sql: async (text: string) => (await sql.unsafe(text)) as unknown[],
    async [Symbol.asyncDispose]() {
      await sql.close({ timeout: 0 });
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** Sends datagrams to a node again and again, until each is answered; returns the codes, in the same order. */
async function codesOf(device: RawDevice, datagrams: readonly string[]): Promise<string[]> {
  const codes = new Map<string, string>();
  const hashes = datagrams.map(hashOf);
  let sentAt = Number.NEGATIVE_INFINITY;
  const all = await until(
    "all answers",
    async () => {
      if (performance.now() - sentAt > 10_000) {
        await device.sendAll(datagrams.filter((_, i) => !codes.has(hashes[i] as string)));
        sentAt = performance.now();
      }
      for (const ack of device.heard.splice(0).map(ackOf)) {
        if (ack !== null && ack.code < "90") codes.set(ack.hash, ack.code);
      }
      return codes.size === datagrams.length;
    },
    60_000,
  ).then(() => hashes.map((hash) => codes.get(hash) as string));
  return all;
}

test("of two devices that want the same id, IP or MAC at two nodes at once, one is registered", async () => {
  await using nodes = await threeNodes();
  const pairs = Array.from({ length: 100 }, (_, i): [Identity, Identity, string] => {
    const [one, other] = [newIdentity(), newIdentity()];
    if (i % 3 === 0) return [one, { ...other, id: one.id }, "11"];
    return i % 3 === 1
      ? [one, { ...other, ip: one.ip }, "12"]
      : [one, { ...other, mac: one.mac }, "13"];
  });
  using atA = await RawDevice.open(nodes.a.port);
  using atB = await RawDevice.open(nodes.b.port);
  const answers = await Promise.all([
    codesOf(
      atA,
      pairs.map(([one]) => register(one)),
    ),
    codesOf(
      atB,
      pairs.map(([, other]) => register(other)),
    ),
  ]);
  for (const [i, [, , taken]] of pairs.entries()) {
    const both = answers.map((codes) => codes[i]);
    expect(both[0] === "00" ? both : both.reverse()).toEqual(["00", taken]);
  }
  const listed = await run(
    serverBinary,
    ["devices", "--json", "--store", nodes.url],
    nodes.c.folder.path,
  );
  expect(listed.stdout.trimEnd().split("\n")).toHaveLength(pairs.length);
});

test("a text device goes on at another node without a LOGIN, in order, and is found at all of them", async () => {
  await using nodes = await threeNodes();
  const { a, b, c } = nodes;
  const [device, asker] = [newIdentity(), newIdentity()];
  using atA = await RawDevice.open(a.port);
  using atB = await RawDevice.open(b.port);
  using atC = await RawDevice.open(c.port);
  for (const one of [device, asker]) {
    expect(await atA.code(register(one))).toBe("00");
    expect(await atA.code(login(one))).toBe("70");
  }
  // From node to node and back, faster than anything that they tell each other.
  const sent: string[] = [];
  for (let n = 0; n < 30; n++) {
    const socket = [atA, atB, atC, atB][n % 4] as RawDevice;
    sent.push(`report ${n}`);
    expect(await socket.code(data(device, `report ${n}`))).toBe("50");
    expect(await atC.ask(query(asker, "02", device.id))).toContain(`report ${n}`);
  }
  const repeated = data(device, "once");
  for (const socket of [atA, atB, atC]) expect(await socket.code(repeated)).toBe("50");
  const listed = await run(
    serverBinary,
    ["reports", device.id, "--last", "100", "--json", "--store", nodes.url],
    c.folder.path,
  );
  const messages = listed.stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages).toEqual([...sent, "once"]);
  for (const socket of [atB, atC]) {
    expect(await socket.code(status(device))).toBe("40");
    expect(await socket.ask(query(asker, "01", device.id))).toContain(
      `${device.ip}\t${device.port}`,
    );
    expect(await socket.ask(query(asker, "03", "*"))).toContain(
      [device.id, asker.id].sort((x, y) => (x < y ? -1 : 1)).join(),
    );
  }
  expect([await b.passwords(), await c.passwords()]).toEqual([0, 0]);
});

/** Runs a command of the client as a device. */
function client(
  folder: TemporaryFolder,
  node: ClusterNode,
  id: string,
  args: string[],
): Promise<Ended> {
  const where = ["--id", id, "--server", `127.0.0.1:${node.port}`, "--mac", `mac-of-${id}`];
  return run(clientBinary, [...args, ...where], folder.path, { env });
}

/** An agent that is logged in. @param to its servers */
async function agent(
  folder: TemporaryFolder,
  to: readonly ClusterNode[],
  id: string,
  args: string[] = [],
): Promise<ClientProcess> {
  const where = ["--id", id, "--mac", `mac-of-${id}`, "--port", String(await freePort())];
  const servers = to.map(({ port }) => `127.0.0.1:${port}`).join();
  const started = new ClientProcess(
    folder.path,
    ["run", ...where, "--server", servers, ...args],
    env,
  );
  await started.says("70 logged in");
  return started;
}

test("a sealed device goes on at another node without a password", async () => {
  await using nodes = await threeNodes();
  const { a, b, c } = nodes;
  using folder = new TemporaryFolder();
  for (const command of ["register", "login"]) {
    expect(await client(folder, a, "asmith", [command])).toMatchObject({ code: 0 });
  }
  for (const [n, node] of [a, b, c, b, a].entries()) {
    expect(await client(folder, node, "asmith", ["send", `report ${n}`])).toMatchObject({
      code: 0,
    });
  }
  const asked = await client(folder, c, "asmith", ["query", "report", "asmith"]);
  expect(asked.stdout).toContain("report 4");
  expect([await b.passwords(), await c.passwords()]).toEqual([0, 0]);
});

test("a node asks a device of another node, and sealed devices of two nodes reach each other", async () => {
  await using nodes = await threeNodes(["--shared-ip"]);
  const { a, b, c } = nodes;
  using folder = new TemporaryFolder();
  await using near = await agent(folder, [a], "near", ["--on-query", "echo warm"]);
  // It states an address without a device, as one behind an address translation does.
  await using far = await agent(folder, [b], "far", ["--ip", "192.0.2.200"]);
  await using plain = await agent(folder, [b], "plain", ["--text", "--on-query", "echo cold"]);
  for (const [id, words] of [
    ["near", "warm"],
    ["plain", "cold"],
  ] as const) {
    const answered = await run(serverBinary, ["query", id, "--data", "."], c.folder.path);
    expect(answered.stdout).toContain(words);
  }
  const asks = ["--ip", "192.0.2.99"];
  for (const command of ["register", "login"]) {
    expect(await client(folder, c, "asmith", [command, ...asks])).toMatchObject({ code: 0 });
  }
  const peer = (id: string) => client(folder, c, "asmith", ["peer", id]);
  expect((await peer("near")).stdout).toBe("01 near answers, sealed, directly: warm\n");
  expect((await peer("far")).stdout).toBe("01 far answers, sealed, relayed by the server: far\n");
  expect((await peer("plain")).stdout).toBe("01 plain answers: cold\n");
  expect([await near.stop(), await far.stop(), await plain.stop()]).toEqual([0, 0, 0]);
});

test("a node is killed: its silent device goes offline once, told by one of the others, and one that beats goes on", async () => {
  await using nodes = await threeNodes();
  const { cluster, a, b } = nodes;
  using folder = new TemporaryFolder();
  const [silent, beating] = [newIdentity(), newIdentity()];
  using atA = await RawDevice.open(a.port);
  using atB = await RawDevice.open(b.port);
  for (const one of [silent, beating]) {
    expect(await atA.code(register(one))).toBe("00");
    expect(await atA.code(login(one))).toBe("70");
    expect(await atA.code(data(one, "at a"))).toBe("50");
  }
  await using sealed = await agent(folder, [a, b], "asmith", ["--heartbeat", "5s"]);
  const beat = (one: Identity) => status(one, `${performance.now()} every=5`);
  expect(await atA.code(beat(beating))).toBe("40");
  expect(await atA.code(beat(silent))).toBe("40");
  // The interval that a device states is stored with the rows of live sessions, every ten seconds.
  const stated = "SELECT FROM session WHERE every = 5";
  await until("the stored intervals", async () => (await nodes.sql(stated)).length === 3);
  expect(await atA.code(beat(silent))).toBe("40");
  const lastBeat = performance.now();
  await a.kill();
  await until(
    "the silent device to be offline",
    async () => {
      expect(await atB.code(beat(beating))).toBe("40");
      return cluster.logged(`${silent.id} went offline`).length > 0;
    },
    60_000,
  );
  expect(performance.now() - lastBeat).toBeGreaterThanOrEqual(12_500);
  const offline = cluster.logged(`${silent.id} went offline`);
  expect(offline).toHaveLength(1);
  sealed.line("at b");
  await until("the report of the sealed device", async () =>
    (await atB.ask(query(beating, "02", "asmith"))).includes("94"),
  );
  expect(await atB.code(data(beating, "at b"))).toBe("50");
  expect(await atB.code(data(silent, "at b"))).toBe("51");
  await a.start();
  expect(await atA.code(data(beating, "at a again"))).toBe("50");
  expect(await sealed.stop()).toBe(0);
  expect([await a.passwords(), await b.passwords()]).toEqual([0, 0]);
  expect(cluster.logged(`${silent.id} went offline`)).toEqual(offline);
  expect(cluster.logged(`${beating.id} went offline`)).toEqual([]);
  expect(cluster.logged("asmith went offline")).toEqual([]);
});
