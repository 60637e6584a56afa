// The inbox of the packet loop is bounded in number and in bytes: what exceeds the bounds is dropped and counted, as by
// a full socket buffer. Datagrams that arrive while a turn takes others in join its commit, up to the size of a batch.

import { afterEach, expect, mock, setDefaultTimeout, spyOn, test } from "bun:test";
import {
  inboxBytesMax,
  inboxMax,
  type WatchedStore,
  PacketLoop,
} from "../../../lib/io/udp/packet-loop.ts";
import type { UdpEndpoint } from "../../../lib/io/udp/udp-endpoint.ts";
import type { Ask } from "../../../lib/server/asks.ts";
import type { Reply } from "../../../lib/server/outbox.ts";
import type { Engine } from "../../../lib/server/engine.ts";
import type { Result, Step } from "../../../lib/server/store-port.ts";
import type { RemoveResult } from "../../../lib/server/operator.ts";
import type { HashJob, HashResult } from "../../../lib/server/passwords/hash-queue.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(() => mock.restore());

const source = { ip: "192.0.2.1", port: 1994 };

/** A loop that was never started: it only takes datagrams in, and calls neither engine nor store. */
function flooded(count: number, datagramBytes: number): PacketLoop {
  const loop = new PacketLoop({} as Engine, {} as WatchedStore, () => ({ wall: 0, monotonic: 0 }));
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

/** A store whose commits end when the test says so. */
class SlowStore implements WatchedStore {
  /** How many steps were in each commit. */
  readonly commits: number[] = [];
  readonly #running: ((error?: Error) => void)[] = [];

  apply(steps: readonly Step[]): Promise<readonly Result[]> {
    this.commits.push(steps.length);
    return new Promise((resolve, reject) => {
      this.#running.push((error) => (error === undefined ? resolve([]) : reject(error)));
    });
  }

  /** Ends the commit that is under way or about to begin. */
  async end(error?: Error): Promise<void> {
    await idle();
    expect(this.#running).toHaveLength(1);
    this.#running.shift()?.(error);
    await idle();
  }

  housekeep(): void {}
  watch(): void {}
}

/** Lets everything happen that needs no time. */
async function idle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
}

/** An engine in which each datagram, and each thing that the operator asks for, is one step. */
class FakeEngine {
  /** Whether each datagram came late. */
  readonly late: boolean[] = [];
  jobs: HashJob[] = [];
  replies: Reply[] = [];
  onPublish = () => {};
  #entries: unknown[] = [];

  readonly feed = { publish: () => this.onPublish() };
  readonly operator = {
    remove: (_id: string, onResult: (result: RemoveResult) => void) => {
      this.add();
      onResult("removed");
    },
  };

  add(count = 1): void {
    for (let i = 0; i < count; i++) this.#entries.push({ step: {} });
  }

  receive(_bytes: Uint8Array, _source: unknown, _now: unknown, isLate: boolean): void {
    this.late.push(isLate);
    this.add();
  }

  get hasWork(): boolean {
    return this.#entries.length > 0;
  }

  take(): unknown[] {
    return this.#entries.splice(0);
  }

  complete(): void {}
  fail(): void {}
  tick(): void {}

  takeReplies(): Reply[] {
    return this.replies.splice(0);
  }

  takeHashJobs(most: number): HashJob[] {
    return this.jobs.splice(0, most);
  }

  resume(job: HashJob, result: HashResult): void {
    this.add();
    job.done(result);
  }

  /** The rows of two sessions. */
  settle(): void {
    this.add(2);
  }
}

function loopWith(engine: FakeEngine, store: WatchedStore): PacketLoop {
  return new PacketLoop(engine as unknown as Engine, store, () => ({ wall: 0, monotonic: 0 }));
}

/** A loop over a socket that brings these numbers of datagrams, and how many steps were in each commit. */
function loopOver(first: number, ...later: number[]) {
  const commits: number[] = [];
  const engine = new FakeEngine();
  const store: WatchedStore = {
    async apply(steps) {
      commits.push(steps.length);
      return [];
    },
    housekeep() {},
    watch() {},
  };
  const loop = loopWith(engine, store);
  const bring = (count: number) => {
    for (let i = 0; i < count; i++) loop.receive(new Uint8Array(1), source);
  };
  const endpoint = { send() {}, collect: () => bring(later.shift() ?? 0) };
  bring(first);
  loop.start(endpoint as unknown as UdpEndpoint);
  return { loop, later, commits, late: engine.late };
}

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

/** A started loop over a slow store and a socket that brings nothing. */
function slowLoop() {
  const engine = new FakeEngine();
  const store = new SlowStore();
  const loop = loopWith(engine, store);
  const begin = () => loop.start({ send() {}, collect() {} } as unknown as UdpEndpoint);
  return { engine, store, loop, begin };
}

const passwordJob: HashJob = { password: "password", against: undefined, done: () => {} };

/** Makes passwords be hashed when the test says so. */
function slowHashing() {
  const { promise, resolve } = Promise.withResolvers<string>();
  spyOn(Bun.password, "hash").mockImplementation(() => promise);
  return {
    async end() {
      resolve("a hash");
      await idle();
    },
  };
}

test("at the stop no commit begins before the one under way has ended, and what is added meanwhile is stored", async () => {
  const { engine, store, loop, begin } = slowLoop();
  const hashing = slowHashing();
  engine.jobs = [passwordJob];
  loop.receive(new Uint8Array(1), source);
  begin();
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

test("what the operator asks for before the stop is carried out, and refused from then on", async () => {
  const { engine, store, loop, begin } = slowLoop();
  begin();
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
  const { engine, store, loop, begin } = slowLoop();
  const seen = () => loop.requestLatency.counts.reduce((sum, count) => sum + count, 0);
  let published = -1;
  engine.onPublish = () => {
    published = seen();
  };
  engine.replies = [{ payload: "50", to: source }];
  for (let i = 0; i < 3; i++) loop.receive(new Uint8Array(1), source);
  begin();
  await idle();
  expect(seen()).toBe(0);
  await store.end();
  expect(published).toBe(3);
  // Those that get no reply count as well, and none counts twice.
  loop.receive(new Uint8Array(1), source);
  await store.end();
  expect(seen()).toBe(4);
  const stopped = loop.stop();
  await store.end();
  await stopped;
  expect(seen()).toBe(4);
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
