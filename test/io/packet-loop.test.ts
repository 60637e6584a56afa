// What waits before a turn is bounded, in number and in bytes: a flood is shed and counted, as a full socket buffer would.

import { expect, test } from "bun:test";
import { inboxBytesMax, inboxMax, type KeptStore, PacketLoop } from "../../lib/io/packet-loop.ts";
import type { Engine } from "../../lib/server/engine.ts";

const source = { ip: "192.0.2.1", port: 1994 };

/** A loop that was not started: it takes datagrams in, and asks nothing of engine and store. */
function flooded(count: number, datagramBytes: number): PacketLoop {
  const loop = new PacketLoop({} as Engine, {} as KeptStore, () => 0);
  const bytes = new Uint8Array(datagramBytes);
  for (let i = 0; i < count; i++) loop.receive(bytes, source);
  return loop;
}

test("of the longest that a device may send, as many wait as of the shortest", () => {
  for (const bytes of [0, 1_200]) {
    const loop = flooded(inboxMax + 10, bytes);
    expect([bytes, loop.waiting, loop.shed]).toEqual([bytes, inboxMax, 10]);
  }
});

test("of 64 KB datagrams no more wait than fit the bound in bytes", () => {
  const loop = flooded(2_000, 65_000);
  expect(loop.waiting).toBe(Math.ceil(inboxBytesMax / 65_000));
  expect(loop.waiting + loop.shed).toBe(2_000);
});
