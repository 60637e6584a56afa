// Requests that wait for the end of a command: what ends a wait, also from another server, and that not many wait.

import { expect, setDefaultTimeout, test } from "bun:test";
import { OpenCommands } from "../../../lib/fleet/open-commands.ts";
import { Roster } from "../../../lib/fleet/roster.ts";
import type { CommandRow } from "../../../lib/server/rows.ts";
import { commandHandlers } from "../../../lib/web/routes/command-handlers.ts";
import { CommandWaits, waitsMax } from "../../../lib/web/routes/command-waits.ts";
import { testTimeoutMs, until, within } from "../../e2e/polling.ts";
import { commandRow, fakePorts, noDevices } from "../fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

/** Requests that wait, without a server. */
function waitsOf() {
  const listeners = new Set<(row: CommandRow) => void>();
  const waits = new CommandWaits({
    listen: (onChange) => {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
  });
  const tell = (row: CommandRow) => {
    for (const listener of listeners) listener(row);
  };
  return { waits, listeners, tell };
}

test("a wait ends with its command only, with its time, or with whoever asked", async () => {
  const { waits, tell, listeners } = waitsOf();
  const never = new AbortController().signal;
  const gone = new AbortController();
  const [one, other] = [waits.begin(1, 60_000, never), waits.begin(1, 60_000, never)];
  const left = waits.begin(2, 60_000, gone.signal);
  const late = waits.begin(3, 1, never);
  expect(await late.over).toBeNull();
  gone.abort();
  expect(await left.over).toBeNull();
  expect(await waits.begin(2, 60_000, gone.signal).over).toBeNull();
  expect(waits.size).toBe(2);
  tell(commandRow(1, "a", { sendings: 1, sent: 5 }));
  expect(waits.size).toBe(2);
  const ended = commandRow(1, "a", { end: "done", ended: 9 });
  tell(ended);
  expect([await one.over, await other.over, waits.size]).toEqual([ended, ended, 0]);
  const last = waits.begin(4, 60_000, never);
  waits.close();
  expect([await last.over, waits.size, listeners.size]).toEqual([null, 0, 0]);
});

test("an end at another server is heard also if nobody has asked for open commands before", async () => {
  let row = commandRow(1, "a");
  const devices = { ...noDevices, command: () => row, commands: () => [row] };
  const openCommands = new OpenCommands(devices);
  const ports = fakePorts({ devices, openCommands });
  const waits = new CommandWaits(openCommands);
  const { command } = commandHandlers(ports, new Roster(devices, ports.presence), waits);
  const answer = command({
    names: { number: "1" },
    parameters: () => ({ wait: "60s" }),
    request: new Request("http://a/"),
    body: () => Promise.reject(new Error("it has none")),
    peerIp: "127.0.0.1",
  });
  await until("the wait", () => waits.size === 1);
  row = commandRow(1, "a", { end: "done", ended: 9 });
  openCommands.take([{ kind: "commands", id: "a", numbers: "" }]);
  expect(await within("the end", Promise.resolve(answer))).toMatchObject({ state: "done" });
  waits.close();
});

test("not more than so many wait, and the place of one that has ended is free", () => {
  const { waits } = waitsOf();
  const never = new AbortController().signal;
  const all = Array.from({ length: waitsMax }, (_, i) => waits.begin(i + 1, 60_000, never));
  expect(() => waits.begin(1, 60_000, never)).toThrow("wait for commands already");
  all[0]?.end();
  all[0]?.end();
  expect(waits.size).toBe(waitsMax - 1);
  waits.begin(1, 60_000, never);
  waits.close();
});
