// One server of a database judges alerts: who that is, when another one takes over, and that nothing of the one before is
// stored then.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { OperatingError } from "../../../../lib/operating-error.ts";
import type { AlertChange } from "../../../../lib/server/alert-store.ts";
import type { OpenStore } from "../../../../lib/server/store-care.ts";
import type { PostgresAddress } from "../../../../lib/store/postgres/connection/address.ts";
import { testTimeoutMs, until, within } from "../../../e2e/polling.ts";
import { postgresServer } from "../../../postgres-server.ts";
import { TcpRelay } from "../../../tcp-relay.ts";
import { alertOf, deliveryOf, puts, putSetting } from "../../contract/alerts-contract.ts";
import { closeStores, newAddress, openAt, withPort } from "../postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
const relays: TcpRelay[] = [];
afterEach(async () => {
  await closeStores();
  for (const relay of relays.splice(0)) relay.close();
});

const openNode = (address: PostgresAddress, node: string): Promise<OpenStore> =>
  openAt(address, [], undefined, node);

const openNodes = (address: PostgresAddress, ...nodes: string[]) =>
  Promise.all(nodes.map((node) => openNode(address, node)));

async function sql(address: PostgresAddress, text: string): Promise<unknown[]> {
  const client = (await postgresServer()).connect(address.database);
  const rows = (await client.unsafe(text)) as unknown[];
  await client.close({ timeout: 0 });
  return rows;
}

/** Lets time pass since a node last showed that it lives. */
const silence = (address: PostgresAddress, node: string, seconds: number) =>
  sql(address, `UPDATE node SET seen = seen - interval '${seconds} s' WHERE node = '${node}'`);

/** What becomes of a commit: `stored`, or the code of its refusal. */
async function commit({ alerts }: OpenStore, ...changes: AlertChange[]): Promise<string> {
  try {
    await alerts.commit(changes);
    return "stored";
  } catch (error) {
    if (error instanceof OperatingError) return error.code;
    throw error;
  }
}

const leads = (stores: readonly OpenStore[]) =>
  Promise.all(stores.map(async ({ alerts }) => alerts.lead()));

/** A node that is a process of its own. */
class Child {
  readonly #process;
  readonly #lines;

  constructor({ hosts, database }: PostgresAddress, node: string) {
    const script = join(import.meta.dir, "leading-node.ts");
    const command = [process.execPath, script, node, String(hosts.current.port), database];
    this.#process = Bun.spawn(command, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = linesOf(this.#process.stdout);
  }

