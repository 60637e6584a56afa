// The start of a session, for LOGIN and RESUME: what is stored, and what begins in memory once it is on the disk. Decides
// nothing: the rule of the verb has decided.

import { ack } from "../../protocol/codes.ts";
import type { Address } from "../../protocol/messages.ts";
import type { Desk } from "../desk.ts";
import type { Request } from "../request.ts";
import { confirm } from "../responses.ts";
import type { CommandRow, NewSession } from "../rows.ts";
import type { Write } from "../store-port.ts";
import { Session } from "./session.ts";

/** Opens a session, which replaces the device's open one. */
export function opening(opened: Omit<NewSession, "started"> & { readonly at: number }): Write[] {
  const { device, source, stated, at, clientKey, clockOffset } = opened;
  const session = { device, source, stated, started: at, clientKey, clockOffset };
  return [
    { kind: "end-open-session", device, reason: "replaced", at },
    { kind: "open-session", session },
  ];
}

/**
 * Opens the session that a LOGIN or RESUME stored, and acknowledges the request.
 * @param opened the id, the number and time of the session's row, the ip and port of the request, the clock offset of the
 *   session before, the open commands of the device, and whether the request was a RESUME
 */
export function openSession(
  desk: Desk,
  request: Request,
  opened: {
    readonly id: string;
    readonly row: number;
    /** ms since 1970. */
    readonly at: number;
    readonly stated: Address;
    readonly clockOffset: number | null;
    readonly commands: readonly CommandRow[];
    readonly isResumed: boolean;
  },
): void {
  const { id, row, at, stated, clockOffset, commands, isResumed } = opened;
  const { link, owner, source } = request;
  const before = desk.sessions.get(id);
  const { wallMs, uptimeMs } = desk;
  const session = new Session({
    row,
    id,
    owner,
    sealed: link !== null,
    source,
    stated,
    lastSeen: wallMs,
    heardAt: uptimeMs,
    everySeconds: null,
  });
  let again = "";
  if (before === undefined) {
    session.clock.restore(clockOffset, { wall: wallMs, monotonic: uptimeMs }, isResumed);
  } else {
    session.lastReport = before.lastReport;
    session.clock.follow(before.clock, isResumed);
    again = ", in place of its earlier session";
    if (before.owner !== owner) desk.links.dismiss(before.owner, id, uptimeMs);
    const isContested = desk.contests.note(id, before.owner, owner, uptimeMs);
    if (isContested)
      again += ", which it takes in turn with another: two devices seem to use this id";
  }
  desk.sessions.set(session);
  desk.commands.load(id, commands, true);
  desk.recheck(id);
  desk.feed.tell({ kind: "logged-in", id, session: row, at });
  if (link !== null) desk.links.admit(link, id);
  const how = link === null ? "" : ", sealed";
  confirm(desk, request, ack.loggedIn, id, `${how}${again}`);
}
