// The listening connection of a channel is cut, ended or stalled, behind a TCP relay: it is opened again, and what changed
// meanwhile is found by comparison. A channel that stops leaves nothing open.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { testTimeoutMs, until, within } from "../../../e2e/polling.ts";
import { postgresServer } from "../../../postgres-server.ts";
import { TcpRelay } from "../../../tcp-relay.ts";
import { newAddress, withPort } from "../postgres-fixtures.ts";
import { closeNodes, openNode, placed, type TestNode, type TestTable } from "./channel-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
const relays: TcpRelay[] = [];
afterEach(async () => {
  await closeNodes();
  for (const relay of relays.splice(0)) relay.close();
});

/** Only the connection itself can say that it is lost. */
const noProbes = { probeMs: 600_000, silentMs: 600_000, openMs: 5_000, pauseMs: 10 };
const soon = { probeMs: 20, silentMs: 500, openMs: 500, pauseMs: 10 };
type Bench = {
  readonly table: TestTable;
  readonly relay: TcpRelay;
  /** Listens through the relay. */
  readonly a: TestNode;
  readonly b: TestNode;
};

async function twoNodes(pace = soon): Promise<Bench> {
  const address = await newAddress();
  const table = { address, rows: new Map() };
  const relay = new TcpRelay(address.hosts.current.port);
  relays.push(relay);
  const a = await openNode(table, "a", pace, withPort(address, relay.port));
  const b = await openNode(table, "b");
  a.sessions.add("device-1");
  return { table, relay, a, b };
}

/** A device of `a` moves to `b` while `a` is deaf. */
function move({ table, b }: Bench): void {
  table.rows.set("device-1", placed("device-1", "b"));
  b.channel.tell(["device-1"]);
}

/** Waits until `a` knows of the move, and hears what is said from then on. */
async function isCaughtUp({ a, b }: Bench): Promise<void> {
  await until("the comparison", () => a.changed.get("device-1")?.node === "b");
  await until("its words", () => a.said.at(-1) === "the other nodes are heard again");
  b.channel.tell(["device-2"]);
  await until("a change", () => a.changed.has("device-2"));
}

test("a connection that is cut is opened again, and what was missed is compared", async () => {
  const bench = await twoNodes(noProbes);
  const { relay, a } = bench;
  relay.mode = "closed";
  relay.cut();
  await until("the loss", () => !a.channel.isListening);
  move(bench);
  relay.mode = "open";
  await isCaughtUp(bench);
  expect(a.said[0]).toStartWith("the other nodes are not heard: ");
});

test("a connection that PostgreSQL ends is opened again", async () => {
  const bench = await twoNodes(noProbes);
  const sql = (await postgresServer()).connect();
  // Of all connections of this name only the listening one waits for the client for ever.
  await sql.unsafe(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'a'",
  );
  await sql.close({ timeout: 0 });
  await until("the loss", () => bench.a.said.length > 0);
  move(bench);
  await isCaughtUp(bench);
});

test("a connection that is silent is given up, also while it opens", async () => {
  const bench = await twoNodes();
  const { relay, a } = bench;
  let attempts = 0;
  relay.onSaid = () => void attempts++;
  relay.mode = "silent";
  await until("the loss", () => !a.channel.isListening);
  expect(a.said).toEqual(["the other nodes are not heard: silent for 0.5 s"]);
  move(bench);
  await until("some attempts", () => attempts >= 5);
  expect(a.said).toHaveLength(1);
  relay.mode = "open";
  await isCaughtUp(bench);
});

test("a connection that does not answer to LISTEN is given up", async () => {
  const bench = await twoNodes({ ...noProbes, openMs: 500 });
  const { relay } = bench;
  let attempts = 0;
  relay.onSaid = (bytes) => {
    if (!bytes.includes("LISTEN")) return;
    relay.mode = ++attempts < 3 ? "silent" : "open";
    // The next attempt is heard, up to its LISTEN.
    if (relay.mode === "silent") setTimeout(() => (relay.mode = "open"), 400);
  };
  relay.cut();
  move(bench);
  await isCaughtUp(bench);
  expect(attempts).toBeGreaterThanOrEqual(3);
});

test("a connection is kept while only the sending fails", async () => {
  const bench = await twoNodes();
  const { a } = bench;
  let attempts = 0;
  bench.relay.onSaid = () => void attempts++;
  a.isCutOff = true;
  await until("some probes", () => a.failures > 30);
  expect([a.channel.isListening, a.said, attempts]).toEqual([true, [], 0]);
  a.isCutOff = false;
  bench.b.channel.tell(["device-2"]);
  await until("a change", () => a.changed.has("device-2"));
});

test("a channel that stops leaves no timer and no connection, whatever it was doing", async () => {
  const { hosts, database } = await newAddress();
  const { port } = hosts.current;
  const relay = new TcpRelay(port);
  relays.push(relay);
  for (const moment of ["listening", "opening", "asking", "pausing"]) {
    relay.mode = moment === "opening" ? "silent" : moment === "pausing" ? "closed" : "open";
    const script = join(import.meta.dir, "stopped-channel.ts");
    const child = Bun.spawn(
      [process.execPath, script, moment, String(relay.port), String(port), database],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    try {
      const said = await within(moment, Promise.all([child.exited, child.stderr.text()]));
      expect([moment, ...said]).toEqual([moment, 0, ""]);
    } finally {
      child.kill();
    }
  }
});
