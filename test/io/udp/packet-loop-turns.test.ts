// The turns of the packet loop over a store that answers later: one commit of a lane after the other, also at the stop, and nothing
// that is asked for meanwhile is forgotten.

import { afterEach, expect, mock, setDefaultTimeout, spyOn, test } from "bun:test";
import type { Ask } from "../../../lib/server/asks.ts";
import type { HashJob } from "../../../lib/server/passwords/hash-queue.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { idle, SlowLoop, source } from "./packet-loop-bench.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(() => mock.restore());

const passwordJob: HashJob = { password: "password", against: undefined, done: () => {} };

/** Makes passwords be hashed when the test says so. */
function slowHashing() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const hash = spyOn(Bun.password, "hash").mockImplementation(() => promise);
  return {
    hash,
    async end() {
      resolve("a hash");
      await idle();
    },
  };
}

test("at the stop no commit begins before the one under way has ended, and what is added meanwhile is stored", async () => {
  const slow = new SlowLoop();
  const { engine, store, loop } = slow;
  const hashing = slowHashing();
  engine.jobs = [passwordJob];
  slow.receive();
  slow.start();
  await store.end();
  expect(engine.jobs).toEqual([]);
  const stopped = loop.stop();
  await idle();
  await hashing.end();
  expect(store.commits).toEqual([1, 2]);
  await store.end();
  expect(store.commits).toEqual([1, 2, 1]);
  await store.end();
  await stopped;
  expect(engine.hasWork).toBe(false);
});

test("no password check begins during the stop, and the result of one that ends after it is dropped", async () => {
  const slow = new SlowLoop();
  const { engine, store, loop } = slow;
  const hashing = slowHashing();
  engine.jobs = [passwordJob];
  slow.receive();
  slow.start();
  await store.end();
  const stopped = loop.stop();
  await idle();
  engine.jobs = [passwordJob];
  await store.end();
  await stopped;
  await hashing.end();
  expect([engine.jobs.length, hashing.hash.mock.calls.length]).toEqual([1, 1]);
  expect([engine.hasWork, store.commits]).toEqual([false, [1, 2]]);
});

test("what the operator asks for before the stop is carried out, and refused from then on", async () => {
  const slow = new SlowLoop();
  const { engine, store, loop } = slow;
  slow.start();
  void loop.remove("asmith");
  const stopped = loop.stop();
  await store.end();
  const refused = { code: "server-stops" };
  expect(loop.remove("asmith")).rejects.toMatchObject(refused);
  expect(loop.allowText("asmith")).rejects.toMatchObject(refused);
  expect(() => loop.ask({} as Ask)).toThrow("The server is stopping.");
  await store.end();
  await stopped;
  expect(loop.remove("asmith")).rejects.toMatchObject(refused);
  await idle();
  expect([engine.hasWork, store.commits]).toEqual([false, [1, 2]]);
});

test("the time of a request ends when its reply is sent, before others are told of it", async () => {
  const slow = new SlowLoop();
  const { engine, store, loop } = slow;
  const seen = () => loop.requestLatency.counts.reduce((sum, count) => sum + count, 0);
  let published = -1;
  engine.onPublish = () => {
    published = seen();
  };
  slow.receive(3);
  slow.start();
  await idle();
  expect(seen()).toBe(0);
  engine.replies = [{ payload: "50", to: source }];
  await store.end();
  expect(published).toBe(3);
  // Those that get no reply count as well, and none counts twice.
  slow.receive();
  await store.end();
  expect(seen()).toBe(4);
  await slow.stop();
  expect(seen()).toBe(4);
});

test("what is asked for during a turn is carried out in the next, which begins at once", async () => {
  const slow = new SlowLoop();
  const { store, loop } = slow;
  slow.receive();
  slow.start();
  await idle();
  void loop.remove("asmith");
  await store.end();
  expect(store.commits).toEqual([1, 1]);
  await store.end();
  await slow.stop();
});

test("nothing is collected while datagrams wait, whose memory that would overwrite", async () => {
  const slow = new SlowLoop();
  const { store, loop } = slow;
  const waiting: number[] = [];
  slow.receive(2_100);
  slow.start(() => void waiting.push(loop.waiting));
  await idle();
  // While the store takes its time the turns go on, and their steps wait for the next commit.
  expect(loop.waiting).toBe(0);
  for (let commit = 0; commit < 2; commit++) await store.end();
  expect(store.commits).toEqual([1_024, 1_076]);
  expect(waiting.length).toBeGreaterThan(0);
  expect(waiting.every((count) => count === 0)).toBe(true);
  await slow.stop();
});

