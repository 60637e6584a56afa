// Commands with two compiled servers on one PostgreSQL: queued at one and delivered by the other, to a device that moves between them,
// and while one is killed. Each ends once, and no number is carried out twice.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { postgresServer, superuser } from "../postgres-server.ts";
import { ClientProcess } from "./client-process.ts";
import { data, type Identity, login, newIdentity, register, status } from "./datagrams.ts";
import { Cluster, type ClusterNode } from "./node-cluster.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { hashOf, RawDevice } from "./raw-device.ts";
import { freePort, run, serverBinary } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

type Command = {
  readonly number: number;
  readonly state: string;
  readonly result: string | null;
  readonly ended: string | null;
};

/** Notes each run in a file; a command that waits ends when there is the file "go". */
const program = `printf '%s|' "$IOT_COMMAND" >> runs
  case "$IOT_COMMAND" in wait*) until test -e go; do sleep 0.05; done;; esac; echo "ran $IOT_COMMAND"`;
/** Longer than a silent server is waited for. */
const moveMs = 60_000;

/** Two servers on a new database, and what an operator does at each. */
async function twoNodes() {
  const postgres = await postgresServer();
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${await postgres.newDatabase()}`;
  const cluster = await Cluster.start(["a", "b"], () => url);
  const [a, b] = cluster.nodes as [ClusterNode, ClusterNode];
  const iot = async (node: ClusterNode, ...args: string[]) =>
    (await run(serverBinary, [...args, "--store", url], node.folder.path)).stdout;
  return {
    a,
    b,
    iot,
    /** Queues a command; returns its number. */
    async queue(node: ClusterNode, id: string, message: string): Promise<number> {
      const number = /^(\d+) queued for /.exec(await iot(node, "command", id, message))?.[1];
      expect(number).toBeDefined();
      return Number(number);
    },
    /** Waits until a command has ended. */
    ended(node: ClusterNode, number: number, withinMs?: number): Promise<Command> {
      return until(
        `the end of command ${number}`,
        async () => {
          const lines = (await iot(node, "commands", "--all", "--json")).trimEnd().split("\n");
          const rows = lines.map((line) => JSON.parse(line) as Command);
          return rows.find((row) => row.number === number && row.ended !== null);
        },
        withinMs,
      );
    },
    logged: (text: string) => cluster.logged(text),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

async function agent(folder: TemporaryFolder, to: readonly ClusterNode[], more: readonly string[]) {
  const servers = to.map(({ port }) => `127.0.0.1:${port}`).join();
  const where = ["--id", "pi1", "--port", String(await freePort()), "--server", servers];
  const args = ["run", ...where, "--on-command", program, ...more];
  const started = new ClientProcess(folder.path, args, { IOT_PASSWORD: "password" });
  await started.says("70 logged in");
  return started;
}

const runsIn = (folder: TemporaryFolder) =>
  existsSync(folder.join("runs")) ? readFileSync(folder.join("runs"), "utf8") : "";

test.each(["in text", "sealed"])(
  "what one node is given, a device of the other carries out, %s",
  async (how) => {
    await using nodes = await twoNodes();
    const { a, b, queue, ended } = nodes;
    using folder = new TemporaryFolder();
    const flags = ["--heartbeat", "1h", ...(how === "in text" ? ["--text"] : [])];
    {
      await using device = await agent(folder, [b], flags);
      // No packet of the device tells its node of them.
      const numbers = [await queue(a, "pi1", "one"), await queue(b, "pi1", "two")];
      for (const [index, number] of numbers.entries()) {
        const words = { number, state: "done", result: `ran ${["one", "two"][index]}` };
        expect(await ended(a, number)).toMatchObject(words);
        expect(await ended(b, number)).toMatchObject(words);
      }
      expect(await device.stop()).toBe(0);
    }
    // What one node is given while the device is away waits for it at the other one, too.
    const third = await queue(b, "pi1", "three");
    await using device = await agent(folder, [a], flags);
    expect(await ended(b, third)).toMatchObject({ state: "done", result: "ran three" });
    expect(runsIn(folder)).toBe("one|two|three|");
    expect(nodes.logged(" of pi1 is done")).toHaveLength(3);
    expect(await device.stop()).toBe(0);
  },
);

/** The next command that a device hears; what else it hears before is left out. */
function heardCommand(device: RawDevice, number: number): Promise<string> {
  return until(`command ${number}`, () =>
    device.heard.splice(0).find((text) => text.startsWith(`STATUS\t10\tserver\t#${number}\t`)),
  );
}

