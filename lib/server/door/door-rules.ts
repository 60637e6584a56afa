// The operator's rules of the door: to open and close the window, to make and revoke join tokens, to approve and reject pending
// devices, and to look at all of it. Pure functions over the rows.

import { type Labels, merged } from "../labels.ts";
import type { Decision, Rule } from "../store-port.ts";
import {
  type DoorRows,
  type DoorWrite,
  noDoorRows,
  type PendingRow,
  type PendingState,
  type TokenRow,
  tokensMax,
  type WindowRow,
} from "./door-rows.ts";

/** What there is at the door. */
export type DoorView = Pick<DoorRows, "window" | "tokens"> & {
  readonly pending: readonly PendingRow[];
};

/** A token to make, without what the store counts. */
export type NewToken = Pick<
  TokenRow,
  "hash" | "note" | "created" | "expires" | "usesLeft" | "labels" | "ids" | "approve" | "text"
>;

/** What became of a token to make; `full`: all that are kept are still of use. */
export type TokenAdded =
  { readonly kind: "added"; readonly token: TokenRow } | { readonly kind: "full" };

/** What became of a token to revoke. */
export type TokenRevoked = { readonly kind: "revoked" | "unchanged" | "unknown" };

/** What became of a pending device that was judged; `registered`: it is a device already. */
export type PendingJudged = {
  readonly kind: "approved" | "rejected" | "unchanged" | "unknown" | "registered";
};

/** The rule that looks at the door. */
export function lookingAtDoor(): Rule<DoorView> {
  return {
    kind: "rule",
    keys: { door: { lists: true } },
    decide: ({ door }) => {
      const { window, tokens, allPending: pending } = door ?? noDoorRows;
      return decided({ window, tokens, pending });
    },
  };
}

/**
 * The rule that opens the door for a while, or closes it. Its outcome is the window as it is then; null if there was none to
 * close.
 * @param forMs 0 closes it
 * @param at the wall clock, ms since 1970
 */
export function settingWindow(forMs: number, labels: Labels, at: number): Rule<WindowRow | null> {
  return {
    kind: "rule",
    keys: { door: {} },
    decide: ({ door }) => {
      const before = door?.window ?? null;
      if (forMs === 0 && (before === null || before.leftMs === 0)) return decided(before);
      const number = (before?.number ?? 0) + 1;
      const window = { number, leftMs: forMs, until: at + forMs, labels };
      return decided(window, { what: "set-window", window });
    },
  };
}

/** The rule that notes how long a window is still open. */
export function notingWindow(number: number, leftMs: number, until: number): Rule<null> {
  return {
    kind: "rule",
    keys: {},
    decide: () => decided(null, { what: "note-window", number, leftMs, until }),
  };
}

/** The rule that makes a token. */
export function addingToken(made: NewToken): Rule<TokenAdded> {
  return {
    kind: "rule",
    keys: { door: { lists: true } },
    decide: ({ door }) => {
      const tokens = door?.tokens ?? [];
      const useless = tokens.find((token) => isUseless(token, made.created));
      const isFull = tokens.length >= tokensMax;
      if (isFull && useless === undefined) return decided({ kind: "full" });
      const number = (tokens.at(-1)?.number ?? 0) + 1;
      const token = { ...made, number, used: 0, revoked: false, lastUsed: null };
      const room: DoorWrite[] =
        isFull && useless !== undefined ? [{ what: "remove-token", number: useless.number }] : [];
      return decided({ kind: "added", token }, ...room, { what: "add-token", token });
    },
  };
}

/** The rule that revokes a token. */
export function revokingToken(number: number): Rule<TokenRevoked> {
  return {
    kind: "rule",
    keys: { door: { lists: true } },
    decide: ({ door }) => {
      const token = door?.tokens.find((one) => one.number === number);
      if (token === undefined) return decided({ kind: "unknown" });
      if (token.revoked) return decided({ kind: "unchanged" });
      return decided({ kind: "revoked" }, { what: "revoke-token", number });
    },
  };
}

/**
 * The rule that approves or rejects a pending device.
 * @param labels what it gets when it registers
 * @param seenBy who asked first later than that, ms since 1970, is not meant
 */
export function judging(
  id: string,
  state: Exclude<PendingState, "waiting">,
  labels: Labels,
  seenBy = Infinity,
): Rule<PendingJudged> {
  return {
    kind: "rule",
    keys: { device: id, door: { pending: { id, source: "" } } },
    decide: ({ device, door }) => {
      const row = door?.pending ?? null;
      if (device !== null) return decided({ kind: "registered" });
      if (row === null || row.firstSeen > seenBy) return decided({ kind: "unknown" });
      if (row.state === state && labels.size === 0) return decided({ kind: "unchanged" });
      const pending = { ...row, state, labels: merged(row.labels, labels) };
      return decided({ kind: state }, { what: "change-pending", pending });
    },
  };
}

/** Whether a token registers no device any more. @param at ms since 1970 */
export function isUseless({ revoked, expires, usesLeft }: TokenRow, at: number): boolean {
  return revoked || usesLeft === 0 || (expires !== null && expires <= at);
}

function decided<Outcome>(outcome: Outcome, ...writes: readonly DoorWrite[]): Decision<Outcome> {
  return { outcome, writes: writes.map((write) => ({ kind: "door", write })) };
}
