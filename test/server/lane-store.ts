// A store with lanes for the tests of the engine: over the store of Maps, in which each lane's batch ends when the test says
// so. Asserts that a lane has one batch at a time.

import { expect } from "bun:test";
import type { Later, Step, StepResult, Store } from "../../lib/server/store-port.ts";
import { ScriptedStore } from "./scripted-store.ts";
import { ServerBench } from "./server-bench.ts";

export class LaneStore implements Store {
  /** Whether a batch ends only with `end`; else at once. */
  isSlow = false;
  /** The lane of each step, in order. */
  readonly lanesUsed: number[] = [];
  readonly #running = new Map<number, (error?: Error) => void>();

  constructor(
    readonly lanes: number,
    readonly rows = new ScriptedStore(),
  ) {}

  /** The lanes with a batch under way, in order. */
  get busy(): number[] {
    return [...this.#running.keys()].sort((a, b) => a - b);
  }

  apply(steps: readonly Step[], lane = 0): readonly StepResult[] | Later<readonly StepResult[]> {
    for (const _ of steps) this.lanesUsed.push(lane);
    if (!this.isSlow) return this.rows.apply(steps);
    expect(this.#running.has(lane)).toBe(false);
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a promise would not end within the call
      then: (onStored, onFailed) => {
        this.#running.set(lane, (error) => {
          if (error === undefined) onStored(this.rows.apply(steps));
          else onFailed(error);
        });
      },
    };
  }

  /** Ends the batch of a lane that is under way. */
  end(lane: number, error?: Error): void {
    const end = this.#running.get(lane);
    expect(end).toBeDefined();
    this.#running.delete(lane);
    end?.(error);
  }

  housekeep(): void {}
}

/** A server on the bench whose store has lanes. */
export function laneBench(lanes: number): { bench: ServerBench; store: LaneStore } {
  const store = new LaneStore(lanes);
  const bench = new ServerBench(store.rows, [], store);
  // A start looks whether the door has a window open, which concerns no device.
  bench.engine.tick(bench.moment);
  bench.turn();
  store.lanesUsed.length = 0;
  return { bench, store };
}
