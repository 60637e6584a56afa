// Several compiled servers on one PostgreSQL, over HTTP: each shows the whole fleet as it is, whoever hears a device, and a
// device is asked where it is.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { CommandJson } from "../../lib/web/api/command-shapes.ts";
import type { DeviceJson, KeptQuestion, SessionsJson } from "../../lib/web/api/shapes.ts";
import type { NodeJson } from "../../lib/web/api/server-shapes.ts";
import { data, type Identity, login, newIdentity, register, status } from "./datagrams.ts";
import { type NodeProcess, startNodes } from "./node-pair.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";

setDefaultTimeout(testTimeoutMs);

/** How soon the other nodes know, ms: far less than it takes them to look by themselves. */
const soonMs = 5_000;
/** When the sessions of a node that was killed have ended: it lives for ten seconds more. */
const goneMs = 40_000;

type Change = { readonly id: string; readonly presence: string };

/** The changes of presence that a node tells in its live events. */
class Told implements AsyncDisposable {
  readonly #changes: Change[] = [];
  readonly #end = new AbortController();
  readonly #done: Promise<void>;

  constructor(origin: string, token: string) {
    const { signal } = this.#end;
    const headers = { authorization: `Bearer ${token}` };
    const events = fetch(`${origin}/api/v1/events?topics=devices`, { headers, signal });
    this.#done = events.then((response) => this.#read(response)).catch(() => {});
  }

  /** How often a device was told to be so. */
  count(id: string, presence: string): number {
    return this.#changes.filter((one) => one.id === id && one.presence === presence).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of response.body as ReadableStream<Uint8Array>) {
      text += decoder.decode(bytes, { stream: true });
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const [, json = '{"changes":[]}'] =
          /^event: devices\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        const { changes } = JSON.parse(json) as { changes: Change[] };
        this.#changes.push(...changes);
        text = text.slice(end + 2);
      }
    }
  }
}

/** A device whose LOGIN states the port of its socket, so that questions come there. */
async function newDevice(port: number): Promise<[device: Identity, socket: RawDevice]> {
  const socket = await RawDevice.open(port);
  const device = newIdentity({ ip: "127.0.0.1", port: socket.port });
  expect(await socket.code(register(device))).toBe("00");
  expect(await socket.code(login(device))).toBe("70");
  return [device, socket];
}

test("a device is shown by all nodes as it logs in, moves, is asked, and goes offline once when its node is killed", async () => {
  await using plant = await startNodes(["a", "b", "c"], ["--shared-ip", "--offline-after", "5s"]);
  const [a, b, c] = plant.nodes as [NodeProcess, NodeProcess, NodeProcess];
  const [device, first] = await newDevice(a.server.port);
  using atA = first;
  const path = `/devices/${device.id}`;
  const shows = (node: NodeProcess, wanted: Partial<DeviceJson>, ms = soonMs) =>
    until(
      `${JSON.stringify(wanted)} at ${node.name}`,
      async (): Promise<DeviceJson | null> => {
        const shown = await node.read<DeviceJson>(path);
        const isShown = ([name, value]: [string, unknown]) =>
          Bun.deepEquals(shown[name as keyof DeviceJson], value);
        return Object.entries(wanted).every(isShown) ? shown : null;
      },
      ms,
    );
  const source = { ip: "127.0.0.1", port: atA.port };
  for (const node of [b, c]) {
    await shows(node, { presence: "online", node: "a", transport: "text", source });
  }
  await using toldByA = new Told(a.origin, plant.token);
  await using toldByC = new Told(c.origin, plant.token);

  using atB = await RawDevice.open(b.server.port);
  expect(await atB.code(data(device, "21.5"))).toBe("50");
  for (const node of [a, b, c]) {
    const shown = await shows(node, { presence: "online", node: "b" });
    expect(shown.lastReport?.message).toBe("21.5");
  }
  const { sessions } = await a.read<SessionsJson>(`${path}/sessions`);
  expect(sessions).toMatchObject([{ node: "b", ended: null }]);

  const asked = a.ask(`${path}/query`, { target: "uptime" });
  const question = (await atA.next("a QUERY")).split("\t");
  expect([question[0], question[4]]).toEqual(["QUERY", String(b.server.port)]);
  await atB.code(data(device, "3 days", { code: "01", time: question[5] as string }));
  expect(await asked).toMatchObject({ status: 200, body: { message: "3 days" } });
  const kept = await c.read<{ questions: KeptQuestion[] }>(`${path}/questions`);
  expect(kept.questions).toMatchObject([
    { target: "uptime", by: "api", answer: { message: "3 days" } },
  ]);

  expect(await atB.code(status(device))).toBe("40");
  await b.server.stop("SIGKILL");
  for (const node of [a, c]) {
    await shows(node, { presence: "offline", reason: "offline", node: null }, goneMs);
  }
  const { nodes } = await a.read<{ nodes: NodeJson[] }>("/nodes");
  expect(nodes.map(({ name, own, lives }) => [name, own, lives])).toEqual([
    ["a", true, true],
    ["b", false, false],
    ["c", false, true],
  ]);
  // What is told of a later device comes after all that is told of this one.
  const [later, socket] = await newDevice(a.server.port);
  using _ = socket;
  const told = [toldByA, toldByC];
  await until("the events", () => told.every((it) => it.count(later.id, "online") > 0));
  expect(told.map((it) => it.count(device.id, "offline"))).toEqual([1, 1]);
  const lines = ["a", "c"].flatMap((name) =>
    plant.folder.text(`log-${name}/Activity.log`).split("\n"),
  );
  const ends = lines.filter((line) => line.includes(`${device.id} went offline`));
  expect(ends).toHaveLength(1);
});

test("a command that one node is given is waited for there and at another, and each tells how many are open", async () => {
  await using plant = await startNodes(["a", "b"], ["--shared-ip"]);
  const [a, b] = plant.nodes as [NodeProcess, NodeProcess];
  const [device, socket] = await newDevice(b.server.port);
  using atB = socket;
  const path = `/devices/${device.id}`;
  const untilOpen = (count: number) =>
    Promise.all(
      [a, b].map((node) =>
        until(
          `${count} open commands at ${node.name}`,
          async () => (await node.read<DeviceJson>(path)).openCommands === count,
          soonMs,
        ),
      ),
    );
  await untilOpen(0);
  for (const number of [1, 2]) {
    const given = await (number === 1 ? a : b).ask(`${path}/commands`, { message: "on" });
    expect(given).toMatchObject({ status: 202, body: { number, device: device.id } });
    await untilOpen(1);
    const waiting = [a, b].map((node) => node.read<CommandJson>(`/commands/${number}?wait=60s`));
    const time = `#${number}`;
    await until("the command", () => atB.heard.some((text) => text.split("\t")[3] === time));
    atB.send(data(device, `done ${number}`, { time }));
    for (const answer of await Promise.all(waiting)) {
      expect(answer).toMatchObject({ number, state: "done", result: `done ${number}` });
    }
    await untilOpen(0);
  }
});
