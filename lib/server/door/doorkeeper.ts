// The operator's actions at the door, and the window's end. They go through the current batch like a device's request, so a
// result is reported only after the commit. Owns when the window is noted; the rules are in door-rules.

import type { Desk } from "../desk.ts";
import type { Labels } from "../labels.ts";
import type { Moment } from "../moment.ts";
import { alone } from "../nodes.ts";
import type { Rule } from "../store-port.ts";
import {
  addingToken,
  type DoorView,
  judging,
  lookingAtDoor,
  type NewToken,
  notingWindow,
  type PendingJudged,
  revokingToken,
  settingWindow,
  type TokenAdded,
  type TokenRevoked,
} from "./door-rules.ts";

/** How often an open window is noted: a restart with a clock that was never set makes it at most so much longer, ms. */
const noteEveryMs = 60_000;
/** How often a node looks whether another one has opened or closed the window, ms. */
const lookEveryMs = 10_000;

/** The result of an action; null if the store failed. */
type OnResult<Result> = (result: Result | null) => void;

/** What there is at the door now; `window.leftMs` is by this node's clock. */
export type DoorNow = DoorView & { readonly windowLeftMs: number };

export class Doorkeeper {
  #notedAt = 0;
  /** When the rows are to be looked at next, by the monotonic clock, ms. */
  #lookAt = Number.NEGATIVE_INFINITY;
  #isLooking = false;

  constructor(private readonly desk: Desk) {}

  /** Looks at the door: the window, all tokens, all pending devices. */
  look(onResult: OnResult<DoorNow>, now: Moment): void {
    this.#act(lookingAtDoor(), now, onResult, (view) => {
      this.#learn(view);
      const windowLeftMs = this.desk.window.open(this.desk.uptimeMs)?.leftMs ?? 0;
      return { ...view, windowLeftMs };
    });
  }

  /** Opens the door for a while, or closes it. @param forMs 0 closes it */
  setWindow(forMs: number, labels: Labels, onResult: OnResult<"set">, now: Moment): void {
    this.#act(settingWindow(forMs, labels, now.wall), now, onResult, (window) => {
      this.#learn({ window });
      return "set" as const;
    });
  }

  /** Makes a join token. */
  addToken(token: NewToken, onResult: OnResult<TokenAdded>, now: Moment): void {
    this.#act(addingToken(token), now, onResult, (added) => {
      if (added.kind === "added") this.#note(`join token ${added.token.number} was made`);
      return added;
    });
  }

  /** Revokes a join token; devices that it has registered stay. */
  revokeToken(number: number, onResult: OnResult<TokenRevoked>, now: Moment): void {
    this.#act(revokingToken(number), now, onResult, (revoked) => {
      if (revoked.kind === "revoked") this.#note(`join token ${number} was revoked`);
      return revoked;
    });
  }

  /** Approves or rejects a pending device. @param labels what it gets when it registers */
  judge(
    id: string,
    state: "approved" | "rejected",
    labels: Labels,
    onResult: OnResult<PendingJudged>,
    now: Moment,
  ): void {
    this.#act(judging(id, state, labels), now, onResult, (judged) => {
      if (judged.kind === "approved" || judged.kind === "rejected") {
        this.desk.feed.tell({ kind: "pending", id, state, at: now.wall });
        this.#note(`${id} was ${state}: ${approvalWords[state]}`);
      }
      return judged;
    });
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

  #act<Outcome, Result>(
    rule: Rule<Outcome>,
    now: Moment,
    onResult: OnResult<Result>,
    resultOf: (outcome: Outcome) => Result,
  ): void {
    this.desk.clock.set(now);
    this.desk.batch.submit(
      rule,
      null,
      (outcome) => onResult(resultOf(outcome)),
      () => onResult(null),
    );
  }

  #note(words: string): void {
    this.desk.log.activity("info", "-", "-", words);
  }
}

const approvalWords = {
  approved: "it registers when it asks again",
  rejected: "it is refused when it asks again",
} as const;

const lookingAtWindow: Rule<DoorView["window"]> = {
  kind: "rule",
  keys: { door: {} },
  decide: ({ door }) => ({ outcome: door?.window ?? null, writes: [] }),
};
