// Reads of devices that other nodes hear, or have changed: of many at once, in the order in which they were asked for.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { ElsewhereReads } from "../../../../lib/server/nodes.ts";
import type { Write } from "../../../../lib/server/store-port.ts";
import { PostgresReads } from "../../../../lib/store/postgres/postgres-reads.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { postgresServer } from "../../../postgres-server.ts";
import { reading, report, write } from "../../contract/tested-store.ts";
import { deviceOf, startOfTime } from "../../fixtures.ts";
import { closeStores, newAddress, openAt } from "../postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const traits = { fingerprint: "SHA256:one", sharedIp: false };
const source = { ip: "10.0.0.9", port: 7 };

/** Two nodes on one database. */
async function pair() {
  const address = await newAddress();
  const a = await openAt(address, [], traits, "a");
  const b = await openAt(address, [], traits, "b");
  return { a, b, elsewhere: b.elsewhere as ElsewhereReads };
}

function registered(number: number): Write {
  return { kind: "insert-device", device: deviceOf(number), hash: "h", at: startOfTime };
}

function opened(number: number, sealed = false): Write {
  const clientKey = sealed ? new Uint8Array(32).fill(number) : null;
  const device = deviceOf(number).id;
  const session = { device, source, stated: source, started: startOfTime, clockOffset: null };
  return { kind: "open-session", session: { ...session, clientKey } };
}

test("open sessions of some devices, null for each that has none", async () => {
  const { a, elsewhere } = await pair();
  const text = await write(a, registered(1), opened(1));
  const sealed = await write(a, registered(2), opened(2, true));
  const ended = await write(a, registered(3), opened(3));
  const end = { session: ended, reason: "logoff", lastSeen: startOfTime, at: startOfTime } as const;
  await write(a, { kind: "end-session", ...end });
  const found = await elsewhere.openSessions(["device-3", "nobody", "device-2", "device-1"]);
  expect(found).toMatchObject([
    null,
    null,
    { session: sealed, device: "device-2", node: "a", source, ended: null },
    { session: text, device: "device-1", node: "a", clientKey: null },
  ]);
  expect(found[2]?.clientKey).toHaveLength(32);
});

test("the last reports of some devices, null for each that has none", async () => {
  const { a, b } = await pair();
  const one = await write(a, registered(1), opened(1));
  await write(a, registered(2), opened(2));
  await report(a, { ...reading("device-1", "1"), session: one });
  await report(a, { ...reading("device-1", "2"), session: one });
  expect(await b.reads.latestOf(["device-2", "device-1", "nobody"])).toMatchObject([
    null,
    { device: "device-1", message: "2" },
    null,
  ]);
  expect(await b.elsewhere?.openSessions([])).toEqual([]);
});

test("sessions of a node that were written since a look, and only those", async () => {
  const { a, b, elsewhere } = await pair();
  const [one, two] = [
    await write(a, registered(1), opened(1)),
    await write(a, registered(2), opened(2)),
  ];
  await write(b, registered(3), opened(3));
  const look = (since: string | null, after = "", limit = 10) =>
    elsewhere.heard({ node: "a", after, since, limit });
  const first = await look(null);
  expect(first).toMatchObject({
    sessions: [
      ["device-1", one, startOfTime],
      ["device-2", two, startOfTime],
    ],
    last: null,
  });
  expect((await look(first.mark)).sessions).toEqual([]);
  const touch = { device: "device-2", source, everySeconds: 9, clockOffset: null, repeats: 0 };
  // The clock of its server was set back.
  const touches = [{ ...touch, session: two, lastSeen: startOfTime - 5 }];
  await write(a, { kind: "touch-sessions", touches });
  expect((await look(first.mark)).sessions).toEqual([["device-2", two, startOfTime - 5]]);
  const second = await look(first.mark);
  expect((await look(second.mark)).sessions).toEqual([]);
});

test("a look examines so many sessions at most, and the next one goes on after them", async () => {
  const { a, elsewhere } = await pair();
  for (const number of [3, 1, 2]) await write(a, registered(number), opened(number));
  const look = (after: string) => elsewhere.heard({ node: "a", after, since: null, limit: 2 });
  const first = await look("");
  expect(first.sessions.map(([id]) => id)).toEqual(["device-1", "device-2"]);
  expect(first.last).toBe("device-2");
  expect(await look("device-2")).toMatchObject({
    sessions: [["device-3", expect.any(Number), startOfTime]],
    last: null,
  });
  expect(await look("device-3")).toMatchObject({ sessions: [], last: null });
});

test("what another node has changed is read with one look at the sessions of each device", async () => {
  const address = await newAddress();
  await openAt(address, [], traits, "a");
  const client = (await postgresServer()).connect(address.database);
  await client.unsafe(
    `INSERT INTO device (id, mac, mac_key, ip, port, password, registered, updated, first_session)
     SELECT 'device-' || n, n, n, n, 1, 'h', 0, 0, n FROM generate_series(1, 5000) AS n`,
  );
  await client.unsafe(
    `INSERT INTO session (session, device, ip, port, login_ip, login_port, started, last_seen, node)
     SELECT n, 'device-' || (n - 1) % 5000 + 1, '10.0.0.1', 1, '10.0.0.1', 1, 0, 0, 'a' FROM generate_series(1, 10000) AS n`,
  );
  await client.unsafe("VACUUM ANALYZE");
  const ids = Array.from({ length: 500 }, (_, i) => `device-${i + 1}`);
  await client.begin(async (query) => {
    const read = (text: string, values: unknown[]) => query.unsafe(text, values);
    const reads = new PostgresReads({ read } as never, {} as never, {} as never, () => true);
    const placed = await reads.placed([...ids, "nobody"]);
    expect(placed).toHaveLength(500);
    expect(placed.find(({ id }) => id === "device-7")).toMatchObject({ session: 5_007, node: "a" });
    const [looked] = await query.unsafe(
      `SELECT (seq_tup_read + idx_tup_fetch)::float8 AS rows FROM pg_stat_xact_user_tables WHERE relname = 'session'`,
    );
    expect(looked.rows).toBe(500);
  });
  await client.close({ timeout: 0 });
});