test("a full turn takes no further datagram, and the others come first in the next", async () => {
  const slow = new SlowLoop();
  const { engine, store, loop } = slow;
  const waiting: number[] = [];
  engine.datagramsMax = 47;
  const numbers = Array.from({ length: 100 }, (_, number) => number);
  for (const number of numbers) loop.receive(Uint8Array.of(number), source);
  slow.start(() => void waiting.push(loop.waiting));
  await idle();
  expect(engine.turns).toEqual([47, 47, 6]);
  for (let commit = 0; commit < 2; commit++) await store.end();
  expect(store.commits).toEqual([47, 53]);
  expect(engine.firstBytes).toEqual(numbers);
  expect(waiting.every((count) => count === 0)).toBe(true);
  await slow.stop();
});

test("while a commit is under way heartbeats are answered, and nothing spins once no more is received", async () => {
  const slow = new SlowLoop();
  const { engine, store, loop } = slow;
  const sent: unknown[] = [];
  slow.receive();
  loop.start({ send: (replies: unknown[]) => void sent.push(...replies), collect() {} } as never);
  await idle();
  expect(store.commits).toEqual([1]);
  engine.replies = [{ payload: "40", to: source }];
  slow.receive();
  await idle();
  expect(sent).toEqual([{ payload: "40", to: source }]);
  expect(store.commits).toEqual([1]);
  // Full: what comes now waits in the inbox until the commit has ended.
  engine.isFull = true;
  const turns = engine.turns.length;
  slow.receive(3);
  await idle();
  expect(loop.waiting).toBe(3);
  expect(engine.turns.length - turns).toBeLessThanOrEqual(1);
  engine.isFull = false;
  await store.end();
  expect(loop.waiting).toBe(0);
  await store.end();
  expect(store.commits.reduce((sum, count) => sum + count, 0)).toBe(5);
  await slow.stop();
});

test("lanes commit at the same time, and at the stop all of them are waited for", async () => {
  const slow = new SlowLoop(3);
  const { engine, store, loop } = slow;
  slow.receive(2, 0);
  slow.start();
  await idle();
  slow.receive(3, 1);
  await idle();
  expect(store.commits).toEqual([2, 3]);
  // Of a lane that is free a commit begins at once; the others wait for theirs.
  slow.receive(4, 1);
  slow.receive(5, 2);
  await idle();
  expect(store.commits).toEqual([2, 3, 5]);
  await store.end(undefined, 1);
  expect(store.commits).toEqual([2, 3, 5, 4]);
  let stops = true;
  const stopped = loop.stop().then(() => (stops = false));
  await store.end(undefined, 2);
  await store.end(undefined, 1);
  expect(stops).toBe(true);
  await store.end(undefined, 0);
  // The rows of the sessions.
  expect(store.commits).toEqual([2, 3, 5, 4, 2]);
  expect(stops).toBe(true);
  await store.end(undefined, 0);
  await stopped;
  expect(engine.hasWork).toBe(false);
});

test("a request counts with the commit of its lane, and once", async () => {
  const slow = new SlowLoop(2);
  const { store, loop } = slow;
  const seen = () => loop.requestLatency.counts.reduce((sum, count) => sum + count, 0);
  slow.receive(3, 0);
  slow.start();
  await idle();
  slow.receive(5, 1);
  await idle();
  expect(seen()).toBe(0);
  await store.end(undefined, 1);
  expect(seen()).toBe(5);
  slow.receive(7, 0);
  await store.end(undefined, 0);
  expect(seen()).toBe(8);
  await store.end(undefined, 0);
  expect(seen()).toBe(15);
  // Of two lanes in one commit.
  slow.receive(3, 0);
  slow.receive(4, 1);
  await store.end(undefined, 0);
  expect(seen()).toBe(22);
  await slow.stop();
  expect(seen()).toBe(22);
});

test("whether it stores is told by the latest commit", async () => {
  const slow = new SlowLoop();
  const { store, loop } = slow;
  const told = [loop.failedAt === null];
  slow.start();
  for (const error of [new Error("disk full"), undefined]) {
    slow.receive();
    await store.end(error);
    told.push(loop.failedAt === null);
  }
  expect(told).toEqual([true, false, true]);
  await slow.stop();
});

test("the store looks after itself once a second", async () => {
  const slow = new SlowLoop();
  const { store } = slow;
  const timers = spyOn(globalThis, "setInterval").mockImplementation(() => 0 as never);
  slow.start();
  const [tick, ms] = timers.mock.calls[0] as unknown as [() => void, number];
  for (let passed = 0; passed < 3_000; passed += ms) {
    expect(store.watched).toBe(Math.floor(passed / 1_000));
    tick();
  }
  expect(store.watched).toBe(3);
  await slow.stop();
});
