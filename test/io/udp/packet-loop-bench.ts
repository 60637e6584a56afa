// What the tests of the packet loop need: an engine that only counts, a store that answers when the test says so, and a
// loop over both. Asserts only that no two commits of a lane overlap.

import { expect } from "bun:test";
import { PacketLoop, type WatchedStore } from "../../../lib/io/udp/packet-loop.ts";
import type { UdpEndpoint } from "../../../lib/io/udp/udp-endpoint.ts";
import type { Outgoing } from "../../../lib/protocol/messages.ts";
import type { Engine } from "../../../lib/server/engine.ts";
import type { RemoveResult } from "../../../lib/server/operator.ts";
import type { HashJob, HashResult } from "../../../lib/server/passwords/hash-queue.ts";
import type { StepResult, Step } from "../../../lib/server/store-port.ts";

/** Where the datagrams come from. */
export const source = { ip: "192.0.2.1", port: 1994 };

/** A store whose commits end when the test says so. */
export class SlowStore implements WatchedStore {
  /** How many steps were in each commit. */
  readonly commits: number[] = [];
  watched = 0;
  readonly #running = new Map<number, (error?: Error) => void>();

  apply(steps: readonly Step[], lane = 0): Promise<readonly StepResult[]> {
    expect(this.#running.has(lane)).toBe(false);
    this.commits.push(steps.length);
    return new Promise((resolve, reject) => {
      this.#running.set(lane, (error) => (error === undefined ? resolve([]) : reject(error)));
    });
  }

  /** Ends the commit of a lane that is under way or about to begin. */
  async end(error?: Error, lane = 0): Promise<void> {
    await idle();
    const end = this.#running.get(lane);
    expect(end).toBeDefined();
    this.#running.delete(lane);
    end?.(error);
    await idle();
  }

  housekeep(): void {}

  watch(): void {
    this.watched++;
  }
}

/** Lets everything happen that needs no time. */
export async function idle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
}

/**
 * An engine in which each datagram, and each thing that the operator asks for, is one step. The lane of a datagram is its
 * first byte; all else is in lane 0.
 */
export class FakeEngine {
  /** Whether each datagram came late. */
  readonly late: boolean[] = [];
  /** The first byte of each datagram. */
  readonly firstBytes: number[] = [];
  /** How many datagrams fill a turn. */
  datagramsMax = Number.POSITIVE_INFINITY;
  /** How many datagrams each turn received. */
  readonly turns: number[] = [];
  #isFull = false;
  #received = 0;
  jobs: HashJob[] = [];
  replies: Outgoing[] = [];
  onPublish = () => {};
  readonly #entries: unknown[][];

  constructor(private readonly lanes = 1) {
    this.#entries = Array.from({ length: lanes }, () => []);
  }

  readonly feed = { publish: () => this.onPublish() };
  readonly operator = {
    remove: (_id: string, onResult: (result: RemoveResult) => void) => {
      this.add();
      onResult("removed");
    },
  };

  add(count = 1, lane = 0): void {
    for (let i = 0; i < count; i++) this.#entries[lane]?.push({ step: {} });
  }

  receive(bytes: Uint8Array, _source: unknown, _now: unknown, isLate: boolean): void {
    this.late.push(isLate);
    this.firstBytes.push(bytes[0] ?? 0);
    this.#received++;
    this.add(1, (bytes[0] ?? 0) % this.lanes);
  }

  get hasWork(): boolean {
    return this.#entries.some(({ length }) => length > 0);
  }

  get isFull(): boolean {
    return this.#isFull || this.#received >= this.datagramsMax;
  }

  set isFull(isFull: boolean) {
    this.#isFull = isFull;
  }

  endTurn(): void {
    if (this.#received > 0) this.turns.push(this.#received);
    this.#received = 0;
  }

  get batch() {
    const { lanes } = this;
    return {
      lanes,
      sizeOf: (lane: number) => this.#entries[lane]?.length,
      take: (lane: number) => this.#entries[lane]?.splice(0),
    };
  }

  complete(): void {}
  fail(): void {}
  tick(): void {}

  takeReplies(): Outgoing[] {
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

/** A packet loop over these. @param clock a monotonic clock, ms; by default it stands still */
export function loopWith(engine: FakeEngine, store: WatchedStore, clock = () => 0): PacketLoop {
  const now = () => ({ wall: 0, monotonic: clock() });
  return new PacketLoop(engine as unknown as Engine, store, now);
}

/** A loop over a slow store and a socket that brings nothing. */
export class SlowLoop {
  readonly engine: FakeEngine;
  readonly store = new SlowStore();
  readonly loop: PacketLoop;

  constructor(lanes = 1) {
    this.engine = new FakeEngine(lanes);
    this.loop = loopWith(this.engine, this.store);
  }

  receive(count = 1, lane = 0): void {
    for (let i = 0; i < count; i++) this.loop.receive(Uint8Array.of(lane), source);
  }

  start(collect = () => {}): void {
    this.loop.start({ send() {}, collect } as unknown as UdpEndpoint);
  }

  /** Stops a loop that has nothing to do but to write the rows of the sessions. */
  async stop(): Promise<void> {
    const stopped = this.loop.stop();
    await this.store.end();
    await stopped;
  }
}
