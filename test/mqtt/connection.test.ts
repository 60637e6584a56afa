// The link to the broker: when the next one is begun, in which version, and what is logged of it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { BridgeBench, settled } from "./bridge-bench.ts";

setDefaultTimeout(testTimeoutMs);

const refused = { kind: "refused", why: "Not authorized" } as const;
const down = { kind: "down", why: "connect ECONNREFUSED" } as const;

test("the pauses double up to a minute, and begin anew after a link that was open", async () => {
  const bench = new BridgeBench();
  bench.broker.opens = false;
  await bench.roster.load();
  bench.bridge.begin();
  const pauses: number[] = [];
  for (let i = 0; i < 9; i++) {
    bench.broker.link.end(down);
    const { length } = bench.broker.links;
    const since = bench.now;
    while (bench.broker.links.length === length) await bench.pass(50);
    pauses.push(Math.round((bench.now - since) / 750));
  }
  // Of a random 0.5 to 1 the fake gives 0.75.
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  bench.broker.link.events.onOpen(10);
  bench.broker.link.end(down);
  await bench.pass(800);
  expect(bench.broker.links).toHaveLength(11);
  expect(bench.lines).toEqual([
    "MQTT: mqtt://broker: connect ECONNREFUSED",
    "MQTT: connected to mqtt://broker",
    "MQTT: mqtt://broker: connect ECONNREFUSED",
  ]);
});

test("a refusal is told once, and is over when the broker lets it in", async () => {
  const bench = new BridgeBench();
  bench.broker.opens = false;
  await bench.roster.load();
  bench.bridge.begin();
  bench.broker.link.end(refused);
  await bench.pass(2_000);
  bench.broker.link.end(refused);
  expect(bench.bridge.connection.failure).toEqual(refused);
  expect(bench.lines).toEqual(["MQTT: mqtt://broker: Not authorized"]);
  bench.broker.opens = true;
  await bench.pass(5_000);
  expect(bench.bridge.connection.state).toBe("up");
  expect(bench.bridge.connection.failure).toBeNull();
});

test("a broker without MQTT 5 gets 4, at once and from then on", async () => {
  const bench = new BridgeBench();
  bench.broker.opens = false;
  await bench.roster.load();
  bench.bridge.begin();
  bench.broker.link.end({ kind: "version", why: "unsupported" });
  await bench.pass(50);
  bench.broker.link.end(down);
  await bench.pass(2_000);
  expect(bench.broker.links.map(({ version }) => version)).toEqual([5, 4, 4]);
  expect(bench.lines).toEqual(["MQTT: mqtt://broker: connect ECONNREFUSED"]);
});

test("what a link that was given up still says does nothing", async () => {
  const bench = await new BridgeBench().started();
  const [first] = bench.broker.links;
  first?.end(down);
  first?.events.onEnd(down);
  first?.events.onOpen(10);
  await settled();
  expect(bench.bridge.connection.state).toBe("waiting");
  expect(bench.lines).toHaveLength(2);
});
