// The bad network of the tests and the benchmark: it loses, repeats and reorders as much as it is told, by its seed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { type Faults, LossyLane } from "./lossy-lane.ts";
import { LossyRelay } from "./lossy-relay.ts";
import { testTimeoutMs, until } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

const calm: Faults = { loss: 0, repeat: 0, reorder: 0 };

/** What comes out of a lane that numbers below `count` go into, one per datagram, in order. */
function sentThrough(faults: Faults, seed: number, count: number): number[] {
  const lane = new LossyLane(faults, seed);
  const out: Uint8Array[] = [];
  for (let i = 0; i < count; i++) out.push(...lane.pass(Uint8Array.of(i >> 8, i)));
  out.push(...lane.release());
  return out.map(([high = 0, low = 0]) => high * 256 + low);
}

const numbers = Array.from({ length: 10_000 }, (_, i) => i);

test("a calm lane gives out everything once, in order", () => {
  expect(sentThrough(calm, 1, numbers.length)).toEqual(numbers);
});

test("a share is lost, the same one with the same seed and another with another", () => {
  const faults = { ...calm, loss: 0.3 };
  const out = sentThrough(faults, 1, numbers.length);
  expect(out.length / numbers.length).toBeWithin(0.68, 0.72);
  expect(out.toSorted((a, b) => a - b)).toEqual(out);
  expect(sentThrough(faults, 1, numbers.length)).toEqual(out);
  expect(sentThrough(faults, 2, numbers.length)).not.toEqual(out);
});

test("a share arrives twice, and nothing is missing", () => {
  const out = sentThrough({ ...calm, repeat: 0.1 }, 1, numbers.length);
  expect(out.length / numbers.length).toBeWithin(1.08, 1.12);
  expect([...new Set(out)]).toEqual(numbers);
});

test("a share is overtaken by the next, and nothing is missing or doubled", () => {
  const out = sentThrough({ ...calm, reorder: 0.1 }, 1, numbers.length);
  const overtaken = out.filter((number, i) => i > 0 && number < (out[i - 1] as number));
  expect(overtaken.length / numbers.length).toBeWithin(0.07, 0.11);
  expect(out.toSorted((a, b) => a - b)).toEqual(numbers);
});

test("what is lost stays lost, whatever else happens", () => {
  const lost = new Set(sentThrough({ ...calm, loss: 0.2 }, 5, numbers.length));
  const all = new Set(sentThrough({ loss: 0.2, repeat: 0.2, reorder: 0.2 }, 5, numbers.length));
  expect(all).toEqual(lost);
});

test("a lane keeps its own copy of what it holds", () => {
  const lane = new LossyLane({ ...calm, reorder: 1 }, 1);
  const bytes = Uint8Array.of(1);
  expect(lane.pass(bytes)).toEqual([]);
  bytes[0] = 2;
  expect(lane.release()).toEqual([Uint8Array.of(1)]);
  expect(lane.isHolding).toBe(false);
});

test("a relay does so in both directions, and gives out what nothing overtakes", async () => {
  const server = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket, bytes, port) => void socket.send(bytes, port, "127.0.0.1") },
  });
  using relay = await LossyRelay.open(server.port, 0, 1, { repeat: 1, reorder: 1 });
  const received: string[] = [];
  const client = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (_socket, bytes) => void received.push(bytes.toString()) },
  });
  client.send("hello", relay.port, "127.0.0.1");
  await until("four copies", () => received.length === 4);
  expect(received).toEqual(["hello", "hello", "hello", "hello"]);
  client.close();
  server.close();
});
