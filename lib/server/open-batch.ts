// The batch that is being filled: the steps of the next transaction, each with what is to be done after its commit. A reply
// to a change is written only there.

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
  #entries: Entry[] = [];

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
    this.#entries.push({ step: rule, request, onDone: onResult, onFail });
  }

  /** Adds a report to the current batch. The parameters are those of `Entry`. */
  submitReport(step: ReportStep, request: Request, onDone: (stored: ReportStored) => void): void {
    this.#entries.push({ step, request, onDone: onDone as Entry["onDone"], onFail: null });
  }

  /** How many steps it has. */
  get size(): number {
    return this.#entries.length;
  }

  /** Returns the batch, and begins a new one. */
  take(): Entry[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }
}
