// The warnings of the status: each with a code, words that say what to do, and a count.

import { expect, setDefaultTimeout, test } from "bun:test";
import { LiveClients } from "../../lib/web/live-clients.ts";
import { Roster } from "../../lib/web/roster.ts";
import { ServerStatus } from "../../lib/web/server-status.ts";
import { fakeGauges, fakePorts } from "./fake-ports.ts";
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
  const roster = new Roster(ports.devices, ports.presence, () => {});
  const status = new ServerStatus(ports, roster, new LiveClients(), false);
  status.close();
  const { warnings } = await status.read();
  const warning = warnings.find(({ code }) => code === "ids-contested");
  expect(warning?.text).toBe(words as string);
  expect(warning?.count ?? 0).toBe(contestedIds.length);
});
