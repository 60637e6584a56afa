// Which session is a device's latest, for all who list it: the one with the highest number since the device was
// registered, whatever the wall clock showed.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Operation } from "../../operations.ts";
import { listDevices } from "../../../../lib/store/sqlite/rows/device-listing.ts";
import { OperatorReader } from "../../../../lib/store/sqlite/operator-reader.ts";
import { applicationId, migrate, migrations } from "../../../../lib/store/sqlite/file/schema.ts";
import { endOpenSql } from "../../../../lib/store/sqlite/rows/session-rows.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, loginOf, registerOf, startOfTime } from "../../fixtures.ts";
import { newDatabase } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

const device = deviceOf(1);
const right = { kind: "verified", hash: "h1" } as const;
const minute = 60_000;

const register = (at: number): Operation => ({ ...registerOf(device), at });
const login = (at: number): Operation => ({ ...loginOf(device, right), at });
const end = (session: number, at: number): Operation => ({
  kind: "end",
  id: "device-1",
  lastSeen: 0,
  session,
  reason: "logoff",
  at,
});
const deregister = (at: number): Operation => ({
  kind: "deregister",
  device,
  proof: right,
  clientKey: null,
  at,
});

/** The number and the state of the device's latest session, as the API and `devices` see it; both must agree. */
function latestIn(database: Database): [number, "open" | "ended"] | null {
  const reader = new OperatorReader(database, new SqliteStore(database));
  const [row] = reader.roster("", 10);
  const [listed] = [...listDevices(database)];
  if (row === undefined || row.session === 0) {
    expect(listed?.session).toBeNull();
    return null;
  }
  expect(listed?.session).toMatchObject({ started: row.started, ended: row.ended });
  return [row.session, row.ended === null ? "open" : "ended"];
}

const [now, before, after] = [startOfTime, 0, startOfTime + 200 * 86_400_000];

test.each([
  [
    "the clock went back: the open session wins",
    [register(now), login(now), login(before)],
    [2, "open"],
  ],
  [
    "the clock went back, and the device logged off",
    [register(now), login(before), end(1, before)],
    [1, "ended"],
  ],
  [
    "the clock was ahead for a while",
    [register(now), login(after), login(now), end(2, now)],
    [2, "ended"],
  ],
  ["registered with a clock ahead", [register(after), login(now)], [1, "open"]],
  [
    "registered again after the clock went back",
    [register(now), login(now), deregister(now), register(before)],
    null,
  ],
  [
    "registered again after the clock went back, and logged in",
    [register(now), login(now), deregister(now), register(before), login(before + minute)],
    [2, "open"],
  ],
  [
    "logged off, deregistered, registered again in the past",
    [register(now), login(now), end(1, now), deregister(now), register(before)],
    null,
  ],
] as const)("%s", (_, operations, latest) => {
  const database = newDatabase();
  operate(new SqliteStore(database), operations);
  expect(latestIn(database)).toEqual(latest === null ? null : [...latest]);
});

/** Rows as version 3 left them: `[started, ended, reason]` of each session. */
const older: readonly (readonly [
  name: string,
  registered: number,
  sessions: readonly (readonly [number, number | null, string | null])[],
  latest: readonly [number, "open" | "ended"] | null,
])[] = [
  ["the open one, though it began in 1970", now, [[before, null, null]], [1, "open"]],
  [
    "one that began in 1970, after one that began after the registration",
    now,
    [
      [now, now, "replaced"],
      [before, before, "offline"],
    ],
    [2, "ended"],
  ],
  [
    "none of those before the registration",
    now,
    [
      [now - minute, now - 1, "deregistered"],
      [now - minute, now - 1, "logoff"],
    ],
    null,
  ],
  [
    "none up to the last one that a DEREGISTER ended, even if it began later",
    before,
    [[now, now, "deregistered"]],
    null,
  ],
];

test.each(older)("of an earlier release's rows: %s", (_, registered, sessions, latest) => {
  const database = new Database(":memory:", { strict: true });
  for (const step of migrations.slice(0, 3)) database.run(step);
  database.run(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = 3`);
  database.run(
    `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
     VALUES ('device-1', 'AA', 'aa', '10.0.0.1', 1994, 'h1', ?1, ?1)`,
    [registered],
  );
  for (const [started, ended, reason] of sessions) {
    database.run(
      `INSERT INTO login (device, ip, port, login_ip, login_port, started, last_seen, ended, reason)
       VALUES ('device-1', '10.0.0.1', 5, '10.0.0.1', 1994, ?1, ?1, ?2, ?3)`,
      [started, ended, reason],
    );
  }
  migrate(database, ":memory:");
  expect(latestIn(database)).toEqual(latest === null ? null : [...latest]);
  operate(new SqliteStore(database), [login(before)]);
  expect(latestIn(database)).toEqual([sessions.length + 1, "open"]);
});

test("the end of a session stores when its device was last heard, also if its row was not due since", () => {
  const database = newDatabase();
  const store = new SqliteStore(database);
  operate(store, [register(now), login(now)]);
  const lastSeen = now + minute;
  operate(store, [
    { kind: "end", id: "device-1", session: 1, reason: "offline", lastSeen, at: now + 4 * minute },
  ]);
  expect([...listDevices(database)].map(({ session }) => session?.lastSeen)).toEqual([lastSeen]);
});

test("to open a session the earlier ones of the device are not gone through", () => {
  const plan = newDatabase().query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${endOpenSql}`);
  expect(plan.all().map(({ detail }) => detail)).toEqual([
    expect.stringContaining("USING INDEX login_open (device=?)"),
  ]);
});
