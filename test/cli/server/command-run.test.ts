// What `iot-server command` and `commands` print and with which exit code they end, over a store in memory that no server runs.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  cancelCommands,
  type CommandPort,
  giveCommand,
  listCommands,
} from "../../../lib/cli/server/command-run.ts";
import { StoreCommands } from "../../../lib/server/commands/store-commands.ts";
import { noLabels } from "../../../lib/server/labels.ts";
import { readSelector } from "../../../lib/server/selector.ts";
import { MemoryStore } from "../../../lib/store/memory/memory-store.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { deviceOf, startOfTime as at } from "../../store/fixtures.ts";
import { write as writeRows, writing } from "../../store/contract/tested-store.ts";

setDefaultTimeout(testTimeoutMs);

/** A store with devices, and a port to it. */
function stand(count: number) {
  const store = new MemoryStore();
  const devices = Array.from({ length: count }, (_, i) => deviceOf(i + 1));
  store.apply(devices.map((device) => writing({ kind: "insert-device", device, hash: "h", at })));
  const lines: string[] = [];
  const refused: string[] = [];
  let time = 0;
  const port: CommandPort = {
    devices: async () =>
      devices.map(({ id }) => {
        const facts = store.reads.facts(id);
        if (facts === null) throw new Error(id);
        return Object.assign(facts, { labels: noLabels, session: null });
      }),
    isServed: true,
    commands: new StoreCommands(
      store,
      () => 0,
      () => at,
    ),
    command: async (number) => store.reads.command(number),
    confirm: null,
    pause: async (ms) => {
      time += ms;
    },
    now: () => at,
    monotonic: () => time,
    write: (line) => lines.push(line),
    onRefused: (words) => refused.push(words),
  };
  const result = (number: number, end: "done" | "failed", message: string) =>
    writeRows(store, {
      kind: "end-command",
      number,
      end,
      at: at + 1,
      code: end === "done" ? "01" : "15",
      result: message,
    });
  return { store, port, lines, refused, result };
}

const asked = {
  id: "device-1",
  select: null,
  message: "set relay=on",
  ttlMs: 60_000,
  waitMs: 0,
  yes: false,
  json: false,
};

test("a command is queued, and its number printed", async () => {
  const { port, lines } = stand(1);
  expect(await giveCommand(asked, port)).toBe(0);
  expect(lines).toEqual(["1 queued for device-1, never logged in"]);
});

test("--wait prints the result; the exit code tells how it ended", async () => {
  for (const [end, exit, words] of [
    ["done", 0, "1 done by device-1: relay\\x09on"],
    ["failed", 1, "1 failed by device-1: relay\\x09on"],
  ] as const) {
    const { port, lines, result } = stand(1);
    const { pause } = port;
    let pauses = 0;
    const waits = async (ms: number) => {
      await pause(ms);
      if (++pauses === 3) await result(1, end, "relay\ton");
    };
    expect(await giveCommand({ ...asked, waitMs: 60_000 }, { ...port, pause: waits })).toBe(exit);
    expect(lines.slice(1)).toEqual([words]);
  }
  const one = stand(1);
  expect(await giveCommand({ ...asked, waitMs: 60_000 }, one.port)).toBe(3);
  expect(one.lines).toHaveLength(1);
  const two = stand(2);
  expect(await giveCommand({ ...asked, waitMs: 60_000 }, two.port)).toBe(3);
  expect([...one.refused, ...two.refused]).toEqual([
    "1 has no result yet and stays queued; see iot-server commands device-1",
    "2 have no result yet and stay queued; iot-server commands lists them",
  ]);
});

test("many devices are asked about first, and told of in one line", async () => {
  const select = readSelector("id=*");
  if (!select.ok) throw new Error("selector");
  const many = { ...asked, id: null, select: select.value };
  const { port, lines } = stand(1_203);
  expect(giveCommand(many, port)).rejects.toThrow("This concerns 1203 devices");
  expect(giveCommand(many, { ...port, confirm: async () => false })).rejects.toThrow("Nothing was");
  expect(lines).toEqual([]);
  expect(await giveCommand({ ...many, yes: true }, port)).toBe(0);
  expect(lines).toEqual(["1203 queued, 0 refused."]);
});

test("what is refused has its reason", async () => {
  const { port, refused, lines } = stand(1);
  for (let i = 0; i < 64; i++) await giveCommand(asked, port);
  lines.length = 0;
  expect(await giveCommand(asked, port)).toBe(1);
  expect(await giveCommand({ ...asked, json: true }, port)).toBe(1);
  expect(refused).toEqual(["device-1: too many commands are open; see iot-server commands"]);
  expect(lines).toEqual(['{"device":"device-1","error":"queue-full"}']);
  expect(giveCommand(asked, { ...port, devices: async () => [] })).rejects.toThrow("No device");
});

test("the list has a line for each, newest first, also over pages", async () => {
  const { store, port, lines, result } = stand(20);
  for (let i = 0; i < 30; i++) {
    await port.commands.queue(
      Array.from({ length: 20 }, (_, j) => ({
        device: `device-${j + 1}`,
        message: `m${i}`,
        ttlMs: 1_000,
        origin: "cli",
        request: null,
      })),
    );
  }
  await result(600, "done", "on");
  const read = async (before: number, limit: number) =>
    store.reads.commands({ device: null, state: "all", before, limit });
  expect(await listCommands({ json: true, all: true, device: null }, read, port.write)).toBe(0);
  expect(lines).toHaveLength(600);
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    number: 600,
    state: "done",
    result: "on",
  });
  expect(JSON.parse(lines[599] as string)).toMatchObject({ number: 1, state: "queued" });
  lines.length = 0;
  const none = async () => [];
  await listCommands({ json: false, all: false, device: "device-1" }, none, port.write);
  expect(lines).toEqual(["No open commands of device-1; --all has those that have ended."]);
  lines.length = 0;
  await listCommands({ json: false, all: true, device: null }, read, port.write);
  expect(lines.slice(0, 2).map((line) => line.split(/ {2,}/))).toEqual([
    ["NUMBER", "DEVICE", "QUEUED", "STATE", "EXPIRES", "MESSAGE", "RESULT"],
    ["600", "device-20", expect.anything(), "done", "-", "m29", "on"],
  ]);
});

test("cancel ends those that are open, and says why others are not", async () => {
  const { port, lines, refused, result } = stand(1);
  for (let i = 0; i < 3; i++) await giveCommand(asked, port);
  await result(2, "done", "on");
  lines.length = 0;
  const cancel = { what: "cancel", numbers: [1, 2, 9], json: false } as const;
  expect(await cancelCommands(cancel, port)).toBe(1);
  expect(lines).toEqual(["1 cancelled for device-1"]);
  expect(refused).toEqual(["had ended: 2 done by device-1: on", "9: there is no such command"]);
  lines.length = 0;
  const all = { what: "cancel-all", id: "device-1", json: false } as const;
  expect(await cancelCommands(all, port)).toBe(0);
  expect(await cancelCommands(all, port)).toBe(0);
  expect(lines).toEqual(["3 cancelled for device-1", "No open commands of device-1."]);
});
