// The devices in memory: pages in every order against a plain sort, and the effect of committed batches.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Fact, Feed } from "../../lib/server/feed.ts";
import type { RosterRow } from "../../lib/server/rows.ts";
import type { RosterEntry } from "../../lib/fleet/presence-of.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import type { RosterPage, RosterQuery } from "../../lib/fleet/roster-page.ts";
import { fakePorts, liveSession, noDevices, rosterRow } from "../web/fake-ports.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const count = 2_500;
const rows = Array.from({ length: count }, (_, i) => {
  const id = `device-${String((i * 7_919) % count).padStart(5, "0")}`;
  if (i % 5 === 0) return rosterRow(id);
  const lastSeen = (i * 31) % 997;
  const ended = i % 3 === 0 ? lastSeen + 1 : null;
  return rosterRow(id, {
    session: i,
    started: 1,
    lastSeen,
    ended,
    reason: ended === null ? null : i % 2 === 0 ? "offline" : "logoff",
  });
}).sort((a, b) => (a.id < b.id ? -1 : 1));

function newRoster(onChange: (id: string) => void = () => {}): Roster {
  const { presence, devices } = fakePorts({
    devices: {
      ...noDevices,
      roster: (after, limit) => rows.filter(({ id }) => id > after).slice(0, limit),
    },
  });
  const roster = new Roster(devices, presence);
  roster.listen(onChange);
  return roster;
}

const everything: RosterQuery = {
  contains: "",
  found: new Set(),
  select: null,
  presence: null,
  unheard: null,
  key: "id",
  descending: false,
  limit: 100,
  after: null,
};

async function allPages(roster: Roster, query: RosterQuery): Promise<RosterEntry[]> {
  const found: RosterEntry[] = [];
  for (let after: RosterPage["next"] = null; ;) {
    const page = await roster.page({ ...query, after });
    found.push(...page.entries);
    if (page.next === null) return found;
    after = page.next;
  }
}

describe("pages, one after the other, give the whole list in order", () => {
  for (const key of ["id", "lastSeen"] as const) {
    for (const descending of [false, true]) {
      for (const limit of [1_000, 137, count, 1]) {
        if (limit === 1 && key === "id") continue;
        test(`${descending ? "-" : ""}${key}, ${limit} a page`, async () => {
          const roster = newRoster();
          const contains = limit === 1 ? "000" : "";
          const found = await allPages(roster, { ...everything, key, descending, limit, contains });
          const value = (row: (typeof rows)[number]) => (row.session === 0 ? -1 : row.lastSeen);
          const expected = rows
            .filter(({ id }) => id.includes(contains))
            .sort((a, b) => {
              const byKey = key === "id" ? 0 : value(a) - value(b);
              const order = byKey === 0 ? (a.id < b.id ? -1 : 1) : byKey;
              return descending ? -order : order;
            });
          expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
        });
      }
    }
  }
});

describe("an order by what not every device has", () => {
  const labelled = (id: string, labels: Record<string, string>, changes: Partial<RosterRow> = {}) =>
    rosterRow(id, { ...changes, labels: new Map(Object.entries(labels)) });
  const some = [
    labelled("a", { name: "Zebra" }, { session: 1, lastSeen: 500, started: 1 }),
    labelled("b", { area: "Kitchen" }),
    labelled(
      "c",
      { name: "attic", area: "cellar" },
      { session: 2, lastSeen: 300, ended: 301, reason: "offline" },
    ),
    labelled("d", {}, { session: 3, lastSeen: 400, ended: 401, reason: "logoff" }),
    labelled("e", { area: "Kitchen" }),
  ];
  const values = new Map([
    ["b", -3],
    ["d", 12],
    ["e", 2],
  ]);
  const idsOf = async (query: Partial<RosterQuery>) => {
    const roster = new Roster(
      { ...noDevices, roster: (after) => (after === "" ? some : []) },
      fakePorts().presence,
    );
    const found = await allPages(roster, { ...everything, limit: 2, values, ...query });
    return found.map(({ id }) => id).join("");
  };

  test.each([
    ["name", "cbdea", "aedbc"],
    ["area", "cbead", "ebcda"],
    ["status", "cdbea", "aebdc"],
    ["value", "bedac", "debca"],
  ] as const)("%s: %s, and the other way %s", async (key, up, down) => {
    expect([await idsOf({ key }), await idsOf({ key, descending: true })]).toEqual([up, down]);
  });

  test("not heard since a time, those that never were not counted", async () => {
    expect(await idsOf({ unheard: 400 })).toBe("c");
    expect(await idsOf({ unheard: 501, presence: "left" })).toBe("d");
  });
});

test("filters by presence and by a part of the id, and counts the matches", async () => {
  const roster = newRoster();
  const page = await roster.page({
    ...everything,
    presence: "never",
    contains: "device-01",
    limit: 5,
  });
  const expected = rows.filter((row) => row.session === 0 && row.id.includes("device-01"));
  expect(page.total).toBe(expected.length);
  expect(page.entries.map(({ id }) => id)).toEqual(expected.slice(0, 5).map(({ id }) => id));
  const { registered, online, offline, never } = roster.counts;
  expect(registered).toBe(count);
  expect(online + offline + never).toBe(count);
  expect(never).toBe(count / 5);
});

