// The end of a session, for LOGOFF, for a device that fell silent or was removed: its rule, and what it ends in memory.
// Decides nothing: whoever ends it has decided.

import type { EndReason } from "../rows.ts";
import type { Rule, Write } from "../store-port.ts";
import type { Desk } from "../desk.ts";
import type { Session } from "./session.ts";

/** The end of a session; times in ms since 1970. */
export type SessionEnd = {
  readonly session: Session;
  readonly reason: EndReason;
  /** When its last packet came. */
  readonly lastSeen: number;
  readonly at: number;
};

/** The end of a session now. */
export function endNow({ wallMs: at }: Desk, session: Session, reason: EndReason): SessionEnd {
  return { session, reason, lastSeen: session.lastSeen, at };
}

/**
 * The rule that ends a session if it is still open in the store. Its outcome: whether it was.
 * @param more what is stored with it
 * @param node only if this node heard it last; null: whichever did
 */
export function endOf(
  { session: { id, row: session }, reason, lastSeen, at }: SessionEnd,
  more: readonly Write[] = [],
  node: string | null = null,
): Rule<boolean> {
  const end = { kind: "end-session", session, reason, lastSeen, at } as const;
  return {
    kind: "rule",
    keys: { device: id, withSession: true },
    decide: ({ session: row }) => {
      const isOpen = row?.session === session && row.ended === null;
      const ends = isOpen && (node === null || row.node === node);
      return { outcome: ends, writes: ends ? [end, ...more] : [] };
    },
  };
}

/** The end of a session is on the disk. False if it was removed from memory before. */
export function noteEnd(desk: Desk, { session, reason, lastSeen, at }: SessionEnd): boolean {
  const { id, row } = session;
  desk.feed.tell({ kind: "ended", id, session: row, reason, lastSeen, at });
  return forgetSession(desk, session);
}

/** The removal of a device is on the disk, with the end of its session. @param at ms since 1970 */
export function noteRemoval(desk: Desk, id: string, at: number): void {
  desk.verifiers.forget(id);
  const session = desk.sessions.get(id);
  if (session !== undefined) forgetSession(desk, session);
  desk.feed.tell({ kind: "removed", id, at });
}

/** Removes a session from memory, with its questions and its link. False if it was removed before. */
export function forgetSession(
  { sessions, asks, links, uptimeMs }: Desk,
  session: Session,
): boolean {
  if (!sessions.remove(session)) return false;
  asks.drop(session.id, uptimeMs);
  if (session.sealed) links.dismiss(session.owner, session.id, uptimeMs);
  return true;
}
