// The main loop of the server: queues datagrams, and decides when a turn begins and which of them it takes. Turns never
// overlap. What a turn does is in server/turn.

import { OperatingError } from "../../operating-error.ts";
import type { Ask } from "../../server/asks.ts";
import type { Engine } from "../../server/engine.ts";
import { Histogram } from "../../server/histogram.ts";
import type { Moment } from "../../server/moment.ts";
import type { Address } from "../../protocol/messages.ts";
import type { DeviceFacts } from "../../server/rows.ts";
import type { OpenStore } from "../../server/store-care.ts";
import type { Store } from "../../server/store-port.ts";
import type { LabelChange } from "../../server/labels.ts";
import type { EnrollResult, LabelResult, Operator, RemoveResult } from "../../server/operator.ts";
import { type Arrival, Turn } from "../../server/turn.ts";
import { PasswordHasher } from "../secrets/password-hasher.ts";
import { ReplyTimes } from "./reply-times.ts";
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
/** After turns that took this long together, the event loop serves timers, HTTP and signals before the next one. */
const runMaxMs = 8;

/** A store that looks after itself every second. */
export type WatchedStore = Store & Pick<OpenStore, "watch">;

export class PacketLoop {
  #inbox: Arrival[] = [];
  #inboxBytes = 0;
  #shed = 0;
  #turning = false;
  /** Whether `#run` decides what comes after a turn. */
  #running = false;
  /** Called at the end of each turn. */
  #onTurned: () => void = () => {};
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
  readonly #replyTimes: ReplyTimes;
  /** When the last batch could not be stored, by `performance.now()`; null if it was. */
  failedAt: number | null = null;
  /** Durations of commits. */
  readonly commitLatency = new Histogram();
  /** Times from arrival to reply. Each datagram counts with the time of the oldest in its batch. */
  readonly requestLatency: Histogram;
  readonly #turn: Turn;

  constructor(
    private readonly engine: Engine,
    private readonly store: WatchedStore,
    private readonly now: () => Moment,
  ) {
    this.#replyTimes = new ReplyTimes(engine.batch.lanes);
    this.requestLatency = this.#replyTimes.latency;
    const hasher = new PasswordHasher((job, result) => {
      if (this.#ended) return;
      this.#turn.resume(job, result);
      this.#schedule();
    });
    this.#turn = new Turn(engine, store, {
      now,
      send: (replies, lanes) => {
        this.#endpoint?.send(replies);
        this.#replyTimes.reply(lanes, performance.now());
      },
      freeHashers: () => (this.#ending ? 0 : hasher.free),
      hash: (job) => hasher.run(job),
      onTaken: (lanes) => this.#replyTimes.take(lanes),
      onStored: (tookMs) => {
        this.failedAt = null;
        this.commitLatency.observe(tookMs / 1000);
      },
      onFailed: () => {
        this.failedAt = performance.now();
      },
    });
  }

  /** Datagrams dropped since the start because the inbox was full. */
  get shed(): number {
    return this.#shed;
  }

  /** Datagrams in the inbox. */
  get waiting(): number {
    return this.#inbox.length;
  }

  /** Queues a datagram; called by the socket's handler. Work here would starve timers, HTTP and signals. */
  readonly receive = (bytes: Uint8Array, source: Address): void => {
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

  /**
   * Does something to the engine between two turns.
   * @throws OperatingError `server-stops` during the stop, here and from the operator's calls
   */
  act(change: (engine: Engine, now: Moment) => void): void {
    this.#expectRunning();
    change(this.engine, this.now());
    this.#schedule();
  }

  /** Asks a device for the operator; see `Operator.ask`. */
  ask(ask: Ask): void {
    this.act(({ operator }, now) => operator.ask(ask, now));
  }

  /** Does something for the operator, and resolves to its result. */
  operate<T>(
    begin: (operator: Operator, onResult: (result: T) => void, now: Moment) => void,
  ): Promise<T> {
    return new Promise((done) => this.act(({ operator }, now) => begin(operator, done, now)));
  }

  /** Deregisters a device for the operator; see `Operator.remove`. */
  remove(id: string): Promise<RemoveResult> {
    return this.operate((operator, ...rest) => operator.remove(id, ...rest));
  }

  /** Allows text requests of a device again; see `Operator.allowText`. */
  allowText(id: string): Promise<boolean> {
    return this.operate((operator, ...rest) => operator.allowText(id, ...rest));
  }

  /** Changes the labels of a device for the operator; see `Operator.label`. */
  label(id: string, changes: readonly LabelChange[]): Promise<LabelResult> {
    return this.operate((operator, ...rest) => operator.label(id, changes, ...rest));
  }

  /** Registers a device for the operator; see `Operator.enroll`. */
  enroll(device: DeviceFacts, hash: string | null): Promise<EnrollResult> {
    return this.operate((operator, ...rest) => operator.enroll(device, hash, ...rest));
  }

  /**
   * Answers the datagrams that have arrived, writes the session rows, and stops. Drops waiting password checks, and
   * refuses what the operator asks for from now on.
   */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    // Datagrams that wait in the kernel arrive first. Later ones are not accepted: in a flood the stop would never end.
    await new Promise(setImmediate);
    this.#ending = true;
    await this.#drain();
    this.#turn.settle();
    await this.#drain();
    this.#ended = true;
  }

