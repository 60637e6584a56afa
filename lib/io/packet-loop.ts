// The one way through the server: datagrams wait here, a turn hands a batch to the engine, the store commits it, the
// replies leave. Turns never overlap. Knows no message.

import type { Ask } from "../server/asks.ts";
import type { Batch, Engine } from "../server/engine.ts";
import type { HashJob, HashResult } from "../server/hash-queue.ts";
import { Histogram } from "../server/histogram.ts";
import type { DeviceFacts, Endpoint, Outcome, Store } from "../server/operation.ts";
import { PasswordHasher } from "./password-hasher.ts";
import type { EnrollResult, RemoveResult } from "../server/operator.ts";
import type { UdpEndpoint } from "./udp-endpoint.ts";

/** Datagrams that may wait; past it they are shed and counted, as a full socket buffer would. */
export const inboxMax = 16_384;
/** Their bytes: more than so many of the longest that a device may send, and far less than so many of 64 KB. */
export const inboxBytesMax = 32 << 20;
/** Datagrams in a batch: a commit of more gains nothing and delays the first. */
const batchMax = 1_024;
const tickMs = 250;
/** A turn that comes this long after it was asked for is late (sealed, Load). */
const lateMs = 20;

/** A store that has small things to do between batches. */
export type KeptStore = Store & { housekeep(): void; checkFile(): void };

type Arrival = { readonly bytes: Uint8Array; readonly source: Endpoint };

export class PacketLoop {
  #inbox: Arrival[] = [];
  #inboxBytes = 0;
  #shed = 0;
  #turning = false;
  /** Nothing more is taken in: what waits is answered. */
  #ending = false;
  #ended = false;
  #scheduled = false;
  /** When the turn that comes next was asked for, ms. */
  #askedAt = 0;
  #endpoint: UdpEndpoint | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #ticks = 0;
  /** When the oldest datagram of the inbox came, by `performance.now()`. */
  #oldestAt = 0;
  #stored = true;
  /** How long batches took to reach the disk. */
  readonly commitLatency = new Histogram();
  /** How long datagrams took from the socket to their reply; each counts with the oldest of its batch. */
  readonly requestLatency = new Histogram();
  readonly #hasher: PasswordHasher;

  /** @param now the clock: milliseconds since 1970 */
  constructor(
    private readonly engine: Engine,
    private readonly store: KeptStore,
    private readonly now: () => number,
  ) {
    this.#hasher = new PasswordHasher((job, result) => this.#resume(job, result));
  }

  /** Datagrams that were shed since the start because the inbox was full. */
  get shed(): number {
    return this.#shed;
  }

  /** Whether the last batch was stored. */
  get isStoring(): boolean {
    return this.#stored;
  }

  /** Datagrams that wait now. */
  get waiting(): number {
    return this.#inbox.length;
  }

