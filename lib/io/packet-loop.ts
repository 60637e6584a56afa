// The main loop of the server: queues datagrams; a turn passes a batch of them to the engine, commits the operations,
// then sends the replies. Turns never overlap. Knows no message.

import type { Ask } from "../server/asks.ts";
import type { Batch, Engine } from "../server/engine.ts";
import type { HashJob, HashResult } from "../server/hash-queue.ts";
import { Histogram } from "../server/histogram.ts";
import type { Moment } from "../server/moment.ts";
import type { DeviceFacts, Endpoint, Outcome, Store } from "../server/operation.ts";
import { PasswordHasher } from "./password-hasher.ts";
import type { EnrollResult, RemoveResult } from "../server/operator.ts";
import type { UdpEndpoint } from "./udp-endpoint.ts";

/** Datagrams that may wait. Further ones are dropped and counted, as if the socket buffer were full. */
export const inboxMax = 16_384;
/** Bytes that may wait: enough for `inboxMax` datagrams of 1,200 bytes, far less than for as many of 64 KB. */
export const inboxBytesMax = 32 << 20;
/** Datagrams in a batch. A larger batch is not more efficient, and delays the first reply. */
const batchMax = 1_024;
const tickMs = 250;
/** A turn that begins more than this after it was scheduled is late: an INIT then needs a cookie (protocol §5.4). */
const lateMs = 20;

/** A store with small tasks: `housekeep` after each batch, `checkFile` every second. */
export type KeptStore = Store & { housekeep(): void; checkFile(): void };

type Arrival = { readonly bytes: Uint8Array; readonly source: Endpoint };

export class PacketLoop {
  #inbox: Arrival[] = [];
  #inboxBytes = 0;
  #shed = 0;
  #turning = false;
  /** No datagram is accepted any more; the waiting ones are still answered. */
  #ending = false;
  #ended = false;
  #scheduled = false;
  /** When the next turn was scheduled, by `performance.now()`. */
  #askedAt = 0;
  #endpoint: UdpEndpoint | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #ticks = 0;
  /** When the oldest datagram of the inbox arrived, by `performance.now()`. */
  #oldestAt = 0;
  #stored = true;
  /** Durations of commits. */
  readonly commitLatency = new Histogram();
  /** Times from arrival to reply. Each datagram counts with the time of the oldest in its batch. */
  readonly requestLatency = new Histogram();
  readonly #hasher: PasswordHasher;

  constructor(
    private readonly engine: Engine,
    private readonly store: KeptStore,
    private readonly now: () => Moment,
  ) {
    this.#hasher = new PasswordHasher((job, result) => this.#resume(job, result));
  }

  /** Datagrams dropped since the start because the inbox was full. */
  get shed(): number {
    return this.#shed;
  }

  /** Whether the last batch was stored. */
  get isStoring(): boolean {
    return this.#stored;
  }

  /** Datagrams in the inbox. */
  get waiting(): number {
    return this.#inbox.length;
  }

  /** Queues a datagram; called by the socket's handler. Work here would starve timers, HTTP and signals. */
  readonly receive = (bytes: Uint8Array, source: Endpoint): void => {
    const isFull = this.#inbox.length >= inboxMax || this.#inboxBytes >= inboxBytesMax;
    if (isFull || this.#ending) {
      this.#shed++;
      return;
    }
    if (this.#inbox.length === 0) this.#oldestAt = performance.now();
    this.#inbox.push({ bytes, source });
    this.#inboxBytes += bytes.length;
    // A running turn checks the inbox at its end.
    if (!this.#turning) this.#schedule();
  };

  /** Begins to handle datagrams and to send the replies through this socket. */
  start(endpoint: UdpEndpoint): void {
    this.#endpoint = endpoint;
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#schedule();
  }

  /** Asks a device for the operator; see `Operator.ask`. */
  ask(ask: Ask): void {
    this.engine.operator.ask(ask, this.now());
    this.#schedule();
  }

  /** Deregisters a device for the operator; see `Operator.remove`. */
  remove(id: string): Promise<RemoveResult> {
    return new Promise((onResult) => {
      this.engine.operator.remove(id, onResult, this.now());
      this.#schedule();
    });
  }

  /** Allows text requests of a device again; see `Operator.allowText`. */
  allowText(id: string): Promise<boolean> {
    return new Promise((onResult) => {
      this.engine.operator.allowText(id, onResult, this.now());
      this.#schedule();
    });
  }

  /** Registers a device for the operator; see `Operator.enroll`. */
  enroll(device: DeviceFacts, hash: string | null): Promise<EnrollResult> {
    return new Promise((onResult) => {
      this.engine.operator.enroll(device, hash, onResult, this.now());
      this.#schedule();
    });
  }

  /** Answers the datagrams that have arrived, writes the session rows, and stops. Drops waiting password checks. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    // Datagrams that wait in the kernel arrive first. Later ones are not accepted: in a flood the stop would never end.
    await new Promise(setImmediate);
    this.#ending = true;
    while (this.#turning || this.#inbox.length > 0) {
      await new Promise(setImmediate);
      if (!this.#turning) await this.#turn();
    }
    this.engine.settle(this.now());
    await this.#turn();
    this.#ended = true;
  }

  #tick(): void {
    if (++this.#ticks % (1000 / tickMs) === 0) this.store.checkFile();
    this.engine.tick(this.now());
    this.#schedule();
  }

  #resume(job: HashJob, result: HashResult): void {
    if (this.#ended) return;
    this.engine.resume(job, result, this.now());
    this.#beginHashJobs();
    this.#schedule();
  }

  #beginHashJobs(): void {
    if (this.#ending) return;
    for (const job of this.engine.takeHashJobs(this.#hasher.free)) this.#hasher.run(job);
  }

  #schedule(): void {
    if (this.#scheduled || this.#ended || this.#endpoint === null) return;
    this.#scheduled = true;
    this.#askedAt = performance.now();
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#turning) void this.#turn();
    });
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    const now = this.now();
    const late = now.monotonic - this.#askedAt > lateMs;
    const oldestAt = this.#oldestAt;
    let received = this.#receiveArrivals(batchMax, now, late);
    // A commit of many operations costs little more than one of few: datagrams that arrived meanwhile join it.
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
    this.#beginHashJobs();
    this.#turning = false;
    // Read what arrived during the turn with one call. This overwrites the receive buffer, so the inbox must be empty.
    if (this.#inbox.length === 0 && !this.#ending) this.#endpoint?.collect();
    if (this.#inbox.length > 0 || this.engine.hasWork) this.#schedule();
  }

  /** Commits a batch; only then are its replies written. */
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

  /** Passes at most `most` datagrams of the inbox to the engine; returns how many. */
  #receiveArrivals(most: number, now: Moment, late: boolean): number {
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
