// The store as a simulated node drives it: a batch reaches the database after a while and is answered after another, in any
// order among the lanes. It may fail, and its answer may be lost: then it is stored or not, perhaps later.

import { type Failing, StoreFailure } from "../../../lib/server/store-failure.ts";
import type { Later, Step, StepResult, Store } from "../../../lib/server/store-port.ts";
import type { Stream } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import { Fenced } from "./database.ts";
import type { Life } from "./life.ts";
import type { Line } from "./line.ts";

/** How long it is tried to find out what became of a batch, ms. */
const unknownMs = 5_000;
/** How late a batch may still be stored after that, ms. */
const lateMs = 3_000;

type Stored = readonly StepResult[];
/** What becomes of a batch. `late`: nobody knows, and it is stored afterwards. */
type Fate = "stored" | "failed" | "unknown" | "unknown, not stored" | "late";

export type NodeStoreParts = {
  readonly node: string;
  readonly epoch: number;
  readonly timeline: Timeline;
  readonly random: Stream;
  readonly line: Line;
  readonly life: Life;
  /** Each may crash the node. */
  readonly onTaken: () => void;
  readonly onStored: () => void;
  /** A batch was refused because the node gave no sign of life; the batch fails when it has called back. */
  readonly onFenced: (done: () => void) => void;
  readonly count: (how: Failing) => void;
};

export class NodeStore implements Store {
  constructor(
    readonly lanes: number,
    /** Whether the database has trouble of its own now and then. */
    private readonly hasTrouble: () => boolean,
    private readonly parts: NodeStoreParts,
  ) {}

  apply(steps: readonly Step[]): Later<Stored> {
    if (this.parts.line.isDown) {
      this.parts.count("unavailable");
      throw new StoreFailure("unavailable", "no connection");
    }
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a promise would not wait for the timeline
      then: (onStored, onFailed) => this.#send(steps, onStored, onFailed),
    };
  }

  housekeep(): void {}

  #send(
    steps: readonly Step[],
    onStored: (results: Stored) => void,
    onFailed: (error: unknown) => void,
  ): void {
    const { timeline, line, life, onTaken, onFenced } = this.parts;
    onTaken();
    if (life.isOver) return;
    const fate = this.#fate();
    const fail = (how: Failing) => {
      this.parts.count(how);
      onFailed(new StoreFailure(how, how));
    };
    timeline.after(line.latencyMs, () => {
      // What was lost on the way is not carried out.
      if (fate === "failed" || line.isDown) return life.after(line.latencyMs, () => fail("failed"));
      const isStored = fate === "stored" || fate === "unknown";
      const results = isStored ? this.#store(steps) : null;
      if (results instanceof Fenced) return life.after(0, () => onFenced(() => fail("failed")));
      if (fate === "late") {
        timeline.after(this.parts.random.between(0, unknownMs + lateMs), () => this.#store(steps));
      }
      if (results === null || fate === "unknown")
        return life.after(unknownMs, () => fail("unknown"));
      this.parts.onStored();
      this.#answer(() => onStored(results), fail);
    });
  }

  /** The answer comes, if it must over a new connection; a line that stays away too long leaves it unknown. */
  #answer(give: () => void, fail: (how: Failing) => void): void {
    const { timeline, line, life } = this.parts;
    timeline.after(line.latencyMs, () => {
      const waitMs = line.backAt - timeline.now;
      if (waitMs < unknownMs) life.after(Math.max(0, waitMs), give);
      else life.after(unknownMs, () => fail("unknown"));
    });
  }

  #store(steps: readonly Step[]): Stored | Fenced {
    const { line, node, epoch } = this.parts;
    try {
      return line.database.apply(node, epoch, steps);
    } catch (error) {
      if (error instanceof Fenced) return error;
      throw error;
    }
  }

  #fate(): Fate {
    const drawn = this.parts.random.next();
    if (drawn >= 0.02 || !this.hasTrouble()) return "stored";
    if (drawn < 0.01) return "failed";
    return drawn < 0.013 ? "unknown" : drawn < 0.016 ? "unknown, not stored" : "late";
  }
}