test("tells devices that fell silent from those that left", async () => {
  const roster = newRoster();
  const find = (presence: "offline" | "silent" | "left") =>
    roster.page({ ...everything, presence, limit: count });
  const [offline, silent, left] = await Promise.all([
    find("offline"),
    find("silent"),
    find("left"),
  ]);
  expect(silent.total).toBeGreaterThan(0);
  expect(silent.entries.every(({ reason }) => reason === "offline")).toBe(true);
  expect(left.entries.some(({ reason }) => reason === "offline")).toBe(false);
  expect(silent.total + left.total).toBe(offline.total);
  expect(roster.counts.silent).toBe(silent.total);
});

describe("what is committed changes the roster", () => {
  const registered: Fact = { kind: "registered", id: "new", at: 5 };
  const loggedIn = (session: number): Fact => ({ kind: "logged-in", id: "new", session, at: 7 });
  const ended: Fact = {
    kind: "ended",
    id: "new",
    session: 9_001,
    reason: "offline",
    lastSeen: 8,
    at: 9,
  };

  async function after(...facts: Fact[]) {
    const changed: string[] = [];
    const roster = newRoster((id) => changed.push(id));
    await roster.load();
    const feed = new Feed();
    feed.subscribe((told) => roster.take(told));
    for (const fact of facts) feed.tell(fact);
    feed.publish();
    return { entry: roster.get("new"), changed, counts: roster.counts };
  }

  test("by a registration", async () => {
    expect(await after(registered)).toMatchObject({ entry: { session: 0 }, changed: ["new"] });
    expect(await after()).toMatchObject({ entry: undefined, changed: [] });
  });

  test("by a login, and by going offline", async () => {
    const online = await after(registered, loggedIn(9_001));
    expect(online.entry).toMatchObject({ session: 9_001, started: 7, ended: null });
    const gone = await after(registered, loggedIn(9_001), ended);
    expect(gone.entry).toMatchObject({ ended: 9, reason: "offline", lastSeen: 8 });
    expect(gone.counts.online).toBe(online.counts.online - 1);
    expect(gone.counts.silent).toBe(online.counts.silent + 1);
    const back = await after(loggedIn(9_001), ended, loggedIn(9_002));
    expect(back.counts).toEqual((await after(registered, loggedIn(10_000))).counts);
  });

  test("by labels, which stay over logins, and go with a registration", async () => {
    const name = new Map([["name", "Freezer"]]);
    const labelled: Fact = { kind: "labelled", id: "new", labels: name, isOwn: true };
    const named = await after(registered, labelled, labelled, loggedIn(9_001), ended);
    expect(named.entry).toMatchObject({ labels: name, session: 9_001 });
    // The same once more is no change.
    expect(named.changed).toHaveLength(4);
    expect((await after(registered, labelled, registered)).entry?.labels.size).toBe(0);
    const times = { started: 5, lastSeen: 5, ended: null, reason: null };
    const row = { id: "new", session: 9, labels: new Map(), ...times, node: "b", openCommands: "" };
    const changed: Fact = { kind: "changed", id: "new", row };
    expect((await after(registered, labelled, changed)).entry?.labels.size).toBe(0);
    expect((await after(labelled)).entry).toBeUndefined();
  });

  test("also while it loads, whatever else becomes of the device meanwhile", async () => {
    const [old, name] = [new Map([["name", "old"]]), new Map([["name", "Freezer"]])];
    const labelled: Fact = { kind: "labelled", id: "new", labels: name, isOwn: true };
    const table: [Fact[], ReadonlyMap<string, string>][] = [
      [[loggedIn(9)], old],
      [[labelled, loggedIn(9), loggedIn(10)], name],
      [[loggedIn(9), labelled, ended], name],
      [[registered, loggedIn(9)], new Map()],
      [[labelled, { kind: "removed", id: "new", at: 8 }, registered, loggedIn(9)], new Map()],
    ];
    for (const [facts, labels] of table) {
      const { promise: first, resolve: answer } = Promise.withResolvers<RosterRow[]>();
      const roster = new Roster(
        { ...noDevices, roster: (from) => (from === "" ? first : []) },
        { get: () => undefined },
      );
      const loaded = roster.load();
      for (const fact of facts) roster.take([fact]);
      answer([rosterRow("new", { labels: old })]);
      await loaded;
      expect(roster.get("new")?.labels).toEqual(labels);
    }
  });

  test("the end of a replaced session does not end the newer one", async () => {
    const { entry } = await after(loggedIn(9_001), loggedIn(9_002), ended);
    expect(entry).toMatchObject({ session: 9_002, ended: null });
  });

  test("by a removal", async () => {
    const gone = await after(registered, { kind: "removed", id: "new", at: 8 });
    expect(gone).toMatchObject({
      entry: undefined,
      changed: ["new", "new"],
      counts: { registered: count },
    });
  });
});

test.each([
  ["earlier", 5],
  ["later, because the clock was set back", 99],
])("the last packet of an open session is the engine's; its row is %s", async (_, lastSeen) => {
  const session = liveSession("a", { lastSeen: 77 });
  const { devices } = fakePorts({
    devices: {
      ...noDevices,
      roster: (after) => (after === "" ? [rosterRow("a", { session: 1, lastSeen })] : []),
    },
  });
  const presence = { get: () => session, all: () => [session][Symbol.iterator]() };
  const roster = new Roster(devices, presence);
  await roster.load();
  expect(roster.lastSeen(roster.get("a") as RosterEntry)).toBe(77);
});
