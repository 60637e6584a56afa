// LOGIN (protocol §4.3, §5.12): opens a device's session, which replaces an earlier one. The store calls the rule, a
// pure function, inside its transaction.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import { ownText } from "../../protocol/seen-ids.ts";
import type { Login } from "../../protocol/messages.ts";
import { equal } from "../../sealed/primitives.ts";
import { resumeProof, storedProof } from "../../sealed/ticket.ts";
import type { Attempts } from "../passwords/credentials.ts";
import type { Desk } from "../desk.ts";
import { peerName } from "../logbook.ts";
import type { Done, Endpoint, Need, Proof, Seal } from "../operation.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import { Session } from "../sessions/session.ts";
import type { DeviceRow } from "./register.ts";

const ticketBytes = 32;

/** The decision on a LOGIN: an answer, or a password check that is needed first. */
export type LoginDecision =
  | { readonly kind: "need"; readonly need: Need }
  | {
      readonly kind: "done";
      readonly code: AckCode;
      /** Whether the client key differs from that of the device's last sealed LOGIN. */
      readonly keyChanged: boolean;
    };

/**
 * Decides a LOGIN (protocol §4.3; sealed, Login). An unknown id needs a password check too, so that both refusals take
 * the same time.
 * @param proof what is known of the password
 * @param clientKey the client's static key, 32 bytes; null for text
 * @param own the stored device with this id, or null
 */
export function decideLogin(
  proof: Proof,
  clientKey: Uint8Array | null,
  keyPolicy: Policy["keyPolicy"],
  own: DeviceRow | null,
): LoginDecision {
  if (own?.textLocked === true && clientKey === null) return done(ack.encryptionRequired);
  const hash = own === null ? null : own.hash;
  if (proof.kind === "refused" && proof.hash === hash) return done(ack.credentialsRefused);
  if (own === null || proof.kind !== "verified" || proof.hash !== hash) {
    return { kind: "need", need: { kind: "verify", hash } };
  }
  const { sealedKey } = own;
  const keyChanged = clientKey !== null && sealedKey !== null && !equal(sealedKey, clientKey);
  if (keyChanged && keyPolicy === "strict") return done(ack.credentialsRefused, true);
  return done(ack.loggedIn, keyChanged);
}

function done(code: AckCode, keyChanged = false): LoginDecision {
  return { kind: "done", code, keyChanged };
}

/** Handles a LOGIN. */
export function receiveLogin(
  desk: Desk,
  attempts: Attempts,
  request: Request,
  message: Login,
): void {
  const { id, password, port } = message;
  const stated = { ip: ownText(canonicalIp(message.ip)), port };
  const words = `LOGIN ${id} from ${message.ip} port ${port}`;
  desk.noteRequest(request, words);
  const ticket = request.link === null ? null : desk.random.bytes(ticketBytes);
  const seal = ticket === null ? null : sealOf(request, ticket, id, password);
  const attempt = {
    request,
    what: "LOGIN",
    id,
    password,
    operationOf: (proof: Proof) => {
      const { source } = attempt.request;
      return { kind: "login", id, proof, seal, source, stated, at: desk.wallMs } as const;
    },
    onDone: ({ code, session: row, keyChanged, clockOffset = null }: Done) => {
      const answered: Request = attempt.request;
      if (keyChanged === true) reportKeyChange(desk, answered, id, code);
      if (code !== ack.loggedIn) return desk.refuse(answered, code, id, "LOGIN");
      openSession(desk, answered, { id, row, stated, clockOffset, isResumed: false });
      if (ticket !== null && answered.link !== null) {
        const serverKey = desk.identity.signing.publicKey;
        const { msgid } = answered;
        desk.sendFrame(answered.link, { kind: "ticket", answer: true, msgid, ticket, serverKey });
      }
    },
  };
  attempts.begin(attempt);
}

/**
 * Opens the session that a LOGIN or RESUME stored, and acknowledges the request.
 * @param opened the id, the session's row, the ip and port of the request, the clock offset of the session before, and
 *   whether the request was a RESUME
 */
export function openSession(
  desk: Desk,
  request: Request,
  opened: {
    readonly id: string;
    readonly row: number;
    readonly stated: Endpoint;
    readonly clockOffset: number | null;
    readonly isResumed: boolean;
  },
): void {
  const { id, row, stated, clockOffset, isResumed } = opened;
  const { link, owner, source } = request;
  const before = desk.sessions.get(id);
  const { wallMs, uptimeMs } = desk;
  const sealed = link !== null;
  const session = new Session(
    row,
    id,
    owner,
    sealed,
    source,
    stated,
    wallMs,
    wallMs,
    uptimeMs,
    null,
  );
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
  if (link !== null) desk.links.admit(link, id);
  const how = link === null ? "" : ", sealed";
  desk.confirm(request, ack.loggedIn, id, `${how}${again}`);
}

function reportKeyChange(desk: Desk, { source }: Request, id: string, code: AckCode): void {
  const what =
    code === ack.loggedIn ? "it replaces the one before" : "refused by --key-policy strict";
  desk.log.activity("warn", peerName(source), "RECV", `${id} came with another key: ${what}`);
}

function sealOf(request: Request, ticket: Uint8Array, id: string, password: string): Seal | null {
  if (request.link === null) return null;
  const proof = resumeProof(ticket, id, password);
  return { clientKey: request.link.clientKey, storedProof: storedProof(proof) };
}
