// One turn of the server: datagrams in, a commit in each lane that is free, then the replies and the feed; and the password
// checks that it leads to. The packet loop, the simulation and the tests drive the same turn. Reads no clock, has no timer
// and no socket.

import type { Engine } from "./engine.ts";
import type { Outgoing } from "../protocol/messages.ts";
import type { HashJob, HashResult } from "./passwords/hash-queue.ts";
import type { Moment } from "./moment.ts";
import type { Address } from "../protocol/messages.ts";
import { failingOf } from "./store-failure.ts";
import type { StepResult, Store } from "./store-port.ts";

/**
 * Lanes that are free at the same time share a commit until it has so many steps: it costs as much as some dozens of them, so
 * that many small commits would be less than a few large ones where the processor is what is short.
 */
const stepsToShare = 128;
/** Behind a commit that takes longer than this nothing waits if it is in the way of other lanes, ms. */
const lateMs = 500;

/** A datagram that has arrived. */
export type Arrival = { readonly bytes: Uint8Array; readonly source: Address };

/** What a turn needs from the program around it. */
export interface TurnShell {
  now(): Moment;
  /**
   * Sends datagrams, in order.
   * @param lanes the lanes whose batch they answer; none if they answer what needs no store
   */
  send(replies: readonly Outgoing[], lanes: readonly number[]): void;
  /** How many passwords can be hashed or checked now. */
  freeHashers(): number;
  /** Begins to hash or check a password; the result is passed to `resume`. */
  hash(job: HashJob): void;
  /** The batch of these lanes goes to the store; for whoever measures. */
  onTaken?(lanes: readonly number[]): void;
  /** A batch is on the disk. */
  onStored(tookMs: number): void;
  /** A batch could not be stored, or it is not known whether it is. */
  onFailed(): void;
}

/** Called with the lanes whose batch has ended, after its replies are sent; with none if a turn began no batch. */
type OnEnd = (lanes: readonly number[]) => void;

const noLane: readonly number[] = [];

export class Turn {
  /** When the batch that is under way in each lane began, by the monotonic clock, ms; null in a free lane. */
  readonly #began: (number | null)[];
  #underWay = 0;

  /** @param store its `apply` may give the results later; until then no other commit begins in the lane */
  constructor(
    private readonly engine: Engine,
    private readonly store: Store,
    private readonly shell: TurnShell,
  ) {
    this.#began = Array.from({ length: engine.batch.lanes }, () => null);
  }

  /** Whether a batch is with a store that gives its results later. */
  get isStoring(): boolean {
    return this.#underWay > 0;
  }

  /** Whether no datagram is received before a batch that is under way is stored. */
  get isBlocked(): boolean {
    if (this.#underWay === 0 || !this.engine.isFull) return false;
    return this.#lateLanes(this.shell.now().monotonic).length === 0;
  }

  /** Whether there is something to commit, now or when its lane is free. */
  get hasWork(): boolean {
    return this.engine.hasWork;
  }

  /** Whether there is something to commit now. */
  get isReady(): boolean {
    const { engine } = this;
    if (this.#underWay === 0) return engine.hasWork;
    return this.#began.some((began, lane) => began === null && engine.batch.sizeOf(lane) > 0);
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
      if (engine.isFull) {
        this.#makeRoom(now);
        if (engine.isFull) break;
      }
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
   * Stores what waits in the lanes that are free; only then its replies are written and sent. While a batch with steps of a
   * lane is under way the lane's other steps wait for the next one; what needs no store, such as the answer to a heartbeat,
   * is sent in any case.
   * @param onEnd called once for each batch that begins, possibly before `commit` returns
   */
  commit(onEnd: OnEnd): void {
    const { engine } = this;
    engine.endTurn();
    const commits = this.#commits();
    for (const lanes of commits) this.#store(lanes, onEnd);
    if (commits.length === 0) this.#finish(noLane, onEnd);
    else if (this.#underWay > 0) this.#sendReplies(noLane);
  }

  /** The lanes of each commit that can begin now. */
  #commits(): number[][] {
    const commits: number[][] = [];
    let steps = 0;
    for (let lane = 0; lane < this.#began.length; lane++) {
      const waiting = this.#began[lane] === null ? this.engine.batch.sizeOf(lane) : 0;
      if (waiting === 0) continue;
      const last = commits.at(-1);
      if (last === undefined || steps >= stepsToShare) {
        commits.push([lane]);
        steps = waiting;
      } else {
        last.push(lane);
        steps += waiting;
      }
    }
    return commits;
  }

  /** Stores what waits in these lanes as one batch, over the first of them. */
  #store(lanes: readonly number[], onEnd: OnEnd): void {
    const { engine, store, shell } = this;
    const [first = 0] = lanes;
    const batch =
      lanes.length === 1
        ? engine.batch.take(first)
        : lanes.flatMap((lane) => engine.batch.take(lane));
    shell.onTaken?.(lanes);
    const steps = batch.map((entry) => entry.step);
    const began = shell.now().monotonic;
    const onStored = (results: readonly StepResult[]) => {
      const now = shell.now();
      shell.onStored(now.monotonic - began);
      engine.complete(batch, results, now);
      this.#sendReplies(lanes);
      // Nothing of this delays an ACK.
      engine.feed.publish();
      store.housekeep();
      this.#finish(lanes, onEnd);
    };
    const onFailed = (error: unknown) => {
      shell.onFailed();
      const words = error instanceof Error ? error.message : String(error);
      engine.fail(batch, failingOf(error), words, shell.now());
      this.#finish(lanes, onEnd);
    };
    let results: ReturnType<Store["apply"]>;
    try {
      results = store.apply(steps, first);
    } catch (error) {
      return onFailed(error);
    }
    if (!("then" in results)) return onStored(results);
    for (const lane of lanes) this.#began[lane] = began;
    this.#underWay++;
    const ended = <T>(handle: (value: T) => void) => {
      return (value: T) => {
        for (const lane of lanes) this.#began[lane] = null;
        this.#underWay--;
        handle(value);
      };
    };
    results.then(ended(onStored), ended(onFailed));
  }

  /** Refuses what waits behind late commits while other lanes could go on, once no more may wait. */
  #makeRoom(now: Moment): void {
    const { engine } = this;
    if (!engine.batch.isFull) return;
    for (const lane of this.#lateLanes(now.monotonic)) {
      const batch = engine.batch.take(lane);
      engine.fail(batch, "unavailable", "", now);
      const ms = Math.round(now.monotonic - (this.#began[lane] as number));
      const words = `refused ${batch.length} operations that wait for a commit, which has taken ${ms} ms so far`;
      engine.desk.logbook.error(null, words);
    }
  }

  /** The lanes in which something waits for a late commit; none if that is so in all lanes. */
  #lateLanes(monotonic: number): number[] {
    const isLate = (began: number | null) => began !== null && monotonic - began > lateMs;
    if (this.#began.every(isLate)) return [];
    return this.#began.flatMap((began, lane) =>
      isLate(began) && this.engine.batch.sizeOf(lane) > 0 ? [lane] : [],
    );
  }

  #finish(lanes: readonly number[], onEnd: OnEnd): void {
    this.#sendReplies(lanes);
    this.#beginHashing();
    onEnd(lanes);
  }

  #sendReplies(lanes: readonly number[]): void {
    const replies = this.engine.takeReplies();
    if (replies.length > 0) this.shell.send(replies, lanes);
  }

  #beginHashing(): void {
    for (const job of this.engine.takeHashJobs(this.shell.freeHashers())) this.shell.hash(job);
  }
}
