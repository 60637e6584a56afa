// The warnings of the status: each with a code, words that say what to do, and a count.

import { expect, setDefaultTimeout, test } from "bun:test";
import { LiveClients } from "../../lib/web/live/live-clients.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import { ServerStatus } from "../../lib/web/server-status.ts";
import { fakeGauges, fakePorts, reportsOf } from "./fake-ports.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test.each([
  [[], undefined],
  [["a"], "Two devices seem to use the id a in turn: give each an id of its own"],
  [
    ["a", "b", "c"],
    "Two devices seem to use the id a and 2 more in turn: give each an id of its own",
  ],
])("ids that two devices use: %p", async (contestedIds, words) => {
  const ports = fakePorts({ gauges: () => fakeGauges({ contestedIds }) });
  const roster = new Roster(ports.devices, ports.presence);
  const status = new ServerStatus(ports, roster, new LiveClients(), false);
  status.close();
  const { warnings } = await status.read();
  const warning = warnings.find(({ code }) => code === "ids-contested");
  expect(warning?.text).toBe(words as string);
  expect(warning?.count ?? 0).toBe(contestedIds.length);
});

test("a store that cannot be relied on is a warning that says why, beside what was known before", async () => {
  let why: string | null = null;
  let answers = true;
  const reports = {
    ...reportsOf([]),
    count: async () => {
      if (!answers) throw new Error("no answer");
      return 7;
    },
  };
  const loss = () => (why === null ? null : ({ kind: "away", why } as const));
  const ports = fakePorts({ loss, reports });
  const roster = new Roster(ports.devices, ports.presence);
  const status = new ServerStatus(ports, roster, new LiveClients(), false);
  status.close();
  expect(await status.read()).toMatchObject({ database: { reports: 7 } });
  answers = false;
  expect(status.read()).rejects.toThrow("no answer");
  why = "postgres://iot@db/iot is away: it ended";
  const { database, warnings } = await status.read();
  expect(database.reports).toBe(7);
  expect(warnings.find(({ code }) => code === "store-away")?.text).toBe(
    "Nothing can be stored: postgres://iot@db/iot is away: it ended",
  );
});
