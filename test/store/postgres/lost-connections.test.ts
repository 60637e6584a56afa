// Connections to PostgreSQL that end, fall silent or lose an answer: what was stored is told, what was not fails at once,
// what cannot be known gets no answer; and each report and each session is there once.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { OperatingError } from "../../../lib/operating-error.ts";
import type { AlertChange } from "../../../lib/server/alert-store.ts";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import type { Write } from "../../../lib/server/store-port.ts";
import type { PostgresAddress } from "../../../lib/store/postgres/connection/address.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { postgresServer } from "../../postgres-server.ts";
import { TcpRelay } from "../../tcp-relay.ts";
import { putSetting } from "../contract/alerts-contract.ts";
import { apply, load, reading, report, write } from "../contract/tested-store.ts";
import { startOfTime as at } from "../fixtures.ts";
import { closeStores, newAddress, openAt, withPort } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
const relays: TcpRelay[] = [];
afterEach(async () => {
  await closeStores();
  for (const relay of relays.splice(0)) relay.close();
});

type Bench = {
  readonly store: OpenStore;
  readonly relay: TcpRelay;
  readonly said: string[];
  readonly address: PostgresAddress;
};

/** A store behind a relay. */
async function behindRelay(): Promise<Bench> {
  const relay = new TcpRelay((await postgresServer()).port);
  relays.push(relay);
  const said: string[] = [];
  const address = await newAddress({ port: relay.port });
  const store = await openAt(address, said);
  return { store, relay, said, address };
}

const inserted: Write = {
  kind: "insert-device",
  device: { id: "a", mac: "m", ip: "i", port: 1 },
  hash: "h",
  at,
};

const opened: Write = {
  kind: "open-session",
  session: {
    device: "a",
    source: { ip: "10.0.0.1", port: 5 },
    stated: { ip: "10.0.0.2", port: 6 },
    started: at,
    clientKey: null,
    clockOffset: null,
  },
};

/** Lets a statement reach PostgreSQL, and its answer nobody; then cuts the connection on this side only. */
function loseAnswerOf(relay: TcpRelay, statement: string): void {
  relay.onSaid = (bytes) => {
    if (!bytes.includes(statement)) return;
    relay.onSaid = () => {};
    relay.mode = "mute";
    setTimeout(() => {
      relay.forget();
      relay.mode = "open";
    }, 200);
  };
}

const isThere = (store: OpenStore) =>
  until("the store", async () => await load(store, {}).catch(() => null));

test("reports whose answer is lost are sent again, and are no repeats", async () => {
  const { store, relay } = await behindRelay();
  await report(store, reading("a", "before"));
  // Prepared by the first batch, so its name is all that is sent.
  loseAnswerOf(relay, "again-1");
  const results = await report(store, reading("a", "again-1"), reading("a", "before"));
  expect(results).toMatchObject([
    { kind: "report", repeated: false },
    { kind: "report", repeated: true },
  ]);
  expect(await store.reads.count()).toBe(2);
  expect(await report(store, reading("a", "again-1"))).toMatchObject([{ repeated: true }]);
});

test("a transaction whose answer to COMMIT is lost is not carried out twice", async () => {
  const { store, relay, said } = await behindRelay();
  await write(store, inserted);
  loseAnswerOf(relay, "COMMIT");
  const session = await write(store, opened);
  const kept = await store.reads.sessions("a", 1e9, 10);
  expect(kept.map((row) => row.session)).toEqual([session]);
  await until("words", () => said.length > 1);
  expect(said.map((words) => words.replace(/^postgres:\S+ /, "").slice(0, 8))).toEqual([
    "is away:",
    "is there",
  ]);
});

test("settings whose answer to COMMIT is lost are stored once, and others have not changed them", async () => {
  const { store, relay } = await behindRelay();
  const { alerts } = store;
  const commit = async (changes: readonly AlertChange[], revision: number) => {
    try {
      await alerts.commit(changes, revision);
      return "stored";
    } catch (error) {
      return (error as OperatingError).code;
    }
  };
  const revision = await alerts.settingsRevision();
  const mute = putSetting("mute", "1", "a");
  loseAnswerOf(relay, "COMMIT");
  expect(await commit([putSetting("mute", "2", "b"), mute], revision)).toBe("stored");
  expect(await alerts.settingsRevision()).toBe(revision + 1);
  expect(await commit([mute], revision)).toBe("settings-changed");
  loseAnswerOf(relay, "COMMIT");
  const removal = { kind: "remove-setting", of: "mute", name: "1" } as const;
  expect(await commit([removal], revision + 1)).toBe("stored");
  expect(await alerts.settings()).toMatchObject([{ name: "2", value: "b" }]);
  expect(await alerts.settingsRevision()).toBe(revision + 2);
});

