// The roster is read again: what other servers have done is found though nobody told it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Roster } from "../../../lib/fleet/roster.ts";
import { RosterRenewal } from "../../../lib/web/live/roster-renewal.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { noDevices, fakePorts, rosterRow } from "../fake-ports.ts";
import { elsewhereOf } from "../other-node.ts";
import { ServedFleet } from "../served-fleet.ts";

setDefaultTimeout(testTimeoutMs);

test("a login, an end and a new device of other servers are found within ten seconds, and told once", async () => {
  let rows = [rosterRow("a"), rosterRow("b", { session: 1, started: 5 }), rosterRow("c")];
  const clock = { now: 0 };
  const roster = (after: string) => rows.filter(({ id }) => id > after).slice(0, 2);
  const ports = fakePorts({
    elsewhere: elsewhereOf(new ServedFleet().reads),
    devices: { ...noDevices, roster },
    uptimeMs: () => clock.now,
  });
  const changed: string[] = [];
  const known = new Roster(ports.devices, ports.presence);
  known.listen((id) => void changed.push(id));
  await known.load();
  const renewal = new RosterRenewal(ports, known);
  const pass = async () => {
    clock.now += 10_000;
    for (let i = 0; i < 5; i++) await renewal.step();
  };
  await pass();
  expect(changed).toEqual([]);
  rows = [
    rosterRow("a", { session: 2, started: 6 }),
    rosterRow("b", { session: 1, started: 5, ended: 9, reason: "logoff" }),
    rosterRow("c"),
    rosterRow("d"),
  ];
  await renewal.step();
  expect(changed).toEqual([]);
  await pass();
  expect(changed).toEqual(["a", "b", "d"]);
  expect(known.counts).toEqual({ registered: 4, online: 1, offline: 1, never: 2, silent: 0 });
  await pass();
  expect(changed).toHaveLength(3);
});
