// STATUS: a heartbeat. Touches nothing but memory; what a restart needs of it is written behind.

import { ack } from "../../protocol/codes.ts";
import { heartbeatSecondsMax, heartbeatSecondsMin } from "../../protocol/limits.ts";
import type { Status } from "../../protocol/messages.ts";
import { peerName, type Desk } from "../desk.ts";
import type { Request } from "../request.ts";

const every = /every=(\d{1,9}(?:\.\d{1,9})?)/;

/**
 * The heartbeat interval a STATUS states, in seconds, held within bounds; null where it states none.
 * @param message the message of the STATUS
 */
export function statedInterval(message: string): number | null {
  if (!message.includes("every=")) return null;
  const seconds = every.exec(message)?.[1];
  if (seconds === undefined) return null;
  return Math.min(heartbeatSecondsMax, Math.max(heartbeatSecondsMin, Number(seconds)));
}

/** Takes a STATUS. */
export function receiveStatus(desk: Desk, request: Request, message: Status): void {
  const { id } = message;
  const session = desk.sessionOf(request, id);
  if (session === undefined) {
    desk.refuseStranger(request, ack.statusRefused, id, "STATUS");
    return;
  }
  desk.alive(session, request.source);
  session.everySeconds = statedInterval(message.message) ?? session.everySeconds;
  desk.acknowledge(request, ack.statusNoted, id);
  if (desk.log.debug) {
    const peer = peerName(request.source);
    desk.log.activity("debug", peer, "RECV", `STATUS ${message.code} ${id} ${message.message}`);
    desk.log.activity("debug", peer, "SEND", `${ack.statusNoted} ${id}`);
  }
}
