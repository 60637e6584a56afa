// What a rule that needs a password is given, and what it may ask for. Types only.

import type { AckCode } from "../../protocol/codes.ts";

/**
 * What is known of the password in a request. `verified` and `refused` carry the stored hash that the password was
 * checked against, so that a check against a hash that was replaced meanwhile does not count.
 */
export type Proof =
  | { readonly kind: "none" }
  /** The password was hashed for a device that is not registered yet. */
  | { readonly kind: "hashed"; readonly hash: string }
  | { readonly kind: "verified"; readonly hash: string }
  /** `hash` is null if the id was unknown. */
  | { readonly kind: "refused"; readonly hash: string | null };

/** The password computation that a rule needs before it can decide. */
export type Need =
  | { readonly kind: "hash" }
  /** Check the password against this hash; null: the id is unknown, and the check only takes the same time. */
  | { readonly kind: "verify"; readonly hash: string | null };

/** The answer to a request with a password. */
export type Done = {
  readonly kind: "done";
  readonly code: AckCode;
  /** The stored hash that the password is known to match, or null. */
  readonly hash: string | null;
  /** When it was decided, ms since 1970, as in the rows that it wrote. */
  readonly at: number;
};

/** The outcome of a rule that may need a password; with a need, nothing was changed. */
export type Judged<D extends Done = Done> = { readonly kind: "need"; readonly need: Need } | D;
