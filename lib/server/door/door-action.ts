// What an operator can do at the door, as plain data: commands carry it out in the store, or have the running server do it. Says
// which rule it is; carries out nothing.

import type { Labels } from "../labels.ts";
import type { Join } from "../policy.ts";
import type { Rule } from "../store-port.ts";
import {
  addingToken,
  type DoorView,
  judging,
  lookingAtDoor,
  type NewToken,
  type PendingJudged,
  revokingToken,
  settingWindow,
  type TokenAdded,
  type TokenRevoked,
} from "./door-rules.ts";
import type { WindowRow } from "./door-rows.ts";
import { leftAt } from "./window-clock.ts";

/** Something that an operator does. */
export type DoorAction =
  | { readonly what: "look" }
  /** `forMs`: 0 closes the window. */
  | { readonly what: "window"; readonly forMs: number; readonly labels: Labels }
  | { readonly what: "token"; readonly token: NewToken }
  | { readonly what: "revoke"; readonly number: number }
  /** `labels`: what the device gets when it registers. */
  | {
      readonly what: "judge";
      readonly id: string;
      readonly state: "approved" | "rejected";
      readonly labels: Labels;
      /** Only who asked first then or before: another device may have come under the id since it was looked at. */
      readonly seenBy?: number;
    };

/**
 * What there is at the door now. `leftMs`: how long the window is still open, 0 if it is not. `join`: the policy of the server; null
 * if none runs.
 */
export type DoorNow = DoorView & {
  readonly kind: "door";
  readonly leftMs: number;
  readonly join: Join | null;
};

/** What became of an action. */
export type DoorResult =
  | DoorNow
  | { readonly kind: "window"; readonly window: WindowRow | null }
  | TokenAdded
  | TokenRevoked
  | PendingJudged
  | { readonly kind: "storage-failed" };

/**
 * The rule of an action.
 * @param at the wall clock, ms since 1970
 */
export function ruleOf(action: DoorAction, at: number): Rule<DoorResult> {
  switch (action.what) {
    case "look":
      return mapped(lookingAtDoor(), (view) => {
        const leftMs = view.window === null ? 0 : leftAt(view.window, at);
        return { kind: "door", ...view, leftMs, join: null };
      });
    case "window":
      return mapped(settingWindow(action.forMs, action.labels, at), (window) => {
        return { kind: "window", window };
      });
    case "token":
      return addingToken(action.token);
    case "revoke":
      return revokingToken(action.number);
    case "judge":
      return judging(action.id, action.state, action.labels, action.seenBy);
  }
}

function mapped<Outcome>(
  rule: Rule<Outcome>,
  resultOf: (outcome: Outcome) => DoorResult,
): Rule<DoorResult> {
  return {
    ...rule,
    decide: (rows) => {
      const { outcome, writes } = rule.decide(rows);
      return { outcome: resultOf(outcome), writes };
    },
  };
}
