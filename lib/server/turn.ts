// One turn of the server: datagrams in, one commit, then the replies and the feed; and the password checks that it leads
// to. The packet loop, the simulation and the tests drive the same turn. Reads no clock, has no timer and no socket.

import type { Engine } from "./engine.ts";
import type { Outgoing } from "../protocol/messages.ts";
import type { HashJob, HashResult } from "./passwords/hash-queue.ts";
import type { Moment } from "./moment.ts";
import type { Address } from "../protocol/messages.ts";
import { failingOf } from "./store-failure.ts";
import type { StepResult, Store } from "./store-port.ts";

/** A datagram that has arrived. */
export type Arrival = { readonly bytes: Uint8Array; readonly source: Address };

/** What a turn needs from the program around it. */
export interface TurnShell {
  now(): Moment;
  /** Sends datagrams, in order. */
  send(replies: readonly Outgoing[]): void;
  /** How many passwords can be hashed or checked now. */
  freeHashers(): number;
  /** Begins to hash or check a password; the result is passed to `resume`. */
  hash(job: HashJob): void;
  /** A batch is on the disk. */
  onStored(tookMs: number): void;
  /** A batch could not be stored, or it is not known whether it is. */
  onFailed(): void;
}

export class Turn {
  #isStoring = false;

  /** @param store its `apply` may give the results later; until then no other commit begins */
  constructor(
    private readonly engine: Engine,
    private readonly store: Store,
    private readonly shell: TurnShell,
  ) {}

  /** Whether a batch is with a store that gives its results later. */
  get isStoring(): boolean {
    return this.#isStoring;
  }

  /** Whether no datagram is received before the batch that is under way is stored. */
  get isBlocked(): boolean {
    return this.#isStoring && this.engine.isFull;
  }

  /** Whether there is something to commit. */
  get hasWork(): boolean {
    return this.engine.hasWork;
  }

  /**
   * Passes datagrams to the engine, in order, until it is full: a sealed datagram can hold many requests, also such as
   * change nothing. The memory of those that it takes may be overwritten afterwards.
   * @param late whether the event loop is behind, so that an INIT needs a cookie (protocol §5.4)
   * @returns how many it took; the caller keeps the others for the next turn
   */
  receive(arrivals: readonly Arrival[], late: boolean): number {
    const { engine } = this;
    const now = this.shell.now();
    let taken = 0;
    for (const { bytes, source } of arrivals) {
      if (engine.isFull) break;
      engine.receive(bytes, source, now, late);
      taken++;
    }
    return taken;
  }

  /** Does what is due by time. */
  tick(): void {
    this.engine.tick(this.shell.now());
  }

  /** Continues a request whose password was hashed or checked. */
  resume(job: HashJob, result: HashResult): void {
    this.engine.resume(job, result, this.shell.now());
    this.#beginHashing();
  }

  /** Adds the due rows of all sessions to the batch, for a clean stop. */
  settle(): void {
    this.engine.settle(this.shell.now());
  }

  /**
   * Stores the current batch; only then its replies are written and sent. While a batch is under way its steps wait for the
   * next commit; what needs no store, such as the answer to a heartbeat, is sent in any case.
   * @param onEnd called once the replies are sent, possibly before `commit` returns
   */
  commit(onEnd: () => void): void {
    const { engine, store, shell } = this;
    engine.endTurn();
    if (this.#isStoring) return this.#finish(onEnd);
    const batch = engine.take();
    if (batch.length === 0) return this.#finish(onEnd);
    const steps = batch.map((entry) => entry.step);
    const began = shell.now().monotonic;
    const onStored = (results: readonly StepResult[]) => {
      const now = shell.now();
      shell.onStored(now.monotonic - began);
      engine.complete(batch, results, now);
      this.#sendReplies();
      // Nothing of this delays an ACK.
      engine.feed.publish();
      store.housekeep();
      this.#finish(onEnd);
    };
    const onFailed = (error: unknown) => {
      shell.onFailed();
      const words = error instanceof Error ? error.message : String(error);
      engine.fail(batch, failingOf(error), words, shell.now());
      this.#finish(onEnd);
    };
    let results: ReturnType<Store["apply"]>;
    try {
      results = store.apply(steps);
    } catch (error) {
      return onFailed(error);
    }
    if (!("then" in results)) return onStored(results);
    this.#isStoring = true;
    this.#sendReplies();
    const ended = <T>(handle: (value: T) => void) => {
      return (value: T) => {
        this.#isStoring = false;
        handle(value);
      };
    };
    results.then(ended(onStored), ended(onFailed));
  }

  #finish(onEnd: () => void): void {
    this.#sendReplies();
    this.#beginHashing();
    onEnd();
  }

  #sendReplies(): void {
    const replies = this.engine.takeReplies();
    if (replies.length > 0) this.shell.send(replies);
  }

  #beginHashing(): void {
    for (const job of this.engine.takeHashJobs(this.shell.freeHashers())) this.shell.hash(job);
  }
}
