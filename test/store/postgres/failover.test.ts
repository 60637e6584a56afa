// A standby of PostgreSQL takes over: what is not known to be on it is not acknowledged, and nothing is asked of a server that
// only follows.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { Hosts } from "../../../lib/store/postgres/connection/hosts.ts";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import type { Write } from "../../../lib/server/store-port.ts";
import { pause, testTimeoutMs, until } from "../../e2e/polling.ts";
import { type PostgresServer, startNew } from "../../postgres-server.ts";
import { TcpRelay } from "../../tcp-relay.ts";
import { apply, load, loading, reading, report, write } from "../contract/tested-store.ts";
import { deviceOf, startOfTime } from "../fixtures.ts";
import { PostgresPlace } from "../../../lib/store/postgres/postgres-place.ts";
import { closeStores, newAddress, openAt, withPort } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
const servers: PostgresServer[] = [];
const relays: TcpRelay[] = [];
afterEach(async () => {
  await closeStores();
  for (const relay of relays.splice(0)) relay.close();
  for (const server of servers.splice(0)) await server.stop("immediate");
});

/** A primary and its standby, with an empty database. */
async function twoServers() {
  const primary = await startNew();
  servers.push(primary);
  const database = await primary.newDatabase();
  const standby = await primary.startReplica();
  servers.push(standby);
  return { primary, standby, address: { ...(await newAddress()), database } };
}

/** A store behind a relay to a primary with a synchronous standby. */
async function behindRelay() {
  const both = await twoServers();
  await both.primary.waitForReplica(true);
  const relay = new TcpRelay(both.primary.port);
  relays.push(relay);
  const store = await openAt(withPort(both.address, relay.port));
  return { ...both, relay, store };
}

/** How batches have failed, in turn, until one was stored. */
async function failuresOf(store: OpenStore): Promise<string[]> {
  const failures: string[] = [];
  await until("a batch to be stored", async () => {
    try {
      return await apply(store, loading({}));
    } catch (error) {
      failures.push((error as { how: string }).how);
      return false;
    }
  });
  return failures;
}

test("until one of the servers leads, batches are refused at once, and nothing is sent to one that follows", async () => {
  const { primary, standby, address } = await twoServers();
  const hosts = [primary, standby].map(({ port }) => ({ hostname: "127.0.0.1", port }));
  const said: string[] = [];
  const store = await openAt({ ...address, hosts: new Hosts(hosts) }, said);
  await apply(store, loading({}));
  await primary.stop("immediate");
  await until("the loss", () => said.length > 0);
  const failures = failuresOf(store);
  // It looks for one that leads four times a second.
  await pause(2_000);
  expect(said.filter((words) => words.includes("there again"))).toEqual([]);
  await standby.promote();
  expect(new Set(await failures)).toEqual(new Set(["unavailable"]));
});

test("reports that the synchronous standby may not have are not acknowledged, also if they are found stored", async () => {
  const { primary, standby, relay, store } = await behindRelay();
  await report(store, reading("a", "before"));
  await standby.stop("immediate");
  const steps = [reading("a", "one"), reading("a", "two")];
  const stored = report(store, ...steps).then(
    () => "acknowledged",
    (error: { how: string }) => error.how,
  );
  // PostgreSQL waits for its standby; what ends the connection makes it visible.
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  const sql = primary.connect();
  await until("the wait for the standby", async () => (await sql.unsafe(waiting)).length > 0);
  await sql.close({ timeout: 0 });
  relay.cut();
  expect(await stored).toBe("unknown");
  await standby.start();
  await until("the store", () => report(store, ...steps).catch(() => null));
  expect(await report(store, ...steps)).toMatchObject([{ repeated: true }, { repeated: true }]);
});

test("a transaction is not taken for committed because another one has its number after a failover", async () => {
  const { primary, standby, relay, store, address } = await behindRelay();
  await primary.waitForReplica(false);
  await standby.stop("fast");
  const inserted: Write = {
    kind: "insert-device",
    device: deviceOf(1),
    hash: "h",
    at: startOfTime,
  };
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  relay.onSaid = (bytes) => {
    if (!bytes.includes("COMMIT")) return;
    relay.mode = "mute";
    resolve();
  };
  const stored = write(store, inserted).then(
    () => "acknowledged",
    (error: { how: string }) => error.how,
  );
  await sent;
  relay.onSaid = () => {};
  await pause(100);
  await primary.stop("immediate");
  await standby.start();
  await standby.promote();
  const sql = standby.connect(address.database);
  for (let n = 0; n < 50; n++) await sql.unsafe("SELECT pg_current_xact_id()");
  await sql.close({ timeout: 0 });
  relay.to = standby.port;
  relay.mode = "open";
  relay.cut();
  expect(await stored).toBe("unknown");
  const { device } = await until("the store", () =>
    load(store, { device: "device-1" }).catch(() => null),
  );
  expect(device).toBeNull();
});

test("a start waits until one of the servers leads, and needs none any more once the store is open", async () => {
  const { primary, standby, address } = await twoServers();
  const relay = new TcpRelay(standby.port);
  relays.push(relay);
  await primary.stop("immediate");
  const notes: string[] = [];
  const traits = { fingerprint: () => "SHA256:one", sharedIp: false };
  const node = { name: "a", address: "localhost:9000", version: "1" };
  const opening = {
    traits,
    node: { ...node, offlineAfterMs: 540_000, settings: {} },
    onNote: (words: string) => void notes.push(words),
    onTrouble: () => {},
    onProgress: () => {},
    hashPassword: async () => "h",
    now: Date.now,
  };
  const place = new PostgresPlace("unused", withPort(address, relay.port), null);
  const opened = place.open(opening);
  await until("a note", () => notes.some((words) => words.includes("is a read-only standby")));
  await standby.promote();
  const store = await opened;
  relay.mode = "closed";
  relay.cut();
  expect(await store.openSessions()).toEqual([]);
  await store.close();
});
