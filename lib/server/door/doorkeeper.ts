// The operator's actions at the door, and the window's end. They go through the current batch like a device's request, so a
// result is reported only after the commit. Owns when the window is noted; the rules are in door-rules.

import type { Desk } from "../desk.ts";
import type { Moment } from "../moment.ts";
import { alone } from "../nodes.ts";
import type { Rule } from "../store-port.ts";
import { type DoorAction, type DoorResult, ruleOf } from "./door-action.ts";
import { type DoorView, notingWindow } from "./door-rules.ts";

/** How often an open window is noted: a restart with a clock that was never set makes it at most so much longer, ms. */
const noteEveryMs = 60_000;
/** How often a node looks whether another one has opened or closed the window, ms. */
const lookEveryMs = 10_000;

export class Doorkeeper {
  #notedAt = 0;
  /** When the rows are to be looked at next, by the monotonic clock, ms. */
  #lookAt = Number.NEGATIVE_INFINITY;
  #isLooking = false;

  constructor(private readonly desk: Desk) {}

  /** Carries out an action. @param onResult called once, after the commit */
  act(action: DoorAction, onResult: (result: DoorResult) => void, now: Moment): void {
    const { desk } = this;
    desk.clock.set(now);
    desk.batch.submit(
      ruleOf(action, now.wall),
      null,
      (result) => onResult(this.#told(action, result)),
      () => onResult({ kind: "storage-failed" }),
    );
  }

  /** Ends the window when it is over, notes how long it is open yet, and looks at the rows. The caller has set the time. */
  tick(): void {
    const { desk } = this;
    const { uptimeMs, wallMs } = desk;
    const over = desk.window.over(uptimeMs);
    if (over !== null) {
      this.#learn({ window: { ...over, leftMs: 0 } });
      desk.batch.submit(notingWindow(over.number, 0, wallMs), null, () => {});
    }
    const open = desk.window.open(uptimeMs);
    if (open !== null && uptimeMs - this.#notedAt >= noteEveryMs) {
      this.#notedAt = uptimeMs;
      const { row, leftMs } = open;
      desk.batch.submit(notingWindow(row.number, leftMs, wallMs + leftMs), null, () => {});
    }
    if (this.#isLooking || uptimeMs < this.#lookAt) return;
    this.#isLooking = true;
    desk.batch.submit(
      lookingAtWindow,
      null,
      (window) => this.#looked({ window }),
      () => this.#looked(null),
    );
  }

  #looked(view: Pick<DoorView, "window"> | null): void {
    this.#isLooking = false;
    const { nodes, uptimeMs } = this.desk;
    // The only server of a store is told by its own operator; one that failed to look tries it again.
    this.#lookAt = view !== null && nodes === alone ? Infinity : uptimeMs + lookEveryMs;
    if (view !== null) this.#learn(view);
  }

  #learn({ window: row }: Pick<DoorView, "window">): void {
    const { desk } = this;
    const { uptimeMs, wallMs } = desk;
    // One that has ended by itself a moment ago is told of here, too.
    const before = (desk.window.open(uptimeMs)?.row ?? desk.window.over(uptimeMs))?.number;
    desk.window.learn(row, wallMs, uptimeMs);
    const after = desk.window.open(uptimeMs);
    if (after?.row.number === before) return;
    desk.feed.tell({ kind: "window", isOpen: after !== null, at: wallMs });
    const until = after === null ? "is over" : `is open for ${Math.ceil(after.leftMs / 1000)} s`;
    this.#note(`the time in which all devices may register ${until}`);
  }

  /** Tells others of what was done, and the operator what this server knows better than the rows. */
  #told(action: DoorAction, result: DoorResult): DoorResult {
    const { desk } = this;
    switch (result.kind) {
      case "door":
        this.#learn(result);
        return {
          ...result,
          leftMs: desk.window.open(desk.uptimeMs)?.leftMs ?? 0,
          join: desk.policy.join,
        };
      case "window":
        this.#learn(result);
        return result;
      case "added":
        this.#note(`join token ${result.token.number} was made`);
        return result;
      case "revoked":
        if (action.what === "revoke") this.#note(`join token ${action.number} was revoked`);
        return result;
      case "approved":
      case "rejected":
        if (action.what === "judge") this.#tellJudged(action.id, result.kind);
        return result;
      case "full":
      case "unchanged":
      case "unknown":
      case "registered":
      case "storage-failed":
        return result;
    }
  }

  #tellJudged(id: string, state: "approved" | "rejected"): void {
    this.desk.feed.tell({ kind: "pending", id, state, at: this.desk.wallMs });
    this.#note(`${id} was ${state}: it is ${afterwards[state]} when it asks again`);
  }

  #note(words: string): void {
    this.desk.log.activity("info", "-", "-", words);
  }
}

const afterwards = { approved: "registered", rejected: "refused" } as const;

const lookingAtWindow: Rule<DoorView["window"]> = {
  kind: "rule",
  keys: { door: {} },
  decide: ({ door }) => ({ outcome: door?.window ?? null, writes: [] }),
};
