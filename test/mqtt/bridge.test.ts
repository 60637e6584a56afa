// What the bridge publishes, and when: a fleet, a broker and a clock in memory.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { configsPerSecond, reportsPerSecond } from "../../lib/mqtt/bridge.ts";
import { unackedMax } from "../../lib/mqtt/publisher.ts";
import { walkPerSecond } from "../../lib/mqtt/walk.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { BridgeBench, reportRow, settled } from "./bridge-bench.ts";
import { faultsOf } from "./discovery-rules.ts";

setDefaultTimeout(testTimeoutMs);

const many = (count: number) => Array.from({ length: count }, (_, i) => `d${i}`);
const config = (id: string) => `homeassistant/device/iot_7ec3b79f_${id}/config`;
const down = { kind: "down", why: "gone" } as const;

describe("after it has connected", () => {
  test("everything is kept by the broker, and Home Assistant accepts all of it", async () => {
    const bench = new BridgeBench({}, ["pi1", "pi2"]);
    bench.latest.set("pi1", reportRow("pi1", 1, "temp=21.5°C"));
    await bench.started();
    const { kept } = bench.broker;
    expect(Array.from(kept.keys()).sort()).toEqual([
      "homeassistant/device/iot_7ec3b79f/config",
      config("pi1"),
      config("pi2"),
      "iot/bridge/info",
      "iot/bridge/state",
      "iot/pi1/availability",
      "iot/pi1/device",
      "iot/pi1/state",
      "iot/pi2/availability",
      "iot/pi2/device",
    ]);
    expect(kept.get("iot/bridge/state")).toBe("online");
    expect(kept.get("iot/pi1/availability")).toBe("offline");
    expect(JSON.parse(kept.get("iot/pi1/state") as string).fields).toEqual({ temp: 21.5 });
    for (const [topic, payload] of kept) {
      if (topic.startsWith("homeassistant/")) expect(faultsOf(topic, payload)).toEqual([]);
    }
    expect(JSON.parse(kept.get(config("pi1")) as string).components.temp.unit_of_measurement).toBe(
      "°C",
    );
    expect(bench.lines).toEqual(["MQTT: connected to mqtt://broker"]);
  });

  test("it tells at most 500 things of devices a second, and 200 configurations", async () => {
    const bench = new BridgeBench({}, many(2_000));
    await bench.roster.load();
    bench.bridge.begin();
    await bench.pass(1_000);
    const count = (form: RegExp) =>
      bench.broker.published.filter(({ topic }) => form.test(topic)).length;
    const before = count(/\/(?:availability|device|state)$/);
    await bench.pass(2_000);
    const told = count(/\/(?:availability|device|state)$/) - before;
    expect(told).toBeLessThanOrEqual(2.5 * walkPerSecond);
    expect(told).toBeGreaterThan(2 * walkPerSecond * 0.9);
    const configs = count(/config$/);
    await bench.pass(2_000);
    expect(count(/config$/) - configs).toBeLessThanOrEqual(2.5 * configsPerSecond);
    await bench.pass(20_000);
    expect(count(/config$/)).toBe(2_001);
    expect(bench.broker.kept.size).toBe(3 * 2_000 + 3);
    expect(bench.reads.every((ids) => ids.length <= 16)).toBe(true);
  });

  test("with another broker after it, all is told again, of each device as it is then", async () => {
    const bench = await new BridgeBench({}, ["pi1"]).started();
    bench.broker.link.end(down);
    bench.broker.kept.clear();
    const { length } = bench.broker.published;
    bench.logIn("pi1");
    bench.report("pi1", "t=1");
    bench.report("pi1", "t=2");
    bench.register("pi3");
    await settled();
    expect(bench.broker.published).toHaveLength(length);
    await bench.pass(10_000);
    expect(bench.broker.links).toHaveLength(2);
    const { kept } = bench.broker;
    expect(JSON.parse(kept.get("iot/pi1/state") as string).message).toBe("t=2");
    expect(kept.get("iot/pi1/availability")).toBe("online");
    expect([kept.has("iot/pi3/device"), kept.has(config("pi3"))]).toEqual([true, true]);
    expect(bench.broker.payloads("iot/pi1/report")).toEqual([]);
  });
});

