// How joining is opened and closed over MQTT, and what is told of the door: true also after it has changed by itself.

import { expect, setDefaultTimeout, test } from "bun:test";
import { joinPort } from "../../lib/mqtt/bridged-door.ts";
import type { DoorAction } from "../../lib/server/door/door-action.ts";
import type { PendingRow, PendingState } from "../../lib/server/door/door-rows.ts";
import { noLabels } from "../../lib/server/labels.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { BridgeBench } from "./bridge-bench.ts";

setDefaultTimeout(testTimeoutMs);

function pendingRow(id: string, state: PendingState): PendingRow {
  const seen = { firstSeen: 0, lastSeen: 0, tries: 1, clientKey: null };
  return { id, mac: "m", ip: "::1", port: 1, source: "::1", ...seen, state, labels: noLabels };
}

function infoOf(bench: BridgeBench): Record<string, unknown> {
  return JSON.parse(bench.broker.kept.get("iot/bridge/info") ?? "{}") as Record<string, unknown>;
}

test("the window is opened for 1 s to 30 d, and closed; any other time is refused with what was meant", async () => {
  const done: DoorAction[] = [];
  let isStored = true;
  const join = joinPort(async (action) => {
    done.push(action);
    return isStored ? { kind: "window", window: null } : { kind: "storage-failed" };
  });
  for (const open of ["1s", "5m", "30d", false] as const) expect(await join(open)).toBeNull();
  const opened = done.map((action) => (action.what === "window" ? action.forMs : null));
  expect(opened).toEqual([1_000, 300_000, 30 * 86_400_000, 0]);
  for (const open of ["", "5", "0s", "999ms", "31d", "-5m", "1w", "5m ", "1e9d", "x".repeat(999)]) {
    expect(await join(open)).toBe('"open" is no time from 1s to 30d, such as "5m"');
  }
  expect(done).toHaveLength(4);
  isStored = false;
  expect(await join("5m")).toBe("nothing was stored; error.log says why");
});

test("the window and who waits are told, and told again when they change", async () => {
  const bench = await new BridgeBench({}, ["pi1"]).started();
  expect(infoOf(bench)).toMatchObject({ join: { open: false, until: null }, pending: 0 });
  bench.door.window = { number: 1, leftMs: 60_000, until: bench.now + 60_000, labels: noLabels };
  const until = new Date(bench.door.window.until).toISOString();
  bench.take({ kind: "window", isOpen: true, at: 0 });
  await bench.pass(6_000);
  expect(infoOf(bench)).toMatchObject({ join: { open: true, until }, pending: 0 });
  bench.door.pending = [pendingRow("pi2", "waiting"), pendingRow("pi3", "approved")];
  bench.take({ kind: "pending", id: "pi2", state: "waiting", at: 0 });
  await bench.pass(6_000);
  expect(infoOf(bench)).toMatchObject({ join: { open: true, until }, pending: 1 });
  // Neither that it is over nor that somebody is forgotten comes with a fact here.
  bench.door.pending = [];
  await bench.pass(60_000);
  expect(infoOf(bench)).toMatchObject({ join: { open: false, until: null }, pending: 0 });
});

test("the end of a window is told once, not with each look; also where everybody may register anyway", async () => {
  const bench = new BridgeBench({}, []);
  bench.door.window = { number: 1, leftMs: 600_000, until: 600_000, labels: noLabels };
  await bench.started();
  for (let i = 0; i < 10; i++) {
    bench.skewMs = (i * 617) % 1_900;
    await bench.pass(10_000);
  }
  expect(bench.broker.payloads("iot/bridge/info")).toHaveLength(1);
  // The clock was set by an hour.
  bench.skewMs = -3_600_000;
  await bench.pass(20_000);
  expect(bench.broker.payloads("iot/bridge/info")).toHaveLength(2);
  bench.door.join = "open";
  await bench.pass(20_000);
  expect(infoOf(bench)).toMatchObject({ join: { open: true, until: null } });
});

test("the door is looked at at most once a second, also when many register, and not while there is no broker", async () => {
  const bench = await new BridgeBench({}, []).started();
  await bench.pass(20_000);
  const before = bench.doorActions.length;
  for (let i = 0; i < 200; i++) {
    bench.register(`d${i}`);
    await bench.pass(50);
  }
  expect(bench.doorActions.length - before).toBeLessThanOrEqual(11);
  bench.broker.opens = false;
  bench.broker.link.end({ kind: "down", why: "gone" });
  const { length } = bench.doorActions;
  bench.take({ kind: "window", isOpen: true, at: 0 });
  await bench.pass(60_000);
  expect(bench.doorActions).toHaveLength(length);
});

test("without requests Home Assistant has no button, but sees who waits", async () => {
  for (const isOffered of [true, false]) {
    const bench = await new BridgeBench({ join: isOffered ? async () => null : null }).started();
    const config = bench.broker.kept.get("homeassistant/device/iot_7ec3b79f/config") as string;
    const { components } = JSON.parse(config) as { components: Record<string, object> };
    expect("allow_joining" in components).toBe(isOffered);
    expect("pending" in components).toBe(true);
    expect(bench.broker.link.filters.includes("iot/bridge/join 1")).toBe(isOffered);
  }
});
