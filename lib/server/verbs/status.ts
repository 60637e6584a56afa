// STATUS (protocol §4.5): a heartbeat. Changes only memory and is answered at once; `sessions/presence-sweep` writes the
// session's row later.

import { ack } from "../../protocol/codes.ts";
import { heartbeatSecondsMax, heartbeatSecondsMin } from "../../protocol/limits.ts";
import type { Status } from "../../protocol/messages.ts";
import { pushAfter } from "../commands/delivery.ts";
import type { Desk } from "../desk.ts";
import { peerName } from "../logbook.ts";
import type { Request } from "../request.ts";
import type { Adoptions } from "../sessions/adoption.ts";
import { refuseStranger, refuseUnsure } from "../responses.ts";
import { sessionOf } from "../sessions/session-use.ts";

const every = /every=(\d{1,9}(?:\.\d{1,9})?)/;

/**
 * The heartbeat interval in a STATUS, in seconds, limited to 1 to 86,400; null if there is none.
 * @param message the message of the STATUS
 */
export function statedInterval(message: string): number | null {
  if (!message.includes("every=")) return null;
  const seconds = every.exec(message)?.[1];
  if (seconds === undefined) return null;
  return Math.min(heartbeatSecondsMax, Math.max(heartbeatSecondsMin, Number(seconds)));
}

/** Handles a STATUS. */
export function receiveStatus(
  desk: Desk,
  adoptions: Adoptions,
  request: Request,
  message: Status,
): void {
  const { id } = message;
  if (desk.isUnsure) return refuseUnsure(desk, request, id, "STATUS");
  const session = sessionOf(desk, request, id);
  if (session === undefined) {
    const goOn = () => receiveStatus(desk, adoptions, request, message);
    const turnAway = () => refuseStranger(desk, request, ack.statusRefused, id, "STATUS");
    return adoptions.seek(request, id, goOn, turnAway);
  }
  desk.due.heard(session, request.source);
  session.clock.hear(request.timeMs, desk.uptimeMs);
  session.everySeconds = statedInterval(message.message) ?? session.everySeconds;
  desk.outbox.acknowledge(request, ack.statusNoted, id);
  pushAfter(desk, id);
  if (desk.log.debug) {
    const peer = peerName(request.source);
    desk.log.activity("debug", peer, "RECV", `STATUS ${message.code} ${id} ${message.message}`);
    desk.log.activity("debug", peer, "SEND", `${ack.statusNoted} ${id}`);
  }
}
