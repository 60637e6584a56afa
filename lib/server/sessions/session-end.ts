// The rule that ends a session, for LOGOFF and for a device that fell silent. Decides nothing: whoever ends it has decided.

import type { EndReason } from "../rows.ts";
import type { Rule, Write } from "../store-port.ts";
import type { Session } from "./session.ts";

/** The end of a session; `at` in ms since 1970. */
export type SessionEnd = {
  readonly session: Session;
  readonly reason: EndReason;
  readonly at: number;
};

/**
 * The rule that ends a session if it is still open in the store.
 * @param more what is stored with it
 */
export function endOf(
  { session: { row: session, lastSeen }, reason, at }: SessionEnd,
  more: readonly Write[] = [],
): Rule<null> {
  const end = { kind: "end-session", session, reason, lastSeen, at } as const;
  return { kind: "rule", keys: {}, decide: () => ({ outcome: null, writes: [end, ...more] }) };
}