  /** Takes a datagram; call it from the socket's handler. Does no work: that would starve everything else. */
  readonly receive = (bytes: Uint8Array, source: Endpoint): void => {
    const isFull = this.#inbox.length >= inboxMax || this.#inboxBytes >= inboxBytesMax;
    if (isFull || this.#ending) {
      this.#shed++;
      return;
    }
    if (this.#inbox.length === 0) this.#oldestAt = performance.now();
    this.#inbox.push({ bytes, source });
    this.#inboxBytes += bytes.length;
    // A turn looks at its end whether there is something to do.
    if (!this.#turning) this.#schedule();
  };

  /** Begins to answer through this socket. */
  start(endpoint: UdpEndpoint): void {
    this.#endpoint = endpoint;
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#schedule();
  }

  /** Asks a device on the operator's behalf. */
  ask(ask: Ask): void {
    this.engine.operator.ask(ask, this.now());
    this.#schedule();
  }

  /** Takes a device out of the registrar on the operator's behalf. */
  remove(id: string): Promise<RemoveResult> {
    return new Promise((onResult) => {
      this.engine.operator.remove(id, onResult, this.now());
      this.#schedule();
    });
  }

  /** Lets a device speak text again; whether there is such a device. */
  allowText(id: string): Promise<boolean> {
    return new Promise((onResult) => {
      this.engine.operator.allowText(id, onResult, this.now());
      this.#schedule();
    });
  }

  /** Registers a device on the operator's behalf; see `Operator.enroll`. */
  enroll(device: DeviceFacts, hash: string | null): Promise<EnrollResult> {
    return new Promise((onResult) => {
      this.engine.operator.enroll(device, hash, onResult, this.now());
      this.#schedule();
    });
  }

  /** Answers what has arrived, writes what memory holds, and stops. Passwords that wait to be checked are let go. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    // What the kernel holds arrives first. No more after that: under a flood the end would never come.
    await new Promise(setImmediate);
    this.#ending = true;
    while (this.#turning || this.#inbox.length > 0) {
      await new Promise(setImmediate);
      if (!this.#turning) await this.#turn();
    }
    this.engine.settle(this.now());
    await this.#turn();
    this.#ended = true;
    this.#hasher.clear();
  }

  #tick(): void {
    if (++this.#ticks % (1000 / tickMs) === 0) this.store.checkFile();
    this.engine.tick(this.now());
    this.#schedule();
  }

  #resume(job: HashJob, result: HashResult): void {
    if (this.#ended) return;
    this.engine.resume(job, result, this.now());
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#ended || this.#endpoint === null) return;
    this.#scheduled = true;
    this.#askedAt = this.now();
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#turning) void this.#turn();
    });
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    const now = this.now();
    const late = now - this.#askedAt > lateMs;
    const oldestAt = this.#oldestAt;
    let received = this.#receiveArrivals(batchMax, now, late);
    // A commit of many costs little more than one of few: what has come meanwhile joins it.
    while (this.engine.hasWork && received < batchMax && !this.#ending) {
      this.#endpoint?.collect();
      if (this.#inbox.length === 0) break;
      received += this.#receiveArrivals(batchMax - received, this.now(), late);
    }
    const batch = this.engine.take();
    if (batch.length > 0) await this.#commit(batch);
    const replies = this.engine.takeReplies();
    if (replies.length > 0) this.#endpoint?.send(replies);
    if (received > 0) {
      this.requestLatency.observe((performance.now() - oldestAt) / 1000, received);
    }
    for (const job of this.engine.takeHashJobs()) this.#hasher.add(job);
    this.#turning = false;
    // What came during the turn is taken in one go; whatever was taken before is done with.
    if (this.#inbox.length === 0 && !this.#ending) this.#endpoint?.collect();
    if (this.#inbox.length > 0 || this.engine.hasWork) this.#schedule();
  }

  /** Stores a batch; its replies are written only after that. */
  async #commit(batch: Batch): Promise<void> {
    let outcomes: readonly Outcome[];
    const began = performance.now();
    try {
      outcomes = await this.store.apply(batch.map((entry) => entry.operation));
    } catch (error) {
      this.#stored = false;
      this.engine.fail(batch, error instanceof Error ? error.message : String(error), this.now());
      return;
    }
    this.#stored = true;
    this.commitLatency.observe((performance.now() - began) / 1000);
    this.engine.complete(batch, outcomes, this.now());
    this.store.housekeep();
  }

  /** Gives the engine what waits, so many at most; returns how many there were. */
  #receiveArrivals(most: number, now: number, late: boolean): number {
    const arrivals = this.#takeArrivals(most);
    for (const { bytes, source } of arrivals) this.engine.receive(bytes, source, now, late);
    return arrivals.length;
  }

  #takeArrivals(most: number): Arrival[] {
    if (this.#inbox.length > most) {
      const first = this.#inbox.splice(0, most);
      for (const { bytes } of first) this.#inboxBytes -= bytes.length;
      return first;
    }
    const arrivals = this.#inbox;
    this.#inbox = [];
    this.#inboxBytes = 0;
    return arrivals;
  }
}