  async next(): Promise<string> {
    return (await within("a line", this.#lines.next())).value as string;
  }

  say(line: string): Promise<string> {
    void this.#process.stdin.write(`${line}\n`);
    void this.#process.stdin.flush();
    return this.next();
  }

  async end(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    this.#process.kill(signal);
    if (signal === "SIGKILL") await this.#process.exited;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

test("of three nodes that ask at once one leads, and only that one stores alerts and messages", async () => {
  const address = await newAddress();
  const stores = await openNodes(address, "a", "b", "c");
  for (let round = 0; round < 5; round++) {
    await sql(address, "UPDATE alert_mark SET node = '', epoch = 0");
    const told = await leads(stores);
    expect(told.filter((leading) => leading)).toHaveLength(1);
    expect(await leads(stores)).toEqual(told);
  }
  const told = await leads(stores);
  for (const [i, store] of stores.entries()) {
    const expected = told[i] === true ? "stored" : "not-leading";
    expect(await commit(store, ...puts(alertOf(i + 1)))).toBe(expected);
    expect(await commit(store, ...puts(deliveryOf(i + 1)))).toBe(expected);
    expect(await commit(store, { kind: "remove-alert", number: 99 })).toBe(expected);
    // Nothing of a commit is stored that has more than settings.
    const mixed = [putSetting("rule", `mixed-${i}`, "1"), ...puts(deliveryOf(i + 11))];
    expect(await commit(store, ...mixed)).toBe(expected);
    expect(await commit(store, putSetting("rule", `own-${i}`, "1"))).toBe("stored");
  }
  const first = told.indexOf(true);
  const [{ alerts }] = stores as [OpenStore];
  expect((await alerts.open()).map(({ number }) => number)).toEqual([first + 1]);
  expect((await alerts.waiting()).map(({ number }) => number)).toEqual([first + 1, first + 11]);
  const names = (await alerts.settings()).map(({ name }) => name);
  expect(names).toEqual([`mixed-${first}`, "own-0", "own-1", "own-2"].sort());
});

test("the one that leads sees that another node has changed a setting", async () => {
  const [a, b] = (await openNodes(await newAddress(), "a", "b")) as [OpenStore, OpenStore];
  await a.alerts.lead();
  const before = await a.alerts.settingsRevision();
  await commit(b, putSetting("rule", "x", "1"));
  const after = await a.alerts.settingsRevision();
  expect(after).not.toBe(before);
  await commit(b, { kind: "remove-setting", of: "rule", name: "x" });
  expect(new Set([before, after]).has(await a.alerts.settingsRevision())).toBe(false);
});

test("a server that stops gives the lead up at once", async () => {
  const [a, b] = (await openNodes(await newAddress(), "a", "b")) as [OpenStore, OpenStore];
  expect(await leads([a])).toEqual([true]);
  expect(await leads([b])).toEqual([false]);
  await a.close();
  expect(await leads([b])).toEqual([true]);
});

test("a node that starts again leads again, and what its process before still sends is refused", async () => {
  const address = await newAddress();
  const a = await openNode({ ...address, prepare: false }, "a");
  expect(await leads([a])).toEqual([true]);
  // Its name is free: nobody knows that it still runs.
  await silence(address, "a", 11);
  const again = await openNode({ ...address, prepare: false }, "a");
  expect(await leads([again])).toEqual([true]);
  expect(await commit(a, ...puts(alertOf(1)))).toBe("not-leading");
  expect(await leads([a, again])).toEqual([false, true]);
  expect(await commit(again, ...puts(alertOf(2)))).toBe("stored");
});

test("nothing is stored of a leader that was paused, once another one leads; it leads again when that one has stopped", async () => {
  const address = await newAddress();
  const child = new Child(address, "a");
  try {
    expect([await child.next(), await child.say("lead")]).toEqual(["open", "true"]);
    const b = await openNode(address, "b");
    expect(await leads([b])).toEqual([false]);
    // For as long as it is known to live nobody takes over.
    await child.end("SIGSTOP");
    await silence(address, "a", 7);
    expect(await leads([b])).toEqual([false]);
    await silence(address, "a", 4);
    // Its own sign may come after its commit or before: with b's name in the row neither is enough.
    expect(await leads([b])).toEqual([true]);
    await child.end("SIGCONT");
    expect(await child.say("1")).toBe("not-leading");
    expect(await child.say("lead")).toBe("false");
    expect(await commit(b, ...puts(alertOf(2)))).toBe("stored");
    expect((await b.alerts.open()).map(({ number }) => number)).toEqual([2]);
    await b.close();
    await until("its sign of life", async () => (await child.say("lead")) === "true");
    expect(await child.say("3")).toBe("stored");
  } finally {
    await child.end("SIGKILL");
  }
});

test("whoever is killed is followed by one of those that live", async () => {
  const address = await newAddress();
  const child = new Child(address, "a");
  expect([await child.next(), await child.say("lead")]).toEqual(["open", "true"]);
  expect(await child.say("1")).toBe("stored");
  const stores = await openNodes(address, "b", "c");
  await child.end("SIGKILL");
  expect(await leads(stores)).toEqual([false, false]);
  await silence(address, "a", 11);
  const told = await leads(stores);
  expect(told.filter((leading) => leading)).toHaveLength(1);
  const next = stores[told.indexOf(true)] as OpenStore;
  // It goes on from what was stored.
  expect(await next.alerts.open()).toEqual([alertOf(1)]);
  expect(await next.alerts.next()).toEqual({ alert: 2, delivery: 1 });
  expect(await commit(next, ...puts(alertOf(2)))).toBe("stored");
});

test("a sign of life that is too old is no lead, although the row names this process", async () => {
  const address = await newAddress();
  const a = await openNode(address, "a");
  expect(await leads([a])).toEqual([true]);
  // Later signs go nowhere.
  await sql(address, "ALTER TABLE node RENAME COLUMN sessions TO sessions_then");
  await silence(address, "a", 11);
  expect(await leads([a])).toEqual([false]);
  expect(await commit(a, ...puts(alertOf(1)))).toBe("not-leading");
  expect(await commit(a, putSetting("rule", "x", "1"))).toBe("stored");
  await sql(address, "ALTER TABLE node RENAME COLUMN sessions_then TO sessions");
  await sql(address, "UPDATE node SET seen = clock_timestamp()");
  expect(await leads([a])).toEqual([true]);
});

test("a commit whose answer is lost is sent again, and is there once", async () => {
  const server = await postgresServer();
  const relay = new TcpRelay(server.port);
  relays.push(relay);
  const address = await newAddress();
  const a = await openNode(withPort(address, relay.port), "a");
  await leads([a]);
  let lost = 0;
  relay.onSaid = (bytes) => {
    if (!bytes.includes("COMMIT")) return;
    relay.onSaid = () => {};
    lost++;
    relay.mode = "mute";
    setTimeout(() => {
      relay.forget();
      relay.mode = "open";
    }, 200);
  };
  const changes = [putSetting("rule", "x", "\0"), ...puts(alertOf(3), deliveryOf(4))];
  expect(await commit(a, ...changes)).toBe("stored");
  expect(lost).toBe(1);
  expect(await a.alerts.open()).toEqual([alertOf(3)]);
  expect(await a.alerts.waiting()).toEqual([deliveryOf(4)]);
  expect(await a.alerts.next()).toEqual({ alert: 4, delivery: 5 });
});

test("a batch of devices waits for no commit of alerts, and such a commit for no read of operators", async () => {
  const address = await newAddress();
  const a = await openNode(address, "a");
  await leads([a]);
  const held = async (statement: string) => {
    const client = (await postgresServer()).connect(address.database);
    await client.unsafe(`BEGIN; ${statement}`);
    return async () => {
      await client.unsafe("COMMIT");
      await client.close({ timeout: 0 });
    };
  };
  const releaseMark = await held("SELECT FROM alert_mark FOR UPDATE");
  let committed = false;
  const first = commit(a, ...puts(alertOf(1))).finally(() => (committed = true));
  const rule = { kind: "rule", keys: {}, decide: () => ({ outcome: 1, writes: [] }) } as const;
  for (let i = 0; i < 8; i++) await a.apply([rule], i % 4);
  expect(committed).toBe(false);
  await releaseMark();
  expect(await first).toBe("stored");
  const releaseReports = await held("LOCK TABLE report");
  let read = 0;
  const reads = Array.from({ length: 6 }, async () => {
    await a.reads.reportsAt([1]);
    read++;
  });
  expect(await commit(a, ...puts(alertOf(2)))).toBe("stored");
  expect(read).toBe(0);
  await releaseReports();
  await Promise.all(reads);
});
