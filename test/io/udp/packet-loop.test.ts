// The inbox of the packet loop is bounded in number and in bytes: what exceeds the bounds is dropped and counted, as by
// a full socket buffer. Datagrams that arrive while a turn takes others in join its commit, up to the size of a batch;
// those that arrive during a turn begin the next at once, but never keep the event loop from its other work.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  inboxBytesMax,
  inboxMax,
  type WatchedStore,
  PacketLoop,
} from "../../../lib/io/udp/packet-loop.ts";
import type { UdpEndpoint } from "../../../lib/io/udp/udp-endpoint.ts";
import type { Engine } from "../../../lib/server/engine.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { FakeEngine, loopWith, SlowLoop, source } from "./packet-loop-bench.ts";

setDefaultTimeout(testTimeoutMs);

/** A loop that was never started: it only takes datagrams in, and calls neither engine nor store. */
function flooded(count: number, datagramBytes: number): PacketLoop {
  const engine = { batch: { lanes: 1 } } as Engine;
  const loop = new PacketLoop(engine, {} as WatchedStore, () => ({ wall: 0, monotonic: 0 }));
  const bytes = new Uint8Array(datagramBytes);
  for (let i = 0; i < count; i++) loop.receive(bytes, source);
  return loop;
}

test("as many of the longest datagrams that a device may send wait as of the shortest", () => {
  for (const bytes of [0, 1_200]) {
    const loop = flooded(inboxMax + 10, bytes);
    expect([bytes, loop.waiting, loop.shed]).toEqual([bytes, inboxMax, 10]);
  }
});

test("of 64 KB datagrams only as many wait as fit the bound in bytes", () => {
  const loop = flooded(2_000, 65_000);
  expect(loop.waiting).toBe(Math.ceil(inboxBytesMax / 65_000));
  expect(loop.waiting + loop.shed).toBe(2_000);
});

/** A loop over a socket that brings these numbers of datagrams, and how many steps were in each commit. */
function loopOver(first: number, ...later: number[]) {
  const commits: number[] = [];
  const engine = new FakeEngine();
  const store: WatchedStore = {
    apply(steps) {
      commits.push(steps.length);
      return [];
    },
    housekeep() {},
    watch() {},
  };
  // Each look at the clock takes so long that the event loop is served between two turns.
  let time = 0;
  const loop = loopWith(engine, store, () => (time += 8));
  const bring = (count: number) => {
    for (let i = 0; i < count; i++) loop.receive(new Uint8Array(1), source);
  };
  const endpoint = { send() {}, collect: () => bring(later.shift() ?? 0) };
  bring(first);
  loop.start(endpoint as unknown as UdpEndpoint);
  return { loop, later, commits, late: engine.late };
}

/**
 * Lets a flood arrive: after each commit two more datagrams wait.
 * @param commitMs how long a commit takes
 * @returns how many commits there were each time when the event loop came to other work
 */
async function commitsInFlood(commitMs: number): Promise<number[]> {
  let [now, commits, isLast] = [0, 0, false];
  const store: WatchedStore = {
    apply() {
      now += commitMs;
      commits++;
      return [];
    },
    housekeep() {},
    watch() {},
  };
  const loop = loopWith(new FakeEngine(), store, () => now);
  const bring = () => {
    for (let i = 0; i < 2; i++) loop.receive(new Uint8Array(1), source);
  };
  let collected = 0;
  // The first time in a turn is before its commit, and nothing has arrived by then.
  const collect = () => void (!isLast && ++collected % 2 === 0 && bring());
  bring();
  loop.start({ send() {}, collect } as unknown as UdpEndpoint);
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) {
    await new Promise(setImmediate);
    seen.push(commits);
  }
  isLast = true;
  await loop.stop();
  return seen;
}

test("in a flood one turn follows the other for 8 ms, then comes what else waits", async () => {
  expect(await commitsInFlood(3)).toEqual([3, 6, 9]);
  expect(await commitsInFlood(1)).toEqual([8, 16, 24]);
  expect(await commitsInFlood(10)).toEqual([1, 2, 3]);
});

test("a datagram that came alone is not looked behind, before its commit or after it", async () => {
  for (const [datagrams, calls] of [
    [1, 0],
    [2, 2],
  ] as const) {
    let collected = 0;
    const slow = new SlowLoop();
    slow.receive(datagrams);
    slow.start(() => void collected++);
    await slow.store.end();
    expect([datagrams, collected]).toEqual([datagrams, calls]);
    await slow.stop();
  }
});

/** Runs such a loop until all datagrams are handled, and stops it; its last commit is that of the stop. */
async function commitsOf(first: number, ...more: number[]): Promise<number[]> {
  const { loop, later, commits } = loopOver(first, ...more);
  while (later.length > 0 || loop.waiting > 0) await new Promise(setImmediate);
  await loop.stop();
  return commits;
}

test("datagrams that arrive meanwhile join the commit, until none arrives", async () => {
  expect(await commitsOf(3, 5, 7, 0, 2)).toEqual([15, 2, 2]);
});

test("no commit has more than 1,024 datagrams", async () => {
  expect(await commitsOf(600, 600, 600, 600)).toEqual([1_024, 1_024, 352, 2]);
});

test("what waits at the stop is still answered, and the rows of the sessions are written last", async () => {
  const { loop, commits } = loopOver(3_000);
  await loop.stop();
  expect(commits).toEqual([1_024, 1_024, 952, 2]);
  loop.receive(new Uint8Array(1), source);
  expect([loop.waiting, loop.shed]).toEqual([0, 1]);
});

test("a turn that begins late tells the engine so with each of its datagrams", async () => {
  const { loop, late } = loopOver(3);
  // The event loop is held up between the arrival and the turn.
  const began = performance.now();
  while (performance.now() - began < 25);
  await loop.stop();
  expect(late).toEqual([true, true, true]);
});

test("the bytes of handled datagrams give room to others, also while some always wait", async () => {
  const { loop } = loopOver(0);
  const bytes = new Uint8Array(1_200);
  const rounds = Math.ceil((2 * inboxBytesMax) / (1_024 * bytes.length));
  const bring = (count: number) => {
    for (let i = 0; i < count; i++) loop.receive(bytes, source);
  };
  bring(4_096);
  for (let round = 0; round < rounds; round++) {
    const before = loop.waiting;
    while (loop.waiting === before) await new Promise(setImmediate);
    expect(loop.waiting).toBeGreaterThan(1_024);
    bring(before - loop.waiting);
  }
  expect([loop.waiting, loop.shed]).toEqual([4_096, 0]);
  await loop.stop();
});
