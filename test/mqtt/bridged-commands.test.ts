// How a command over MQTT is ordered, and how it is told.

import { expect, setDefaultTimeout, test } from "bun:test";
import { commandPort } from "../../lib/mqtt/bridged-commands.ts";
import { toldCommand } from "../../lib/server/commands/command-rows.ts";
import type { Ordered } from "../../lib/server/commands/command-rules.ts";
import type { CommandRow } from "../../lib/server/rows.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { BridgeBench } from "./bridge-bench.ts";

setDefaultTimeout(testTimeoutMs);

const row: CommandRow = {
  number: 42,
  device: "pi1",
  macKey: "m",
  message: "set a=1",
  origin: "mqtt",
  request: "k1",
  created: 0,
  expires: 3_600_000,
  due: 0,
  sendings: 1,
  sent: 1_000,
  delivered: null,
  ended: null,
  end: null,
  code: null,
  result: null,
  late: false,
};

test("a command is ordered with its time to live and its key, or refused with a word", async () => {
  const ordered: Ordered[] = [];
  const port = commandPort(async (order) => {
    ordered.push(order);
    return order.device === "pi1" ? { kind: "queued", command: row } : { kind: "unknown-device" };
  });
  expect(await port("pi1", "set a=1", "k1", "1h")).toMatchObject({ number: 42, state: "sent" });
  expect(await port("pi2", "set a=1", null, null)).toEqual({ error: "unknown-device" });
  const order = { message: "set a=1", origin: "mqtt" } as const;
  expect(ordered).toEqual([
    { ...order, device: "pi1", ttlMs: 3_600_000, request: "k1" },
    { ...order, device: "pi2", ttlMs: 86_400_000, request: null },
  ]);
  for (const ttl of ["", "1", "0s", "31d", "1w", "-1h"]) {
    expect(await port("pi1", "x", null, ttl)).toEqual({ error: "bad-ttl" });
  }
  expect(await port("pi1", "", null, null)).toEqual({ error: "bad-message" });
  // No store is asked for what not every store can hold.
  for (const key of ["", "k".repeat(129), "\0", "\ud800", "k\nk", "k k", "é"]) {
    expect(await port("pi1", "x", key, null)).toEqual({ error: "bad-request" });
  }
  expect(ordered).toHaveLength(2);
});

test("what becomes of a command is told, if commands are offered", async () => {
  const command = { ...row, ended: 2_000, end: "done", code: "01", result: "a is 1" } as const;
  for (const isOffered of [true, false]) {
    const port = isOffered ? { command: async () => ({ error: "none" }) } : {};
    const bench = await new BridgeBench(port, ["pi1"]).started();
    bench.take({ kind: "commanded", command, isOwn: true });
    const told = bench.broker.payloads("iot/pi1/command/result");
    expect(told).toEqual(isOffered ? [JSON.stringify(toldCommand(command))] : []);
    if (isOffered)
      expect(JSON.parse(told[0] as string)).toMatchObject({ state: "done", result: "a is 1" });
  }
});
