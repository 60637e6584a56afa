// Owns how this folder reports what a peer got wrong: a value or a reason, never a throw.
// Knows nothing of the packets themselves; each file lists the reasons that it gives.

/** A value, or the reason why there is none. */
export type Result<Value, Reason extends string> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: Reason };

/** Wraps a value. */
export function accept<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** Wraps a reason. */
export function reject<Reason extends string>(
  reason: Reason,
): { readonly ok: false; readonly reason: Reason } {
  return { ok: false, reason };
}
