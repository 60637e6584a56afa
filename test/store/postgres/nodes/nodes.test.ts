// Several nodes on one database: who may write, whose sessions they are, and what becomes of those of a node that is gone.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { OpenStore } from "../../../../lib/server/store-care.ts";
import type { Write } from "../../../../lib/server/store-port.ts";
import type { PostgresAddress } from "../../../../lib/store/postgres/connection/address.ts";
import { Readers } from "../../../../lib/store/postgres/connection/readers.ts";
import type { Fence } from "../../../../lib/store/postgres/nodes/claim.ts";
import { endLostSessions } from "../../../../lib/store/postgres/nodes/lost-sessions.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";
import { postgresServer } from "../../../postgres-server.ts";
import { load, reading, report, write } from "../../contract/tested-store.ts";
import { deviceOf, startOfTime } from "../../fixtures.ts";
import { closeStores, newAddress, openAt } from "../postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const traits = { fingerprint: "SHA256:one", sharedIp: false };
const openNode = (address: PostgresAddress, node: string, settings = {}): Promise<OpenStore> =>
  openAt(address, [], traits, node, settings);

async function sql(address: PostgresAddress, text: string): Promise<unknown[]> {
  const client = (await postgresServer()).connect(address.database);
  const rows = (await client.unsafe(text)) as unknown[];
  await client.close({ timeout: 0 });
  return rows;
}

const device = deviceOf(1);
const registered: Write = { kind: "insert-device", device, hash: "h", at: startOfTime };
const source = { ip: device.ip, port: 7 };
const session = {
  device: device.id,
  source,
  stated: source,
  started: startOfTime,
  clientKey: null,
  clockOffset: null,
};
const opened: Write = { kind: "open-session", session };

test("a session belongs to the node that heard it last, and only that one touches it", async () => {
  const address = await newAddress();
  const [a, b] = [await openNode(address, "a"), await openNode(address, "b")];
  const number = await write(a, registered, opened);
  const touch: Write = {
    kind: "touch-sessions",
    touches: [
      {
        session: number,
        device: device.id,
        lastSeen: 5,
        source,
        everySeconds: 9,
        clockOffset: null,
        repeats: 0,
      },
    ],
  };
  expect([await write(b, touch), await write(a, touch)]).toEqual([0, 1]);
  await write(b, {
    kind: "move-session",
    session: number,
    device: device.id,
    source: { ip: "10.9.9.9", port: 8 },
  });
  const { session: moved } = await load(a, { device: device.id, withSession: true });
  expect(moved).toMatchObject({ node: "b", everySeconds: 9, source: { ip: "10.9.9.9", port: 8 } });
  expect([await write(a, touch), await write(b, touch)]).toEqual([0, 1]);
  expect([await a.openSessions(), await b.openSessions()]).toMatchObject([
    [],
    [{ session: number }],
  ]);
});

test("a report is stored while its session is open and at its node, and a repeat is one for ever", async () => {
  const address = await newAddress();
  const [a, b] = [await openNode(address, "a"), await openNode(address, "b")];
  const number = await write(a, registered, opened);
  const of = (message: string) => ({ ...reading(device.id, message), session: number });
  expect(await report(a, of("1"))).toMatchObject([{ kind: "report", repeated: false }]);
  const both = [of("1"), of("2")] as const;
  expect(await report(b, ...both)).toMatchObject([{ repeated: true }, { kind: "no-session" }]);
  await write(b, { kind: "move-session", session: number, device: device.id, source });
  expect(await report(b, ...both)).toMatchObject([{ repeated: true }, { repeated: false }]);
  expect(await report(a, of("3"))).toMatchObject([{ kind: "no-session" }]);
  await write(b, { kind: "end-session", session: number, reason: "logoff", lastSeen: 1, at: 2 });
  expect(await report(a, of("2"), of("3"))).toMatchObject([
    { repeated: true },
    { kind: "no-session" },
  ]);
  // The same beside a rule, in a transaction.
  const rule = {
    kind: "rule",
    keys: { device: device.id },
    decide: () => ({ outcome: 1, writes: [] }),
  } as const;
  expect(await a.apply([rule, of("3"), of("1")])).toMatchObject([
    { outcome: 1 },
    { kind: "no-session" },
    { repeated: true },
  ]);
  expect(await a.reads.count()).toBe(2);
});

test("reports of a device that goes from node to node have ascending numbers", async () => {
  const address = await newAddress();
  const stores = await Promise.all(["a", "b"].map((node) => openNode(address, node)));
  const number = await write(stores[0] as OpenStore, registered, opened);
  const stored: number[] = [];
  for (let n = 0; n < 6; n++) {
    const store = stores[n % 2] as OpenStore;
    await write(store, { kind: "move-session", session: number, device: device.id, source });
    const [result] = await report(store, { ...reading(device.id, `${n}`), session: number });
    stored.push((result as { sequence: number }).sequence);
  }
  expect(stored).toEqual([...stored].sort((x, y) => x - y));
});