  /** Carries out what is there, one turn after the other, also what is added meanwhile by password checks that run. */
  async #drain(): Promise<void> {
    const turn = this.#turn;
    while (turn.isStoring || this.#inbox.length > 0 || turn.hasWork) {
      // A store behind a network takes its time: wait for it, and do not spin.
      if (turn.isStoring && !turn.isReady) {
        await new Promise<void>((resolve) => (this.#onTurned = resolve));
      }
      await new Promise(setImmediate);
      this.#begin(performance.now() - this.#askedAt > lateMs);
    }
  }

  /** Refuses what would begin during the stop, and might not be stored any more. */
  #expectRunning(): void {
    if (!this.#ending) return;
    throw new OperatingError("server-stops", "The server is stopping.", "Start it, and try again.");
  }

  #tick(): void {
    if (++this.#ticks % (1000 / tickMs) === 0) this.store.watch();
    this.#turn.tick();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#endpoint === null) return;
    this.#scheduled = true;
    this.#askedAt = performance.now();
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#ended) this.#run();
    });
  }

  /** Carries out turns while datagrams wait, until the event loop has to serve others. Late are all of them or none. */
  #run(): void {
    const late = performance.now() - this.#askedAt > lateMs;
    const until = this.now().monotonic + runMaxMs;
    this.#running = true;
    do this.#begin(late);
    while (this.#inbox.length > 0 && !this.#turn.isBlocked && this.now().monotonic < until);
    this.#running = false;
    this.#scheduleRest();
  }

  /** A store that gives its results later calls again: nothing spins until then. */
  #scheduleRest(): void {
    const turn = this.#turn;
    if ((this.#inbox.length > 0 && !turn.isBlocked) || turn.isReady) this.#schedule();
  }

  #begin(late: boolean): void {
    this.#turning = true;
    const oldestAt = this.#oldestAt;
    this.#replyTimes.begin(this.#stepsIn);
    let received = this.#receiveArrivals(batchMax, late);
    // The handler that brought a single datagram has just read the socket until it was empty.
    const collects = received > 1 && !this.#ending;
    // A commit of many steps costs little more than one of few: datagrams that arrived meanwhile join it.
    while (this.#mayJoin(collects) && received < batchMax) {
      this.#endpoint?.collect();
      if (this.#inbox.length === 0) break;
      received += this.#receiveArrivals(batchMax - received, late);
    }
    this.#replyTimes.receive(received, oldestAt, this.#stepsIn);
    this.#commit();
    this.#turning = false;
    // Read what arrived during the turn with one call. This overwrites the receive buffer, so the inbox must be empty.
    if (collects && this.#inbox.length === 0 && !this.#ending) this.#endpoint?.collect();
    if (!this.#running) this.#scheduleRest();
  }

  #mayJoin(collects: boolean): boolean {
    return collects && this.#turn.isReady && this.#inbox.length === 0;
  }

  #commit(): void {
    this.#turn.commit((lanes) => {
      // Those that get no reply.
      this.#replyTimes.reply(lanes, performance.now());
      this.#onTurned();
      if (!this.#turning) this.#scheduleRest();
    });
    this.#replyTimes.reply([], performance.now());
  }

  readonly #stepsIn = (lane: number): number => this.engine.batch.sizeOf(lane);

  /** Passes at most `most` datagrams of the inbox to the turn; returns how many it took. */
  #receiveArrivals(most: number, late: boolean): number {
    const arrivals = this.#takeArrivals(most);
    const taken = this.#turn.receive(arrivals, late);
    if (taken < arrivals.length) this.#putBack(arrivals.slice(taken));
    return taken;
  }

  #putBack(arrivals: readonly Arrival[]): void {
    this.#inbox = [...arrivals, ...this.#inbox];
    for (const { bytes } of arrivals) this.#inboxBytes += bytes.length;
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
