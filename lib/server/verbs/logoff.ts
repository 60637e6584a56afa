// LOGOFF (protocol §4.4): ends a device's session. The session stays in memory until its end is on the disk.

import { ack } from "../../protocol/codes.ts";
import type { Logoff } from "../../protocol/messages.ts";
import { doOnce, sealedRequestOf } from "../answered.ts";
import type { Desk } from "../desk.ts";
import type { Request } from "../request.ts";

/** Handles a LOGOFF. */
export function receiveLogoff(desk: Desk, request: Request, message: Logoff): void {
  const { id } = message;
  // protocol §6.4: a client that repeated its LOGOFF reads 31 as success. So a repeat before the commit gets no 31; it
  // only updates where the answer is sent.
  const leaving = desk.sessions.get(id)?.leaving ?? null;
  if (
    leaving?.hash === request.hash &&
    leaving.owner === request.owner &&
    leaving.msgid === request.msgid
  ) {
    leaving.source = request.source;
    leaving.link = request.link;
    return;
  }
  desk.noteRequest(request, `LOGOFF ${id}`);
  const session = desk.sessionOf(request, id);
  if (session === undefined) {
    // Stored answers count only here. If the device has a session again, it resumed it only to repeat its LOGOFF, which
    // then ends that session.
    const refuse = () => desk.refuseStranger(request, ack.credentialsRefused, id, "LOGOFF");
    return doOnce(desk, request, id, refuse);
  }
  session.ending = true;
  session.leaving = request;
  desk.submit(
    {
      kind: "end",
      id: session.id,
      session: session.row,
      reason: "logoff",
      lastSeen: session.lastSeen,
      at: desk.wallMs,
      request: sealedRequestOf(desk, request, id),
    },
    request,
    () => {
      // Before the session is removed: the reply to its source is not subject to the amplification limit.
      desk.confirm(request, ack.loggedOff, id);
      desk.endSession(session);
    },
    () => {
      session.ending = false;
      session.leaving = null;
    },
  );
}