test("a node that was paused stores nothing, until it has shown that it lives and has looked what others did", async () => {
  const address = await newAddress();
  const a = await openNode(address, "a");
  const number = await write(a, registered, opened);
  const compared: string[][] = [];
  const idle = { sessions: 1, sealed: 0, received: 0, reports: 0 };
  a.nodes?.start({
    load: () => idle,
    sessionIds: () => [device.id],
    onChanged: (devices) => void compared.push([...devices.keys()]),
    onEnded: () => {},
    onRelayed: () => {},
    onAsked: async () => ({ kind: "busy" }),
  });
  const of = (message: string) => ({ ...reading(device.id, message), session: number });
  await sql(address, "UPDATE node SET seen = clock_timestamp() - interval '11 s'");
  expect(report(a, of("1"))).rejects.toMatchObject({ how: "failed" });
  await until("comparison", () => compared.length > 0);
  expect(compared[0]).toEqual([device.id]);
  expect(await report(a, of("1"))).toMatchObject([{ repeated: false }]);
});

test("silent sessions of a node that is gone are ended once, after their silence", async () => {
  const address = await newAddress();
  const a = await openNode(address, "a");
  const [b] = [await openNode(address, "b"), await openNode(address, "c")];
  const number = await write(a, registered, opened);
  await a.close();
  const readers = new Readers(address, "test");
  const epochs = (await sql(address, "SELECT node, epoch::float8 AS epoch FROM node")) as Fence[];
  const ended = async () => {
    const both = epochs.filter(({ node }) => node !== "a");
    const found = await Promise.all(both.map((f) => endLostSessions(readers, f, 540_000, 9)));
    return found.flat().map((row) => row.session);
  };
  // It was gone for long when these two began to live: no device could reach them before.
  await sql(
    address,
    "UPDATE node SET seen = clock_timestamp() - interval '20 min' WHERE node = 'a'",
  );
  expect(await ended()).toEqual([]);
  // It has left just now, so it has heard devices until now.
  const past = "UPDATE node SET since = clock_timestamp() - interval '20 min'";
  await sql(address, `${past} WHERE node <> 'a'`);
  expect(await ended()).toEqual([]);
  // These live for long. It was seen a while ago, and may have heard the device 8 s later, until it was not sure any more.
  await sql(address, past);
  await sql(
    address,
    "UPDATE node SET seen = clock_timestamp() - interval '547 s' WHERE node = 'a'",
  );
  expect(await ended()).toEqual([]);
  await sql(
    address,
    "UPDATE node SET seen = clock_timestamp() - interval '549 s' WHERE node = 'a'",
  );
  expect(await ended()).toEqual([number]);
  expect(await ended()).toEqual([]);
  readers.close();
  const { session: row } = await load(b, { device: device.id, withSession: true });
  expect(row).toMatchObject({ reason: "offline", ended: 9, lastSeen: startOfTime });
});

test("while all nodes live, no session of another one is looked at", async () => {
  const address = await newAddress();
  await openNode(address, "a");
  await openNode(address, "b");
  const client = (await postgresServer()).connect(address.database);
  await client.unsafe(
    `INSERT INTO session (session, device, ip, port, login_ip, login_port, started, last_seen, node)
     SELECT n, 'device-' || n, '10.0.0.1', 1, '10.0.0.1', 1, 0, 0, 'a' FROM generate_series(1, 5000) AS n`,
  );
  await client.unsafe("VACUUM ANALYZE session");
  const [fence] = (await client.unsafe(
    "SELECT node, epoch::float8 AS epoch FROM node WHERE node = 'b'",
  )) as Fence[];
  const looked = `SELECT (seq_tup_read + idx_tup_fetch)::float8 AS rows FROM pg_stat_xact_user_tables WHERE relname = 'session'`;
  await client.begin(async (query) => {
    const read = ((text: string, values: unknown[]) => query.unsafe(text, values)) as never;
    expect(await endLostSessions({ read } as never, fence as Fence, 540_000, 9)).toEqual([]);
    expect((await query.unsafe(looked))[0].rows).toBeLessThan(10);
  });
  await client.close({ timeout: 0 });
});

test("the others are listed, and who differs from them is told in what", async () => {
  const address = await newAddress();
  const own = { "--join": "open", "admin token": "#1" };
  await openNode(address, "a", own);
  expect((await openNode(address, "b", own)).warnings).toEqual([]);
  const c = await openNode(address, "c", { "--join": "closed", "admin token": "#2" });
  expect(c.warnings.map(({ message }) => message)).toEqual([
    "Node a has --join open (here closed), another admin token.",
    "Node b has --join open (here closed), another admin token.",
  ]);
  const nodes = await c.nodes?.list();
  expect(nodes).toMatchObject([
    { name: "a", lives: true, address: "localhost:9000", version: "1" },
    { name: "b", lives: true },
    { name: "c", lives: true },
  ]);
});

test("two nodes that start at the same moment make one schema", async () => {
  const address = await newAddress();
  const stores = await Promise.all(["a", "b", "c"].map((node) => openNode(address, node)));
  await write(stores[0] as OpenStore, registered);
  expect((await load(stores[2] as OpenStore, { device: device.id })).device).toMatchObject({
    id: device.id,
  });
});

test("an hour is counted once, whichever nodes say that theirs is over", async () => {
  const address = await newAddress();
  const names = ["b", "a", "c"];
  const nodes = await Promise.all(names.map((name) => openNode(address, name)));
  const hours = async () => {
    const [row] = await sql(address, "SELECT hours::int AS hours FROM service");
    return (row as { hours: number }).hours;
  };
  for (const store of nodes) await write(store, { kind: "count-hour" });
  expect(await hours()).toBe(1);
  await nodes[1]?.close();
  for (const store of [nodes[0], nodes[2]] as OpenStore[]) {
    await write(store, { kind: "count-hour" });
  }
  expect(await hours()).toBe(2);
});
