// What the bridge tells Home Assistant, and when; and what it removes there.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { fieldKeptMs } from "../../lib/mqtt/bridged-device.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { BridgeBench, reportRow } from "./bridge-bench.ts";
import { incoming } from "./fake-broker.ts";

setDefaultTimeout(testTimeoutMs);

const config = (id: string) => `homeassistant/device/iot_7ec3b79f_${id}/config`;

describe("Home Assistant", () => {
  test("is told of other fields after 5 s, and once that a field is gone", async () => {
    const bench = await new BridgeBench({}, ["pi1"]).started();
    bench.report("pi1", "temp=1°C hum=2%");
    await bench.pass(1_000);
    bench.report("pi1", "temp=1°C dust=3");
    await bench.pass(1_000);
    const { length } = bench.broker.payloads(config("pi1"));
    await bench.pass(5_000);
    expect(bench.broker.payloads(config("pi1"))).toHaveLength(length + 1);
    const fields = () => JSON.parse(bench.broker.kept.get(config("pi1")) as string).components;
    expect(Object.keys(fields()).slice(0, 3)).toEqual(["temp", "hum", "dust"]);
    bench.now += fieldKeptMs;
    bench.report("pi1", "temp=1°C dust=3");
    await bench.pass(6_000);
    expect(fields().hum).toEqual({ platform: "sensor" });
    bench.report("pi1", "temp=1°C dust=3 more=1");
    await bench.pass(6_000);
    expect(Object.keys(fields()).slice(0, 3)).toEqual(["temp", "dust", "more"]);
  });

  test("is told all again within 5 s of its start, but not of an old one", async () => {
    const bench = await new BridgeBench({}, ["pi1"]).started();
    const { length } = bench.broker.payloads(config("pi1"));
    bench.broker.link.events.onMessage(
      incoming("homeassistant/status", "online", { retain: true }),
    );
    bench.broker.link.events.onMessage(incoming("homeassistant/status", "offline"));
    await bench.pass(6_000);
    expect(bench.broker.payloads(config("pi1"))).toHaveLength(length);
    bench.broker.link.events.onMessage(incoming("homeassistant/status", "online"));
    await bench.pass(2_400);
    expect(bench.broker.payloads(config("pi1"))).toHaveLength(length);
    await bench.pass(1_000);
    expect(bench.broker.payloads(config("pi1"))).toHaveLength(length + 1);
    expect(bench.broker.payloads("homeassistant/device/iot_7ec3b79f/config")).toHaveLength(2);
  });

  test("a device that was deregistered meanwhile is removed; those of others stay", async () => {
    const bench = new BridgeBench({}, ["pi1"]);
    const others = "homeassistant/device/iot_00000000_gone/config";
    bench.broker.kept.set(config("gone"), "{}").set(others, "{}");
    bench.broker.kept.set("homeassistant/device/zigbee/config", "{}").set("iot/gone/state", "1");
    await bench.started();
    const { kept } = bench.broker;
    expect([kept.has(config("gone")), kept.has("iot/gone/state")]).toEqual([false, false]);
    expect([kept.has(others), kept.has("homeassistant/device/zigbee/config")]).toEqual([
      true,
      true,
    ]);
    expect(bench.broker.link.filters).toContain("homeassistant/device/+/config 0");
    expect(bench.broker.link.gone).toEqual(["homeassistant/device/+/config"]);
  });

  test("fields that were told before a restart are told again, though the newest report lacks them", async () => {
    const first = await new BridgeBench({}, ["pi1"]).started();
    first.label("pi1", { "unit.load": "%" });
    first.report("pi1", "temp=1°C load=3");
    first.report("pi1", "hum=2%");
    first.report("pi1", "temp=1°C load=3");
    await first.pass(100);
    first.report("pi1", "hum=2%");
    await first.pass(10_000);
    const second = new BridgeBench({}, ["pi1"]);
    for (const [topic, payload] of first.broker.kept) second.broker.kept.set(topic, payload);
    second.latest.set("pi1", reportRow("pi1", 9, "hum=2%"));
    await second.started();
    const { components } = JSON.parse(second.broker.kept.get(config("pi1")) as string);
    expect(components.temp.device_class).toBe("temperature");
    expect(components.load.unit_of_measurement).toBe("%");
    second.label("pi1", { "unit.load": "W" });
    await second.pass(6_000);
    const after = JSON.parse(second.broker.kept.get(config("pi1")) as string).components;
    expect(after.temp.unit_of_measurement).toBe("°C");
  });

  test("is told nothing without discovery", async () => {
    const place = { base: "iot", discovery: null, server: "7ec3b79f" };
    const bench = await new BridgeBench({ place }, ["pi1"]).started();
    expect(
      Array.from(bench.broker.kept.keys()).filter((topic) => !topic.startsWith("iot/")),
    ).toEqual([]);
    expect(bench.broker.link.filters).toEqual([]);
  });
});
