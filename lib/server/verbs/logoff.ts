// LOGOFF: a device closes its session.

import { ack } from "../../protocol/codes.ts";
import type { Logoff } from "../../protocol/messages.ts";
import { doOnce, sealedRequestOf } from "../answered.ts";
import { peerName, type Desk } from "../desk.ts";
import type { Request } from "../request.ts";

/** Takes a LOGOFF. */
export function receiveLogoff(desk: Desk, request: Request, message: Logoff): void {
  const { id } = message;
  // protocol §6.4: a client that repeats one reads 31 as done, so a repeat waits for the commit as the first does.
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
  desk.log.activity("info", peerName(request.source), "RECV", `LOGOFF ${id}`);
  const session = desk.sessionOf(request, id);
  if (session === undefined) {
    // With a session a repeat may as well end that one: the device has come back for nothing but its answer.
    const refuse = () => desk.refuseStranger(request, ack.credentialsRefused, id, "LOGOFF");
    return doOnce(desk, request, id, refuse);
  }
  session.ending = true;
  session.leaving = request;
  desk.submit(
    {
      kind: "end",
      session: session.row,
      reason: "logoff",
      at: desk.now,
      request: sealedRequestOf(request, id),
    },
    request,
    () => {
      // The reply goes out as one to a session's source: it is the last this session gets.
      desk.confirm(request, ack.loggedOff, id);
      desk.endSession(session);
    },
    () => {
      session.ending = false;
      session.leaving = null;
    },
  );
}