/** A device that is registered, and logged in at a node. */
async function loggedIn(at: RawDevice): Promise<Identity> {
  const device = newIdentity();
  expect(await at.code(register(device))).toBe("00");
  expect(await at.code(login(device))).toBe("70");
  return device;
}

test("a device moves while it is given a command: it gets the same from the other node, and its answer counts once", async () => {
  await using nodes = await twoNodes();
  const { a, b, queue, ended } = nodes;
  using atA = await RawDevice.open(a.port);
  using atB = await RawDevice.open(b.port);
  const device = await loggedIn(atA);
  const number = await queue(b, device.id, "set relay=on");
  const first = await heardCommand(atA, number);
  // Without an ACK it goes on at the other node, which sends the same bytes after its answer.
  expect(await atB.code(status(device))).toBe("40");
  const second = await heardCommand(atB, number);
  expect(second).toBe(first);
  atB.send(`ACK\t40\tserver\t2026-11-22:10:00:00\t${hashOf(second)}`);
  const result = data(device, "relay on", { time: `#${number}` });
  // The answer at both, again and again: one of them moves the session back.
  const codes = await Promise.all([atA, atB, atA, atB].map((at) => at.persist(result)));
  expect(codes).toEqual(["50", "50", "50", "50"]);
  for (const node of [a, b]) {
    expect(await ended(node, number)).toMatchObject({ state: "done", result: "relay on" });
  }
  expect(nodes.logged(`command ${number} of ${device.id} is done`)).toHaveLength(1);
  // It is no report, and after the end it is not sent by either.
  expect(await nodes.iot(a, "reports", device.id)).toBe(`No reports of ${device.id}.\n`);
  for (const at of [atA, atB]) {
    at.heard.length = 0;
    expect(await at.code(status(device, `${at.port}`))).toBe("40");
    expect(await at.code(status(device, `${at.port} again`))).toBe("40");
    expect(at.heard).toEqual([]);
  }
});

test.each(["killed", "stopped"])(
  "the node of the session is %s while the command is carried out: the answer goes to the other one, once",
  async (how) => {
    await using nodes = await twoNodes();
    const { a, b, queue, ended } = nodes;
    using folder = new TemporaryFolder();
    await using device = await agent(folder, [a, b], ["--heartbeat", "5s"]);
    const first = await queue(b, "pi1", "wait");
    // What comes meanwhile is not lost with the node that was to send it.
    const others = [await queue(a, "pi1", "two"), await queue(b, "pi1", "three")];
    await until("the command to begin", () => runsIn(folder) !== "");
    if (how === "killed") await a.kill();
    else a.server.signal("SIGSTOP");
    writeFileSync(folder.join("go"), "");
    const states = [];
    for (const number of [first, ...others]) states.push((await ended(b, number, moveMs)).state);
    expect(states).toEqual(["done", "done", "done"]);
    if (how === "stopped") {
      a.server.signal("SIGCONT");
      expect(await ended(a, first, moveMs)).toMatchObject({ state: "done", result: "ran wait" });
    }
    expect(runsIn(folder)).toBe("wait|two|three|");
    expect(nodes.logged(" of pi1 is done")).toHaveLength(3);
    expect(await device.stop()).toBe(0);
  },
);