describe("while it is connected", () => {
  test("a device that comes, changes and goes", async () => {
    const bench = await new BridgeBench().started();
    const { kept } = bench.broker;
    bench.register("pi1");
    await bench.pass(200);
    expect(kept.get("iot/pi1/availability")).toBe("offline");
    bench.logIn("pi1", { sealed: true, everySeconds: 60 });
    await bench.pass(100);
    expect(kept.get("iot/pi1/availability")).toBe("online");
    expect(JSON.parse(kept.get("iot/pi1/device") as string)).toMatchObject({
      transport: "sealed",
      everySeconds: 60,
    });
    bench.label("pi1", { name: "Cold room", area: "Kitchen" });
    await bench.pass(6_000);
    expect(JSON.parse(kept.get(config("pi1")) as string).device).toMatchObject({
      name: "Cold room",
      suggested_area: "Kitchen",
    });
    bench.fallSilent("pi1");
    await bench.pass(100);
    expect(kept.get("iot/pi1/availability")).toBe("offline");
    bench.remove("pi1");
    await bench.pass(100);
    expect(Array.from(kept.keys()).filter((topic) => topic.includes("pi1"))).toEqual([]);
  });

  test("an interval that a device states later is told with its next report", async () => {
    const bench = await new BridgeBench({}, ["pi1"]).started();
    bench.logIn("pi1");
    await bench.pass(100);
    bench.sessions.set("pi1", { ...bench.sessions.get("pi1"), everySeconds: 30 } as never);
    bench.report("pi1", "1");
    await bench.pass(100);
    expect(bench.broker.kept.get("iot/pi1/device")).toContain('"everySeconds":30');
  });

  test("each report is told, and the newest is kept", async () => {
    const bench = await new BridgeBench({}, ["pi1"]).started();
    for (const value of [1, 2, 3]) bench.report("pi1", `${value}`);
    await bench.pass(100);
    expect(bench.broker.payloads("iot/pi1/report")).toHaveLength(3);
    expect(bench.broker.payloads("iot/pi1/state")).toHaveLength(1);
    expect(JSON.parse(bench.broker.kept.get("iot/pi1/state") as string).fields).toEqual({
      value: 3,
    });
  });

  test("an older report that comes later is told and not kept", async () => {
    const bench = await new BridgeBench({}, ["pi1"]).started();
    bench.report("pi1", "new");
    bench.take({ kind: "reported", sequences: [0], reports: [reportRow("pi1", 0, "old")] });
    await bench.pass(100);
    expect(bench.broker.payloads("iot/pi1/report")).toHaveLength(2);
    expect(bench.broker.kept.get("iot/pi1/state")).toContain("new");
  });

  test("under a flood at most 2,000 reports and as many states a second are told; the others are counted", async () => {
    const bench = await new BridgeBench({}, many(5_000)).started();
    await bench.pass(60_000);
    const topics = (end: string) =>
      bench.broker.published.filter(({ topic }) => topic.endsWith(end)).length;
    const [reports, states] = [topics("/report"), topics("/state")];
    for (let tick = 0; tick < 100; tick++) {
      for (let i = 0; i < 1_000; i++) bench.report(`d${(tick * 1_000 + i) % 5_000}`, `t=${tick}`);
      await bench.pass(50);
    }
    const told = topics("/report") - reports;
    expect(told).toBeLessThanOrEqual(5.2 * reportsPerSecond);
    expect(told).toBeGreaterThan(4.5 * reportsPerSecond);
    expect(told + bench.bridge.publisher.dropped).toBe(100_000);
    expect(topics("/state") - states).toBeLessThanOrEqual(5.2 * reportsPerSecond);
    await bench.pass(5_000);
    for (const id of many(5_000)) {
      expect(bench.broker.kept.get(`iot/${id}/state`)).toContain(
        `"message":"${bench.latest.get(id)?.message}"`,
      );
    }
  });

  test("a frozen broker gets 256 things, and nothing waits but the names of devices", async () => {
    const bench = await new BridgeBench({}, many(300)).started();
    bench.broker.acknowledges = false;
    const { length } = bench.broker.published;
    for (let i = 0; i < 3_000; i++) bench.report(`d${i % 300}`, `n=${i}`);
    await bench.pass(60_000);
    expect(bench.broker.published.length - length).toBe(unackedMax);
    bench.broker.acknowledges = true;
    bench.broker.link.acknowledge(unackedMax);
    await bench.pass(10_000);
    expect(bench.broker.kept.get("iot/d299/state")).toContain("n=2999");
    expect(bench.bridge.publisher.unacked).toBe(0);
  });

  test("a broker that takes 20 at a time gets 20", async () => {
    const bench = new BridgeBench({}, many(100));
    bench.broker.unackedMax = 20;
    bench.broker.acknowledges = false;
    await bench.started();
    expect(bench.broker.link.unacked).toBe(20);
  });
});

describe("the end", () => {
  test("is told, and nothing is published after it", async () => {
    const bench = await new BridgeBench({}, ["pi1"]).started();
    await bench.bridge.close();
    expect(bench.broker.kept.get("iot/bridge/state")).toBe("offline");
    expect(bench.broker.link.isClosed).toBe(true);
    const { length } = bench.broker.published;
    bench.report("pi1", "1");
    await bench.pass(10_000);
    expect(bench.broker.published).toHaveLength(length);
  });

  test("is not told if another server takes over; it may come back", async () => {
    const bench = await new BridgeBench({}, ["pi1"]).started();
    await bench.bridge.end(false);
    expect(bench.broker.kept.get("iot/bridge/state")).toBe("online");
    expect(bench.broker.link.isClosed).toBe(true);
    bench.report("pi1", "t=7");
    bench.bridge.begin();
    await bench.pass(10_000);
    expect(bench.broker.kept.get("iot/pi1/state")).toContain("t=7");
  });
});

test("a store that is away is asked again", async () => {
  const bench = new BridgeBench({}, ["pi1"]);
  bench.storeFailure = new Error("away");
  await bench.started();
  expect(bench.broker.kept.has("iot/pi1/device")).toBe(false);
  bench.storeFailure = null;
  await bench.pass(3_000);
  expect(bench.broker.kept.has("iot/pi1/device")).toBe(true);
});
