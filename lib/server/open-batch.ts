// The batch that is being filled: the steps of the next transaction of each lane, each with what is to be done after its
// commit. A reply to a change is written only there.

import { laneOf, laneOfDevice } from "./lanes.ts";
import { limits } from "./policy.ts";
import type { Request } from "./request.ts";
import type { Failing } from "./store-failure.ts";
import type { Decided, ReportStep, ReportStored, StepResult, Rule, Step } from "./store-port.ts";

/** A step of the batch. `onDone` runs once it is on the disk, `onFail` if the batch failed. */
export type Entry = {
  readonly step: Step;
  /** The request that is answered if the batch fails; null for the server's own steps. */
  readonly request: Request | null;
  readonly onDone: (result: StepResult) => void;
  readonly onFail: ((how: Failing) => void) | null;
};

export class OpenBatch {
  readonly #entries: Entry[][];
  #size = 0;

  /** @param lanes how many the store has */
  constructor(lanes: number) {
    this.#entries = Array.from({ length: lanes }, () => []);
  }

  /**
   * Adds a rule to the current batch. The other parameters are those of `Entry`.
   * @param onDone called with the outcome of the rule, and the number of the row that it added (0 without one)
   */
  submit<Outcome>(
    rule: Rule<Outcome>,
    request: Request | null,
    onDone: (outcome: Outcome, number: number) => void,
    onFail: Entry["onFail"] = null,
  ): void {
    const onResult = (result: StepResult) => {
      // The result of a step is that of its own rule, which TypeScript cannot see through the batch.
      const { outcome, number } = result as Decided<Outcome>;
      onDone(outcome, number);
    };
    this.#add({ step: rule, request, onDone: onResult, onFail });
  }

  /** Adds a report to the current batch. The parameters are those of `Entry`. */
  submitReport(step: ReportStep, request: Request, onDone: (stored: ReportStored) => void): void {
    this.#add({ step, request, onDone: onDone as Entry["onDone"], onFail: null });
  }

  /** How many steps it has, in all lanes. */
  get size(): number {
    return this.#size;
  }

  /** Whether as many steps as may wait for a commit do, in all lanes together. */
  get isFull(): boolean {
    return this.#size >= limits.requestsPerTurn;
  }

  /** How many lanes there are. */
  get lanes(): number {
    return this.#entries.length;
  }

  /** The lane of a device. */
  laneOf(device: string): number {
    return laneOfDevice(device, this.lanes);
  }

  /** How many steps of a lane it has. */
  sizeOf(lane: number): number {
    return this.#of(lane).length;
  }

  /** Returns the steps of a lane, and begins a new batch there. */
  take(lane: number): Entry[] {
    const entries = this.#of(lane);
    this.#entries[lane] = [];
    this.#size -= entries.length;
    return entries;
  }

  #add(entry: Entry): void {
    const { length } = this.#entries;
    this.#of(length === 1 ? 0 : laneOf(entry.step, length)).push(entry);
    this.#size++;
  }

  #of(lane: number): Entry[] {
    return this.#entries[lane] as Entry[];
  }
}
