// LOGOFF (protocol §4.4): ends a device's session. The session stays in memory until its end is on the disk.

import { ack } from "../../protocol/codes.ts";
import type { Logoff } from "../../protocol/messages.ts";
import { doOnce, keepAnswer, sealedRequestOf } from "../answered.ts";
import type { Desk } from "../desk.ts";
import type { Request } from "../request.ts";
import type { Adoptions } from "../sessions/adoption.ts";
import { endNow, endOf, forgetSession, keepOpen, noteEnd } from "../sessions/session-end.ts";
import { confirm, refuseStranger } from "../responses.ts";
import { sessionOf } from "../sessions/session-use.ts";

/** Handles a LOGOFF. */
export function receiveLogoff(
  desk: Desk,
  adoptions: Adoptions,
  request: Request,
  message: Logoff,
): void {
  const { id } = message;
  // protocol §6.4: a client that repeated its LOGOFF reads 31 as success. So a repeat before the commit gets no 31; it
  // only updates where the answer is sent.
  const ending = desk.sessions.get(id);
  const leaving = ending?.leaving ?? null;
  if (
    ending !== undefined &&
    leaving?.digest.hex === request.digest.hex &&
    leaving.owner === request.owner &&
    leaving.msgidHigh === request.msgidHigh &&
    leaving.msgidLow === request.msgidLow
  ) {
    ending.leaving = request;
    return;
  }
  desk.logbook.received(request, `LOGOFF ${id}`);
  const session = sessionOf(desk, request, id);
  if (session === undefined) {
    // Stored answers count only here. If the device has a session again, it resumed it only to repeat its LOGOFF, which
    // then ends that session.
    const turnAway = () => refuseStranger(desk, request, ack.credentialsRefused, id, "LOGOFF");
    const goOn = () => receiveLogoff(desk, adoptions, request, message);
    return adoptions.seek(request, id, goOn, () => doOnce(desk, request, id, turnAway));
  }
  session.ending = true;
  session.leaving = request;
  const end = endNow(desk, session, "logoff");
  const kept = keepAnswer(sealedRequestOf(desk, request, id), ack.loggedOff);
  /** The request, or its latest repeat. */
  const latest = () => session.leaving ?? request;
  desk.batch.submit(
    endOf(end, kept),
    null,
    (hasEnded) => {
      if (!hasEnded) {
        // Another node has ended or replaced it.
        const last = latest();
        forgetSession(desk, session);
        return receiveLogoff(desk, adoptions, last, message);
      }
      // Before the session is removed: the reply to its source is not subject to the amplification limit.
      confirm(desk, latest(), ack.loggedOff, id);
      noteEnd(desk, end);
    },
    (how) => {
      desk.outbox.acknowledgeFailed(latest(), how);
      keepOpen(desk, end, how);
    },
  );
}
