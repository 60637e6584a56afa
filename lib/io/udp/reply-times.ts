// How long requests wait for their replies, from arrival to sending, for the metrics. A request waits for the commit of its
// lane, or for none. Which datagram went to which lane is not known, only how many steps each lane got. Reads no clock.

import { Histogram } from "../../server/histogram.ts";

/** Datagrams, and when the oldest of them arrived, in ms of the monotonic clock. */
type Waiting = { readonly count: number; readonly oldestAt: number };

/** How many steps wait for the next commit of a lane. */
type StepsIn = (lane: number) => number;

const none: Waiting = { count: 0, oldestAt: 0 };

export class ReplyTimes {
  /** Times from arrival to reply, in seconds. */
  readonly latency = new Histogram();
  /** By lane: what waits for the next commit, and what the one under way has. */
  readonly #waiting: Waiting[];
  readonly #storing: Waiting[];
  /** What needs no store. */
  #other = none;
  /** How many steps each lane had when the turn began. */
  readonly #before: number[];

  /** @param lanes how many the store has */
  constructor(private readonly lanes: number) {
    this.#waiting = Array.from({ length: lanes }, () => none);
    this.#storing = [...this.#waiting];
    this.#before = Array.from({ length: lanes }, () => 0);
  }

  /** A turn begins, which receives datagrams. */
  begin(stepsIn: StepsIn): void {
    for (let lane = 0; lane < this.lanes; lane++) this.#before[lane] = stepsIn(lane);
  }

  /**
   * The turn has received datagrams.
   * @param oldestAt when the oldest arrived, ms
   */
  receive(count: number, oldestAt: number, stepsIn: StepsIn): void {
    if (count === 0) return;
    let steps = 0;
    for (let lane = 0; lane < this.lanes; lane++) steps += this.#added(lane, stepsIn);
    // A datagram may have no step, or many.
    const storable = Math.min(count, steps);
    let [given, passed] = [0, 0];
    for (let lane = 0; lane < this.lanes; lane++) {
      passed += this.#added(lane, stepsIn);
      const until = steps === 0 ? 0 : Math.round((storable * passed) / steps);
      this.#waiting[lane] = together(this.#waiting[lane], { count: until - given, oldestAt });
      given = until;
    }
    this.#other = together(this.#other, { count: count - given, oldestAt });
  }

  /** A commit of these lanes begins. */
  take(lanes: readonly number[]): void {
    for (const lane of lanes) {
      this.#storing[lane] = this.#waiting[lane] ?? none;
      this.#waiting[lane] = none;
    }
  }

  /**
   * The replies to the commit of these lanes are sent, and those that need no store.
   * @param now ms
   */
  reply(lanes: readonly number[], now: number): void {
    this.#observe(this.#other, now);
    this.#other = none;
    for (const lane of lanes) {
      this.#observe(this.#storing[lane] ?? none, now);
      this.#storing[lane] = none;
    }
  }

  /** How many steps a lane got in this turn. What waited in it may have been refused meanwhile. */
  #added(lane: number, stepsIn: StepsIn): number {
    return Math.max(0, stepsIn(lane) - (this.#before[lane] ?? 0));
  }

  #observe({ count, oldestAt }: Waiting, now: number): void {
    if (count > 0) this.latency.observe((now - oldestAt) / 1000, count);
  }
}

function together(before: Waiting = none, more: Waiting): Waiting {
  if (more.count === 0) return before;
  return before.count === 0
    ? more
    : { count: before.count + more.count, oldestAt: before.oldestAt };
}
