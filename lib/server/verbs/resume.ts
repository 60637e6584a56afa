// RESUME (protocol §5.12): opens a session with a ticket, without a password check. The store calls the rule, a pure
// function, inside its transaction.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { isDeviceId } from "../../protocol/fields.ts";
import { canonicalIp, isIp } from "../../protocol/ip.ts";
import type { Frame } from "../../sealed/frames.ts";
import { equal } from "../../sealed/primitives.ts";
import { provesTicket } from "../../sealed/ticket.ts";
import type { Desk } from "../desk.ts";
import type { Request } from "../request.ts";
import { openSession } from "./login.ts";
import type { DeviceRow } from "./register.ts";

type Resume = Extract<Frame, { kind: "resume" }>;

/**
 * Decides a RESUME (sealed, Login): it needs the client key of the LOGIN and the proof of its ticket.
 * @param clientKey the client's static key, 32 bytes
 * @param shown the proof in the RESUME, 32 bytes
 * @param own the stored device with this id, or null
 */
export function decideResume(
  clientKey: Uint8Array,
  shown: Uint8Array,
  own: DeviceRow | null,
): AckCode {
  if (own === null || own.sealedKey === null || own.storedProof === null) {
    return ack.credentialsRefused;
  }
  const isSameKey = equal(own.sealedKey, clientKey);
  return provesTicket(own.storedProof, shown) && isSameKey ? ack.loggedIn : ack.credentialsRefused;
}

/** Handles a RESUME, which always comes over a link. */
export function receiveResume(desk: Desk, request: Request, frame: Resume): void {
  const { id, proof, port } = frame;
  const { link, source } = request;
  if (link === null) return;
  if (!isDeviceId(id) || !isIp(frame.ip)) {
    desk.counters.malformed++;
    desk.refuse(
      request,
      ack.malformed,
      isDeviceId(id) ? id : "-",
      "RESUME",
      "id or ip is malformed",
    );
    return;
  }
  const stated = { ip: canonicalIp(frame.ip), port };
  desk.noteRequest(request, `RESUME ${id} from ${stated.ip} port ${port}`);
  const { clientKey } = link;
  const shown = Uint8Array.from(proof);
  desk.submit(
    { kind: "resume", id, clientKey, shown, source, stated, at: desk.wallMs },
    request,
    (outcome) => {
      if (outcome.kind !== "done") return;
      if (outcome.code !== ack.loggedIn) return desk.refuse(request, outcome.code, id, "RESUME");
      const { session: row, clockOffset = null } = outcome;
      openSession(desk, request, { id, row, stated, clockOffset, isResumed: true });
    },
  );
}
