// Three servers on one PostgreSQL with a synchronous standby, under load, while servers are killed and paused, PostgreSQL
// crashes and is replaced, and lines break: what was acknowledged is stored, once and in order, and nobody logs in anew.
// IOT_SEED chooses the seed, IOT_SEEDS runs many, IOT_CHAOS_SECONDS says how long each is disturbed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { disturb } from "./chaos-events.ts";
import { ChaosLoad } from "./chaos-load.ts";
import { ChaosPlant } from "./chaos-plant.ts";
import { ClientProcess } from "./client-process.ts";
import { type Identity, login, newIdentity, register, status } from "./datagrams.ts";
import type { ClusterNode } from "./node-cluster.ts";
import { pause, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { SeededRandom } from "./seeded-random.ts";
import { freePort } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

const first = Number(process.env["IOT_SEED"] ?? 1);
const seeds = Array.from({ length: Number(process.env["IOT_SEEDS"] ?? 1) }, (_, i) => first + i);
const chaosMs = 1000 * Number(process.env["IOT_CHAOS_SECONDS"] ?? 20);
/** How long it may take until all is as it should be again, ms. */
const healMs = 60_000;
setDefaultTimeout(chaosMs + 5 * healMs);

/** An agent that reports lines, and how many it was given. */
type Agent = { readonly id: string; readonly client: ClientProcess; lines: number };

const agents = [
  { id: "sealed-1", args: [] },
  { id: "sealed-2", args: [] },
  { id: "sealed-3", args: ["--spool", "none"] },
  { id: "text-1", args: ["--text"] },
] as const;
const lineEveryMs = 200;

/** What is sent, and by whom. */
type Senders = {
  readonly load: ChaosLoad;
  readonly devices: readonly Identity[];
  /** Are not heard any more since before the first event. */
  readonly silent: readonly Identity[];
  readonly agents: readonly Agent[];
};

async function startAgent(folder: string, nodes: readonly ClusterNode[], at: number) {
  const { id, args } = agents[at] as (typeof agents)[number];
  const servers = nodes.map((_, i) => nodes[(at + i) % nodes.length] as ClusterNode);
  const names = servers.map(({ port }) => `127.0.0.1:${port}`).join();
  const own = ["--mac", `mac-of-${id}`, "--ip", `10.9.9.${at}`, "--port", String(await freePort())];
  const all = ["run", "--id", id, "--server", names, ...own, ...args];
  const client = new ClientProcess(folder, all, { IOT_PASSWORD: "password" });
  await client.says("70 logged in", healMs);
  return { id, client, lines: 0 };
}

async function enter({ port }: ClusterNode, devices: readonly Identity[]): Promise<void> {
  using socket = await RawDevice.open(port);
  for (const device of devices) {
    expect(await socket.code(register(device))).toBe("00");
    expect(await socket.code(login(device))).toBe("70");
  }
}

/** Beats with an interval of 4 s until that is stored; then they are not heard any more. */
async function fallSilent(plant: ChaosPlant, silent: readonly Identity[]): Promise<void> {
  using socket = await RawDevice.open((plant.nodes[0] as ClusterNode).port);
  const stated = "SELECT FROM session WHERE every = 4";
  await until("the stored intervals", async () => {
    for (const device of silent) await socket.code(status(device, `${Math.random()} every=4`));
    await pause(200);
    return (await plant.sql(stated)).length === silent.length;
  });
}

type Stored = { readonly device: string; readonly message: string };

/** What is stored of a device that is not so as it was sent. */
function judged(stored: readonly Stored[], device: string, sent: number, acked: readonly number[]) {
  const own = stored.filter((row) => row.device === device).map(({ message }) => message);
  const numbers = own.map((message) => Number(message.split(" ")[1]));
  const all = new Set(numbers);
  return {
    device,
    twice: numbers.length - all.size,
    lost: acked.filter((number) => !all.has(number)),
    unsent: numbers.filter((number) => !(number < sent)),
    disordered: numbers.filter((number, i) => i > 0 && number < (numbers[i - 1] as number)),
  };
}

/** All that was acknowledged is stored, each once and in order, and all that agents took. */
async function expectReports(plant: ChaosPlant, { load, devices, agents: all }: Senders) {
  const count = "SELECT count(DISTINCT message)::int AS n FROM report WHERE device = ";
  for (const { id, lines } of all) {
    await until(
      `the ${lines} reports of ${id}`,
      async () => (await plant.sql<{ n: number }>(`${count}'${id}'`))[0]?.n === lines,
      healMs,
    );
  }
  const stored = await plant.sql<Stored>("SELECT device, message FROM report ORDER BY sequence");
  const nothing = { twice: 0, lost: [], unsent: [], disordered: [] };
  for (const { id: device } of devices) {
    const found = judged(
      stored,
      device,
      load.issued.get(device) ?? 0,
      load.acked.get(device) ?? [],
    );
    expect(found).toEqual({ device, ...nothing });
  }
  for (const { id: device, lines } of all) {
    const given = Array.from({ length: lines }, (_, i) => i);
    expect(judged(stored, device, lines, given)).toEqual({ device, ...nothing });
  }
  expect(load.strange).toEqual([]);
}

/** One session of each device is open, those of the silent ones have ended once, and nobody has logged in again. */
async function expectSessions(plant: ChaosPlant, { devices, silent, agents: all }: Senders) {
  const { cluster } = plant;
  const offline = "SELECT device FROM session WHERE reason = 'offline' ORDER BY device";
  const isOver = async () => (await plant.sql(offline)).length >= silent.length;
  await until("the silent devices to be offline", isOver, healMs);
  const ended = await plant.sql<{ device: string }>(offline);
  expect(new Set(ended.map(({ device }) => device))).toEqual(new Set(silent.map(({ id }) => id)));
  expect(ended).toHaveLength(silent.length);
  // Who ends a session and is killed then does not tell it any more.
  for (const { id } of silent)
    expect(cluster.logged(`${id} went offline`).length).toBeLessThanOrEqual(1);
  const open = "SELECT count(*)::int AS n FROM session WHERE ended IS NULL GROUP BY device";
  const counts = await plant.sql<{ n: number }>(open);
  expect(counts.map(({ n }) => n)).toEqual([...devices, ...all].map(() => 1));
  const logins = devices.length + silent.length + all.length;
  expect(cluster.logged("RECV LOGIN")).toHaveLength(logins);
}

/** Gives the agents lines until it is stopped. */
function report(all: readonly Agent[]): () => void {
  const timer = setInterval(() => {
    for (const agent of all) agent.client.line(`line ${agent.lines++}`);
  }, lineEveryMs);
  return () => clearInterval(timer);
}

/** Devices that are logged in and agents that run, before anything happens. */
async function begin(plant: ChaosPlant, folder: string): Promise<Senders> {
  const { nodes } = plant;
  const devices = Array.from({ length: 8 }, () => newIdentity());
  const silent = [newIdentity(), newIdentity()];
  await enter(nodes[0] as ClusterNode, [...devices, ...silent]);
  const [running] = await Promise.all([
    Promise.all(agents.map((_, i) => startAgent(folder, nodes, i))),
    fallSilent(plant, silent),
  ]);
  const load = await ChaosLoad.open(
    nodes.map(({ port }) => port),
    devices,
    30,
  );
  return { load, devices, silent, agents: running };
}

async function run(
  seed: number,
  plant: ChaosPlant,
  senders: Senders,
  log: (words: string) => void,
) {
  const { load, agents: all } = senders;
  load.begin();
  const stopReporting = report(all);
  let counts: Map<string, number>;
  try {
    counts = await disturb(plant, new SeededRandom(seed), chaosMs, log);
  } finally {
    stopReporting();
  }
  log("all is over");
  await load.finish(healMs);
  await expectReports(plant, senders);
  await expectSessions(plant, senders);
  const events = Array.from(counts, ([name, count]) => `${count} ${name}`).join(", ");
  const lines = all.reduce((sum, agent) => sum + agent.lines, 0);
  const failures = plant.nodes.flatMap((node) => node.failures);
  console.log(
    `seed ${seed}: ${events}; ${load.ackedCount} text reports acknowledged and ${lines} of agents, 0 lost, 0 twice;` +
      ` ${load.refusals} told to come again, ${load.moves} moves, ${failures.length} failed starts;` +
      ` longest gap ${Math.round(load.longestGapMs)} ms`,
  );
  for (const failure of failures) console.log(`seed ${seed}: a start failed: ${failure}`);
}

test.each(seeds)("seed %p: nothing that was acknowledged is lost", async (seed) => {
  const began = performance.now();
  const happened: string[] = [];
  const log = (words: string) => {
    happened.push(`${((performance.now() - began) / 1000).toFixed(1)} s: ${words}`);
  };
  using folder = new TemporaryFolder();
  await using plant = await ChaosPlant.start();
  const senders = await begin(plant, folder.path);
  try {
    await run(seed, plant, senders, log);
  } catch (error) {
    console.log(happened.join("\n"));
    for (const { name, errors } of plant.nodes) console.log(`errors of ${name}:\n${errors}`);
    throw error;
  } finally {
    senders.load[Symbol.dispose]();
    for (const { client } of senders.agents) await client[Symbol.asyncDispose]();
  }
});
