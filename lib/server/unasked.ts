// How the server sends something to a device by itself (protocol §4.9): to which address, and in text or sealed. Decides nothing.

import type { Address } from "../protocol/messages.ts";
import type { Desk } from "./desk.ts";
import type { Session } from "./sessions/session.ts";

/** The address to send to in a session: never one that was only read inside a message. */
export function addressOf({ source, stated }: Session): Address {
  return stated.ip === source.ip ? stated : source;
}

/**
 * Sends a message that is no answer; over the current link of the session's key if it is sealed, never in text then.
 * @param msgid the same for each repeat
 */
export function sendUnasked(desk: Desk, session: Session, msgid: bigint, text: string): void {
  if (!session.sealed) return desk.outbox.send(addressOf(session), text);
  const link = desk.links.currentOf(session.owner);
  if (link === undefined) return;
  desk.outbox.sendFrame(link, { kind: "text", answer: false, msgid, body: Buffer.from(text) });
}