test("a transaction that never reached its COMMIT fails at once, and leaves nothing", async () => {
  const { store, relay } = await behindRelay();
  await write(store, inserted);
  relay.onSaid = (bytes) => {
    if (bytes.includes("BEGIN")) relay.cut();
  };
  expect(
    apply(store, {
      kind: "rule",
      keys: { device: "a" },
      decide: (rows) => ({ outcome: rows, writes: [opened] }),
    }),
  ).rejects.toMatchObject({ how: "failed" });
  relay.onSaid = () => {};
  await isThere(store);
  expect(await store.openSessions()).toEqual([]);
});

test("while there is no connection, batches are refused at once; then all goes on", async () => {
  const { store, relay, said } = await behindRelay();
  await report(store, reading("a", "before"));
  relay.mode = "closed";
  relay.cut();
  const failed = await report(store, reading("a", "x")).catch((error: unknown) => error);
  // The statement may have been sent: it is not known, once the time for a new connection is over.
  expect(failed).toMatchObject({ how: "unknown" });
  expect(() => store.apply([reading("a", "y")])).toThrow(
    expect.objectContaining({ how: "unavailable" }),
  );
  relay.mode = "open";
  await isThere(store);
  expect(await report(store, reading("a", "x"), reading("a", "y"))).toMatchObject([
    { kind: "report" },
    { kind: "report" },
  ]);
  expect(await store.reads.count()).toBe(3);
  expect(said.some((words) => words.includes("there again"))).toBe(true);
});

test("a silent connection is given up after 5 s, and its lock on the server with it", async () => {
  const { store, relay } = await behindRelay();
  await write(store, inserted);
  relay.mode = "silent";
  setTimeout(() => {
    relay.forget();
    relay.mode = "open";
  }, 6_000);
  expect(await write(store, opened).catch((error: unknown) => error)).toMatchObject({
    how: "failed",
  });
  await isThere(store);
  expect(await store.openSessions()).toEqual([]);
  await write(store, opened);
  expect(await store.openSessions()).toHaveLength(1);
});

test("a sign of life whose line says nothing any more is given over another one, before it lapses", async () => {
  const { store, relay } = await behindRelay();
  const sure = () => store.nodes?.sureUntil ?? 0;
  const before = sure();
  await until("a renewal", () => sure() > before);
  // The next sign is on its way for ever; nobody is told so, and new connections answer.
  relay.mode = "silent";
  const last = sure();
  await new Promise<void>((resolve) => (relay.onSaid = () => resolve()));
  relay.mode = "open";
  await until("the next one", () => sure() > last);
  expect(performance.now()).toBeLessThan(last);
});

test("a second server of a name is refused while the first lives, and the first stops if another has taken it", async () => {
  const address = await newAddress();
  const said: string[] = [];
  const first = await openAt(address, said);
  await report(first, reading("a", "x"));
  expect(openAt(address)).rejects.toMatchObject({ code: "node-taken" });
  // A server whose connection an operator ends loses its lock.
  const server = await postgresServer();
  const sql = server.connect(address.database);
  await sql.unsafe("UPDATE node SET epoch = epoch + 1");
  await sql.close({ timeout: 0 });
  expect(report(first, reading("a", "y"))).rejects.toMatchObject({ how: "failed" });
  await until("words", () =>
    said.some((words) => words.includes("another iot-server runs as node test")),
  );
  expect(() => first.apply([reading("a", "z")])).toThrow("another iot-server runs as node test");
});

test("the name of a server whose machine is gone is free when its sign of life has lapsed", async () => {
  const { relay, store, address } = await behindRelay();
  await report(store, reading("a", "x"));
  // PostgreSQL does not hear that the connections are gone.
  relay.mode = "silent";
  relay.forget();
  const server = await postgresServer();
  const sql = server.connect(address.database);
  await sql.unsafe("UPDATE node SET seen = clock_timestamp() - interval '9 s'");
  const next = await openAt(withPort(address, server.port));
  expect(await report(next, reading("a", "x"))).toMatchObject([{ repeated: true }]);
  const locks = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2";
  expect(await sql.unsafe(locks)).toHaveLength(1);
  await sql.close({ timeout: 0 });
});

test("what is not known is said with the reason why the database is away", async () => {
  const { relay, store } = await behindRelay();
  await report(store, reading("a", "x"));
  relay.onSaid = () => {
    relay.mode = "closed";
    relay.cut();
  };
  const words = await report(store, reading("a", "y")).catch((error: Error) => error.message);
  expect(words).toContain("its result is not known: postgres://");
  expect(words).not.toContain("no answer within");
});
