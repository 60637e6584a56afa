// RESUME (protocol §5.12): opens a session with a ticket, without a password check. Its rule is a pure function over the
// rows it needs.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { isDeviceId } from "../../protocol/fields.ts";
import { canonicalIp, isIp } from "../../protocol/ip.ts";
import type { Address } from "../../protocol/messages.ts";
import type { Frame } from "../../sealed/frames.ts";
import { equal } from "../../sealed/primitives.ts";
import { provesTicket } from "../../sealed/ticket.ts";
import { pushAfter } from "../commands/delivery.ts";
import type { Desk } from "../desk.ts";
import type { Request } from "../request.ts";
import type { CommandRow } from "../rows.ts";
import type { Decision, Rows, Rule } from "../store-port.ts";
import { opening, openSession } from "../sessions/session-start.ts";
import { refuse } from "../responses.ts";

type Resume = Extract<Frame, { kind: "resume" }>;

/** What a RESUME asks for. */
export type Resumption = {
  readonly id: string;
  /** The client's static key, 32 bytes. */
  readonly clientKey: Uint8Array;
  /** The proof in the RESUME, 32 bytes. */
  readonly shown: Uint8Array;
  readonly source: Address;
  readonly stated: Address;
  /** ms since 1970. */
  readonly at: number;
};

/** `clockOffset`: what the device's session before showed of its clock, ms; null if it showed nothing. */
type Resumed = {
  readonly code: AckCode;
  readonly clockOffset: number | null;
  /** The open commands of the device. */
  readonly commands: readonly CommandRow[];
};

/** The rule of a RESUME; the number of its result is that of the session. */
export function resumption(asked: Resumption): Rule<Resumed> {
  return {
    kind: "rule",
    keys: { device: asked.id, withSession: true, withCommands: true },
    decide: (rows) => decideResume(asked, rows),
  };
}

/** Decides a RESUME (sealed, Login): it needs the client key of the LOGIN and the proof of its ticket. */
export function decideResume(
  asked: Resumption,
  { device: own, session: before, commands }: Pick<Rows, "device" | "session" | "commands">,
): Decision<Resumed> {
  const clockOffset = before?.clockOffset ?? null;
  const { clientKey, shown } = asked;
  const said = (code: AckCode): Resumed => ({ code, clockOffset, commands });
  const refused = { outcome: said(ack.credentialsRefused), writes: [] };
  if (own === null || own.sealedKey === null || own.storedProof === null) return refused;
  const isSameKey = equal(own.sealedKey, clientKey);
  if (!provesTicket(own.storedProof, shown) || !isSameKey) return refused;
  const writes = opening({ ...asked, device: asked.id, clockOffset });
  return { outcome: said(ack.loggedIn), writes };
}

/** Refuses a RESUME that is malformed. @param id `-` if it cannot be read */
export function refuseResume(desk: Desk, request: Request, id: string, reason: string): void {
  desk.counters.malformed++;
  refuse(desk, request, { code: ack.malformed, id, what: "RESUME", reason });
}

/** Handles a RESUME, which always comes over a link. */
export function receiveResume(desk: Desk, request: Request, frame: Resume): void {
  const { id, proof, port } = frame;
  const { link, source } = request;
  if (link === null) return;
  if (!isDeviceId(id)) return refuseResume(desk, request, "-", "the id is malformed");
  if (!isIp(frame.ip)) return refuseResume(desk, request, id, "the ip is malformed");
  const stated = { ip: canonicalIp(frame.ip), port };
  desk.logbook.received(request, `RESUME ${id} from ${stated.ip} port ${port}`);
  const { clientKey } = link;
  const shown = Uint8Array.from(proof);
  const at = desk.wallMs;
  const rule = resumption({ id, clientKey, shown, source, stated, at });
  desk.batch.submit(rule, request, ({ code, clockOffset, commands }, row) => {
    if (code !== ack.loggedIn) return refuse(desk, request, { code, id, what: "RESUME" });
    openSession(desk, request, { id, row, at, stated, clockOffset, commands, isResumed: true });
    pushAfter(desk, id);
  });
}
