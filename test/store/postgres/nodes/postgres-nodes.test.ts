// Stores of several nodes, as their servers use them: what one commits and tells, the others read; questions and packets find
// the node that hears a device.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { noLabels } from "../../../../lib/server/labels.ts";
import type { NodeHandlers, PlacedRow, StoreNodes } from "../../../../lib/server/nodes.ts";
import type { OpenStore } from "../../../../lib/server/store-care.ts";
import type { PostgresAddress } from "../../../../lib/store/postgres/connection/address.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";
import { postgresServer } from "../../../postgres-server.ts";
import { write } from "../../contract/tested-store.ts";
import { deviceOf, startOfTime } from "../../fixtures.ts";
import { closeStores, newAddress, openAt } from "../postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const device = deviceOf(1);
const source = { ip: device.ip, port: 7 };
const times = { started: startOfTime, clientKey: null, clockOffset: null };
const question = { id: device.id, code: "07", target: "*", by: "api" } as const;

type Joined = {
  readonly store: OpenStore;
  readonly nodes: StoreNodes;
  readonly changed: Map<string, PlacedRow | null>;
  readonly leave: () => void;
};

/** A node that has joined the others, and is heard by them. */
async function join(
  address: PostgresAddress,
  name: string,
  handlers: Partial<NodeHandlers> = {},
): Promise<Joined> {
  const traits = { fingerprint: "SHA256:one", sharedIp: false };
  const store = await openAt(address, [], traits, name);
  const nodes = store.nodes as StoreNodes;
  const changed = new Map<string, PlacedRow | null>();
  const compared = `session-of-${name}`;
  const leave = nodes.start({
    load: () => ({ sessions: 0, received: 0, reports: 0, sealed: 0 }),
    sessionIds: () => [compared],
    onChanged: (devices) => {
      for (const [id, row] of devices) changed.set(id, row);
    },
    onEnded: () => {},
    onRelayed: () => {},
    onAsked: async () => ({ kind: "unknown" }),
    ...handlers,
  });
  // The first subscription compares what is in memory.
  if (address.prepare) await until(`node ${name}`, () => changed.delete(compared));
  return { store, nodes, changed, leave };
}

/** Registers the device and logs it in at a node. */
const logIn = ({ store }: Joined) =>
  write(
    store,
    { kind: "insert-device", device, hash: "h", at: startOfTime },
    { kind: "open-session", session: { device: device.id, source, stated: source, ...times } },
  );

test("what a node commits and tells, the others have as the store has it", async () => {
  const address = await newAddress();
  const [a, b] = [await join(address, "a"), await join(address, "b")];
  const session = await logIn(a);
  a.nodes.tell([device.id, "never-there"]);
  await until("the change", () => b.changed.has(device.id));
  const state = { started: startOfTime, lastSeen: startOfTime, ended: null, reason: null };
  const row = { id: device.id, labels: noLabels, session, ...state };
  expect(b.changed.get(device.id)).toEqual({ ...row, node: "a", openCommands: "" });
  expect(b.changed.get("never-there")).toBeNull();
  await write(b.store, { kind: "move-session", session, device: device.id, source });
  a.nodes.compare([device.id]);
  await until("the comparison", () => a.changed.has(device.id));
  expect(a.changed.get(device.id)?.node).toBe("b");
});

test("the node of a device is another one that lives", async () => {
  const address = await newAddress();
  const [a, b] = [await join(address, "a"), await join(address, "b")];
  expect(await b.nodes.nodeOf(device.id)).toBeNull();
  const session = await logIn(a);
  expect(await b.nodes.nodeOf(device.id)).toBe("a");
  expect(await a.nodes.nodeOf(device.id)).toBeNull();
  await a.store.close();
  expect(await b.nodes.nodeOf(device.id)).toBeNull();
  const again = await join(address, "a");
  expect(await b.nodes.nodeOf(device.id)).toBe("a");
  const ended = { reason: "logoff", lastSeen: startOfTime, at: startOfTime } as const;
  await write(again.store, { kind: "end-session", session, ...ended });
  expect(await b.nodes.nodeOf(device.id)).toBeNull();
});

test("questions and packets reach the other node, until it has left", async () => {
  const address = await newAddress();
  const relayed: string[] = [];
  const a = await join(address, "a");
  const b = await join(address, "b", {
    onAsked: async ({ id }) => ({ kind: "answer", code: "01", time: "t", message: id }),
    onRelayed: ({ to }) => void relayed.push(to),
  });
  const answer = { kind: "answer", code: "01", time: "t", message: device.id } as const;
  expect(await a.nodes.ask("b", question)).toEqual(answer);
  a.nodes.relay("b", { from: "x", to: device.id, packet: new Uint8Array(3) });
  await until("the packet", () => relayed.length === 1);
  b.leave();
  expect(await b.nodes.ask("a", question)).toEqual({ kind: "busy" });
  b.nodes.tell(["said-while-leaving"]);
  await until("the last change", () => a.changed.has("said-while-leaving"));
  a.nodes.tell(["said-later"]);
  await b.store.close();
  expect([...b.changed.keys()]).toEqual([]);
});

test("a store that closes says what it had to say, and hears nothing more", async () => {
  const address = await newAddress();
  const [a, b] = [await join(address, "a"), await join(address, "b")];
  a.nodes.tell(["first"]);
  await until("a change", () => b.changed.has("first"));
  a.nodes.tell(["last"]);
  await a.store.close();
  await until("the last change", () => b.changed.has("last"));
  const listening = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%listens'`;
  await until("its end", async () => {
    const sql = (await postgresServer()).connect(address.database);
    const rows = (await sql.unsafe(listening)) as unknown[];
    await sql.close({ timeout: 0 });
    return rows.length === 1;
  });
});

test("after its lease had lapsed a node is sure of nothing until it has compared its sessions", async () => {
  const address = await newAddress();
  const a = await join(address, "a");
  const sql = (await postgresServer()).connect(address.database);
  await sql.unsafe("UPDATE node SET seen = clock_timestamp() - interval '11 s'");
  await sql.close({ timeout: 0 });
  const before = a.nodes.sureUntil;
  await until("the comparison", () => a.changed.has("session-of-a") || a.nodes.sureUntil > before);
  expect(a.changed.has("session-of-a")).toBe(true);
  await until("the lease", () => a.nodes.sureUntil > before);
});

test("behind a pooler a node compares, and its questions are refused", async () => {
  const address = await newAddress({ prepare: false });
  const a = await join(address, "a");
  a.nodes.tell([device.id]);
  a.nodes.compare([device.id]);
  await until("the comparison", () => a.changed.has(device.id));
  expect(await a.nodes.ask("b", question)).toEqual({ kind: "busy" });
});
