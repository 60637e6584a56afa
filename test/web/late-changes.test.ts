// What changes while a store still reads for the web side: devices come and go, sessions end, reports are removed. Nothing wrong
// is said then, and nothing wrong stays.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { RosterRow } from "../../lib/server/rows.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { noDevices, rosterRow } from "./fake-ports.ts";
import { lateReads, type ReadName } from "./late-reads.ts";
import { ServedFleet } from "./served-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

/** Does something once, while the nth read of this name is under way. */
function once(name: ReadName, action: () => void, nth = 1): (read: ReadName) => void {
  let left = nth;
  return (read) => {
    if (read === name && --left === 0) action();
  };
}

describe("the roster, loaded while devices come, log in and go", () => {
  test.each(Array.from({ length: 30 }, (_, i) => i + 1))(
    "has what the store has (seed %d)",
    async (seed) => {
      const random = new SeededRandom(seed);
      const fleet = new ServedFleet();
      const ids = Array.from({ length: 24 }, (_, i) => `d${String(i).padStart(2, "0")}`);
      for (const id of ids) if (random.below(3) > 0) fleet.enter(id);
      const act = () => {
        fleet.bench.wait(1_000);
        const actions = ["enter", "remove", "login", "logoff", "beat"] as const;
        fleet[random.pick(actions)](random.pick(ids));
      };
      const reads = lateReads(
        fleet.reads,
        seed,
        (name) => {
          if (name === "roster") for (let i = random.below(12); i > 0; i--) act();
        },
        3,
      );
      const { presence } = fleet.ports(reads);
      const roster = new Roster(reads, presence);
      fleet.feed.subscribe((facts) => roster.take(facts));
      await roster.load();
      const rows = (await fleet.reads.roster("", 1_000)) as RosterRow[];
      const stated = ({ id, session, ended, reason }: RosterRow) => ({
        id,
        session,
        ended,
        reason,
      });
      const found = ids.flatMap((id) => roster.get(id) ?? []).map(stated);
      expect(found).toEqual(rows.map(stated));
      const online = rows.filter(({ session, ended }) => session > 0 && ended === null).length;
      const never = rows.filter(({ session }) => session === 0).length;
      expect(roster.counts).toMatchObject({ registered: rows.length, online, never });
    },
  );

  test("begins anew after a read that failed", async () => {
    let isDown = true;
    const devices = {
      ...noDevices,
      roster: async (after: string) => {
        if (isDown && after !== "") throw new Error("the connection is lost");
        return after === "" ? [rosterRow("a", { session: 1 })] : [];
      },
    };
    const presence = { get: () => undefined, all: () => [][Symbol.iterator]() };
    const roster = new Roster(devices, presence);
    expect(await roster.load().then(String, (error: Error) => error.message)).toContain("lost");
    expect(roster.counts.registered).toBe(0);
    isDown = false;
    await roster.load();
    expect(roster.counts).toMatchObject({ registered: 1, online: 1 });
  });

  test("a device that logs in while a page is made is in it once", async () => {
    const rows = [rosterRow("a"), rosterRow("b", { session: 1 })];
    const devices = { ...noDevices, roster: (after: string) => (after === "" ? rows : []) };
    // The page asks for b's last packet when it has met a already.
    let isIn = false;
    const get = () => {
      if (!isIn) roster.take([{ kind: "logged-in", id: "a", session: 2, at: 5 }]);
      isIn = true;
      return undefined;
    };
    const roster = new Roster(devices, { get });
    const query = {
      contains: "",
      found: new Set<string>(),
      select: null,
      presence: null,
      unheard: null,
      // Only then is it asked when each was heard.
      key: "lastSeen",
      descending: false,
    } as const;
    const { entries, total } = await roster.page({ ...query, limit: 10, after: null });
    expect([entries.map(({ id }) => id), total]).toEqual([["a", "b"], 2]);
    expect(roster.counts).toMatchObject({ registered: 2, online: 2, never: 0 });
  });
});

describe("a device that changes while a list reads it", () => {
  type List = {
    readonly devices: readonly {
      readonly id: string;
      readonly mac: string;
      readonly presence: string;
      readonly lastReport: { readonly message: string } | null;
    }[];
  };

  async function listDuring(
    seed: number,
    path: string,
    name: ReadName,
    act: (fleet: ServedFleet) => void,
  ) {
    const fleet = new ServedFleet();
    for (const id of ["a", "b", "c", "d"]) {
      fleet.enter(id);
      fleet.report(id, "1");
    }
    const during = once(name, () => act(fleet));
    await using late = fleet.serve(lateReads(fleet.reads, seed, during));
    return await late.read<List>(`/api/v1/devices${path}`);
  }

  test.each(seeds)(
    "is left out if it is deregistered, even if it registers again (seed %d)",
    async (seed) => {
      const { devices } = await listDuring(seed, "", "factsOf", (fleet) => {
        fleet.remove("b");
        fleet.remove("c");
        fleet.register("c");
      });
      expect(devices.map(({ id, presence }) => [id, presence])).toEqual([
        ["a", "online"],
        ["d", "online"],
      ]);
    },
  );

  test.each(seeds)(
    "is left out if it is not what was asked for any more (seed %d)",
    async (seed) => {
      const { devices } = await listDuring(seed, "?presence=online", "reportsAt", (fleet) =>
        fleet.logoff("b"),
      );
      expect(devices.map(({ id }) => id)).toEqual(["a", "c", "d"]);
    },
  );

  test.each(seeds)("has the report that it sent meanwhile (seed %d)", async (seed) => {
    const { devices } = await listDuring(seed, "", "reportsAt", (fleet) => fleet.report("b", "2"));
    expect(devices.map(({ lastReport }) => lastReport?.message)).toEqual(["1", "2", "1", "1"]);
    const own = await listDuring(seed, "/b", "reportsAt", (fleet) => fleet.report("b", "2"));
    expect(own).toMatchObject({ id: "b", lastReport: { message: "2" } });
  });

  test.each(seeds)(
    "is unknown if it was asked for alone and deregistered (seed %d)",
    async (seed) => {
      for (const name of ["factsOf", "reportsAt"] as const) {
        const gone = await listDuring(seed, "/b", name, (fleet) => {
          fleet.remove("b");
          fleet.register("b");
        });
        expect(gone).toMatchObject({ code: "unknown-device" });
      }
    },
  );
});

test.each(seeds)(
  "a session that was replaced meanwhile has nothing of the new one (seed %d)",
  async (seed) => {
    const fleet = new ServedFleet();
    fleet.enter("a");
    const during = once("sessions", () => {
      fleet.bench.wait(60_000);
      fleet.login("a");
    });
    const loggedIn = fleet.bench.wall;
    await using late = fleet.serve(lateReads(fleet.reads, seed, during));
    type Sessions = { readonly sessions: readonly { session: number; lastSeen: string }[] };
    const { sessions } = await late.read<Sessions>("/api/v1/devices/a/sessions");
    const first = sessions.find(({ session }) => session === 1);
    expect(Date.parse(first?.lastSeen ?? "")).toBe(loggedIn);
  },
);
