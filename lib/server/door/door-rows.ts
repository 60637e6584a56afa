// The rows of the door, which say who may register: the window, the join tokens, and the devices that wait for approval. What
// rules ask for of them, and what they write. Times are ms since 1970 by the server's wall clock. Types and bounds only.

import type { Labels } from "../labels.ts";

/** How many devices can be pending, and how many of one source IP. */
export const pendingMax = 1_024;
export const pendingOfSourceMax = 16;
/** A pending device that was not heard for this many hours of service is forgotten. */
export const pendingHours = 24;
/** How many join tokens are kept. The oldest that is of no use any more makes room. */
export const tokensMax = 1_024;

/** `waiting` for a person; `approved`: its next REGISTER is accepted; `rejected`: it is refused. */
export type PendingState = "waiting" | "approved" | "rejected";

/** A device that asked to be registered and waits for approval, or was judged and has not registered yet. */
export type PendingRow = {
  readonly id: string;
  readonly mac: string;
  /** The address in its REGISTER. */
  readonly ip: string;
  readonly port: number;
  /** The IP that its first REGISTER came from. */
  readonly source: string;
  /** The client's static key, 32 bytes; null for text. */
  readonly clientKey: Uint8Array | null;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** How often it asked; within a second counts once. */
  readonly tries: number;
  readonly state: PendingState;
  /** What it gets when it registers. */
  readonly labels: Labels;
};

/** A join token. Only the hash of it is kept. */
export type TokenRow = {
  readonly number: number;
  /** SHA-256, 32 bytes. */
  readonly hash: Uint8Array;
  /** The operator's own words. */
  readonly note: string;
  readonly created: number;
  /** null: never. */
  readonly expires: number | null;
  /** null: any number. */
  readonly usesLeft: number | null;
  /** Devices that it has registered. */
  readonly used: number;
  /** What its devices get. */
  readonly labels: Labels;
  /** The ids it is for, as patterns with `|` between them: `th-*|pi1`; null: any. */
  readonly ids: string | null;
  /** Whether its devices wait for approval. */
  readonly approve: boolean;
  /** Whether it may come in text. */
  readonly text: boolean;
  readonly revoked: boolean;
  /** null: not yet. */
  readonly lastUsed: number | null;
};

/** The time in which everybody may register. There is one row, which stays when it is over: then `leftMs` is 0. */
export type WindowRow = {
  /** Grows with each opening. */
  readonly number: number;
  /** How long it was still open when that was noted, and its end as it was reckoned then. */
  readonly leftMs: number;
  readonly until: number;
  /** What those get that register in it. */
  readonly labels: Labels;
};

/** How many devices are pending: all that were heard in the last hour of service, and those of a source. */
export type Crowd = {
  readonly all: number;
  readonly ofSource: number;
  /** Those of the source that has most; 0 as long as there is room. */
  readonly ofLargest: number;
};

/** What a rule asks for of the door, besides the window. */
export type DoorKeys = {
  /** The token with this SHA-256, 32 bytes. */
  readonly token?: Uint8Array;
  /** The pending device of this id, and the crowd that it is in. */
  readonly pending?: { readonly id: string; readonly source: string };
  /** All tokens and all pending devices. */
  readonly lists?: boolean;
};

/** What was found; null or empty for what is not there or was not asked for. */
export type DoorRows = {
  readonly window: WindowRow | null;
  readonly token: TokenRow | null;
  readonly pending: PendingRow | null;
  readonly crowd: Crowd;
  /** By number. */
  readonly tokens: readonly TokenRow[];
  /** By id. */
  readonly allPending: readonly PendingRow[];
};

/** What there is at the door of a new store. */
export const noDoorRows: DoorRows = {
  window: null,
  token: null,
  pending: null,
  crowd: { all: 0, ofSource: 0, ofLargest: 0 },
  tokens: [],
  allPending: [],
};

/** A change of the door's rows. */
export type DoorWrite =
  | { readonly what: "set-window"; readonly window: WindowRow }
  /** Notes how long the window of this number is still open; it never gets longer. */
  | {
      readonly what: "note-window";
      readonly number: number;
      readonly leftMs: number;
      readonly until: number;
    }
  | { readonly what: "add-token"; readonly token: TokenRow }
  | { readonly what: "use-token"; readonly number: number; readonly at: number }
  | { readonly what: "revoke-token"; readonly number: number }
  | { readonly what: "remove-token"; readonly number: number }
  /**
   * Of more than `pendingMax`, the first of this order goes: those not heard in the last hour of service, then those of the source
   * that has most; of them who asked only once, then who was silent for longest. Who is approved stays.
   */
  | { readonly what: "add-pending"; readonly pending: PendingRow }
  /** Only if there is one of its id. */
  | { readonly what: "change-pending"; readonly pending: PendingRow };
