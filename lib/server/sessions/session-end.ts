// The end of a session, for LOGOFF, for a device that fell silent or was removed: its rule, and what it ends in memory.
// Decides nothing: whoever ends it has decided.

import type { PlacedRow } from "../nodes.ts";
import type { EndReason } from "../rows.ts";
import type { Failing } from "../store-failure.ts";
import type { Rule, Write } from "../store-port.ts";
import type { Desk } from "../desk.ts";
import type { Session, SessionEnd } from "./session.ts";

/** The end of a session now, or the same as before if it may be stored already and no packet came since. */
export function endNow({ wallMs: at }: Desk, session: Session, reason: EndReason): SessionEnd {
  const { lastSeen, tried } = session;
  if (tried?.reason === reason && tried.lastSeen === lastSeen) return tried;
  return { session, reason, lastSeen, at };
}

/** Whether a row of the store has exactly this end. */
export function isEnd(
  { session, reason, lastSeen, at }: SessionEnd,
  row: Pick<PlacedRow, "session" | "reason" | "lastSeen" | "ended">,
): boolean {
  if (row.session !== session.row || row.ended !== at) return false;
  return row.reason === reason && row.lastSeen === lastSeen;
}

/**
 * The rule that ends a session if it is still open in the store. Its outcome: whether this end is stored, now or by a batch
 * that was not answered.
 * @param more what is stored with it
 * @param node only if this node heard it last; null: whichever did
 */
export function endOf(
  ended: SessionEnd,
  more: readonly Write[] = [],
  node: string | null = null,
): Rule<boolean> {
  const { session: of, reason, lastSeen, at } = ended;
  const { id, row: session } = of;
  const end = { kind: "end-session", session, reason, lastSeen, at } as const;
  return {
    kind: "rule",
    keys: { device: id, withSession: true },
    decide: ({ session: row }) => {
      const isOpen = row?.session === session && row.ended === null;
      const ends = isOpen && (node === null || row.node === node);
      const isStored = of.tried === ended && row !== null && isEnd(ended, row);
      return { outcome: ends || isStored, writes: ends ? [end, ...more] : [] };
    },
  };
}

/** The end of a session could not be stored, or it is not known whether it was. */
export function keepOpen(desk: Desk, ended: SessionEnd, how: Failing): void {
  const { session } = ended;
  session.ending = false;
  session.leaving = null;
  if (how === "unknown") session.tried = ended;
  // What another node did meanwhile was left to this step.
  desk.recheck(session.id);
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

/** Another password of a device is on the disk, with the end of its session. @param at ms since 1970 */
export function notePassword(desk: Desk, id: string, at: number): void {
  desk.verifiers.forget(id);
  const session = desk.sessions.get(id);
  desk.feed.tell({ kind: "updated", id, at });
  if (session === undefined) return;
  noteEnd(desk, { session, reason: "replaced", lastSeen: session.lastSeen, at });
}

/** Removes a session from memory, with its questions, its commands and its link. False if it was removed before. */
export function forgetSession(
  { sessions, asks, commands, links, uptimeMs }: Desk,
  session: Session,
): boolean {
  if (!sessions.remove(session)) return false;
  asks.drop(session.id, uptimeMs);
  commands.drop(session.id);
  if (session.sealed) links.dismiss(session.owner, session.id, uptimeMs);
  return true;
}
