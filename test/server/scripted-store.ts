// The store in memory, for a test that makes whole batches fail and looks at what was applied.

import type { EndReason } from "../../lib/server/rows.ts";
import { type Failing, StoreFailure } from "../../lib/server/store-failure.ts";
import type { StepResult, Rule, Step, Write } from "../../lib/server/store-port.ts";
import { MemoryStore } from "../../lib/store/memory/memory-store.ts";

export class ScriptedStore extends MemoryStore {
  /** Why the next batches fail; null while the store works. */
  trouble: string | null = null;
  /** How they fail. */
  how: Failing = "failed";
  /** What was applied so far: `report`, or the kinds of a rule's writes. */
  applied: string[] = [];
  onWrite: (write: Write) => void = () => {};

  override apply(steps: readonly Step[]): readonly StepResult[] {
    if (this.trouble !== null) throw new StoreFailure(this.how, this.trouble);
    return super.apply(steps.map((step) => this.#noted(step)));
  }

  get devices() {
    return this.rows.devices;
  }

  get sessions() {
    return this.rows.sessions;
  }

  /** The questions, newest first. */
  get questions() {
    return [...this.rows.questions.values()].reverse();
  }

  /** How each session of a device ended, in order; null for an open one. */
  endsOf(id: string): (EndReason | null)[] {
    return this.rows
      .sessionsOf(id)
      .reverse()
      .map(({ reason }) => reason);
  }

  #noted(step: Step): Step {
    if (step.kind === "report") {
      this.applied.push(step.kind);
      return step;
    }
    const decide: Rule["decide"] = (rows) => {
      const decision = step.decide(rows);
      for (const write of decision.writes) {
        this.applied.push(write.kind);
        this.onWrite(write);
      }
      return decision;
    };
    return { ...step, decide };
  }
}
