// Owns how this folder reports a peer's errors: as a value or a reason, never as an exception.
// Never lists the reasons: each file declares its own.

/** A value, or the reason why there is none. */
export type Result<Value, Reason extends string> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: Reason };

/** The result that has a value. */
export function accept<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** The result that has a reason instead of a value. */
export function reject<Reason extends string>(
  reason: Reason,
): { readonly ok: false; readonly reason: Reason } {
  return { ok: false, reason };
}
