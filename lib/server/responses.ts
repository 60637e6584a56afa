// What is said to a request and written about it: that it was done, or why it was refused. Used by all verbs; decides
// nothing.

import { ack, describeAck, type AckCode } from "../protocol/codes.ts";
import type { Desk } from "./desk.ts";
import { finding } from "./devices.ts";
import type { Request } from "./request.ts";

/**
 * Writes the ACK of a change that is on the disk, and its line in Activity.log.
 * @param more appended to the line
 */
export function confirm(desk: Desk, request: Request, code: AckCode, id: string, more = ""): void {
  desk.outbox.acknowledge(request, code, id);
  const words = `${code} ${id} ${describeAck(code)}${more}`;
  // Only 01 changes nothing.
  desk.logbook.answered(request, code === ack.alreadyRegistered, words);
}

/** A refusal; `what` is the request in words. */
export type Refused = {
  readonly code: AckCode;
  readonly id: string;
  readonly what: string;
  /** For the peer; on 9x codes only. */
  readonly reason?: string;
  /** For the log only. */
  readonly more?: string;
};

/** Writes the ACK of a request that was refused, and its line in error.log. */
export function refuse(desk: Desk, request: Request, refused: Refused): void {
  const { code, id, what, reason = "", more = "" } = refused;
  desk.counters.refused++;
  const why = reason || describeAck(code);
  const words = `${what} of ${id} refused: ${code} ${why}${more === "" ? "" : `: ${more}`}`;
  desk.logbook.error(request.source, words);
  desk.outbox.acknowledge(request, code, id, reason);
}

/** Refuses a request with 93, because a limit is reached. */
export function refuseBusy(
  desk: Desk,
  request: Request,
  id: string,
  what: string,
  reason: string,
): void {
  desk.counters.busy++;
  refuse(desk, request, { code: ack.busy, id, what, reason });
}

/** Refuses a request that memory would answer, while memory may be wrong; see `Desk.isUnsure`. */
export function refuseUnsure(desk: Desk, request: Request, id: string, what: string): void {
  refuseBusy(desk, request, id, what, "the store is away");
}

/**
 * Refuses a request for lack of a session: with 94 if it is text and the device's text is locked or its session is
 * sealed (protocol §5.19), else with `code`.
 */
export function refuseStranger(
  desk: Desk,
  request: Request,
  code: AckCode,
  id: string,
  what: string,
): void {
  const session = desk.sessions.get(id);
  if (request.link !== null || session?.sealed === false) {
    return refuse(desk, request, { code, id, what });
  }
  const locked = { code: ack.encryptionRequired, id, what };
  if (session?.sealed === true) return refuse(desk, request, locked);
  // Without a session only the store knows whether the device has logged in sealed before.
  desk.batch.submit(finding(id), request, ({ textLocked }) => {
    refuse(desk, request, textLocked ? locked : { code, id, what });
  });
}
