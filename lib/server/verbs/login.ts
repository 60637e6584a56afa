// LOGIN (protocol §4.3, §5.12): opens a device's session, which replaces an earlier one. Its rule is a pure function over
// the rows it needs.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import { ownText } from "../../protocol/seen-ids.ts";
import type { Address, Login } from "../../protocol/messages.ts";
import { equal } from "../../sealed/primitives.ts";
import { resumeProof, storedProof } from "../../sealed/ticket.ts";
import type { Desk } from "../desk.ts";
import { peerName } from "../logbook.ts";
import type { Attempts } from "../passwords/credentials.ts";
import type { Done, Judged, Proof } from "../passwords/proof.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import type { NewSession } from "../rows.ts";
import { Session } from "../sessions/session.ts";
import type { Decision, Rows, Rule, Write } from "../store-port.ts";

const ticketBytes = 32;

/** What a LOGIN asks for. */
export type LogIn = {
  readonly id: string;
  readonly proof: Proof;
  /** What a later RESUME is checked against; null for a text LOGIN. */
  readonly seal: Seal | null;
  readonly source: Address;
  readonly stated: Address;
  /** ms since 1970. */
  readonly at: number;
};

/** What a sealed LOGIN stores in the device's row. */
type Seal = {
  /** The client's static key, 32 bytes. */
  readonly clientKey: Uint8Array;
  /** SHA-256 of the proof that a RESUME must contain, 32 bytes. */
  readonly storedProof: Uint8Array;
};

export type LoggedIn = Done & {
  /** Whether the client key differs from that of the device's last sealed LOGIN. */
  readonly keyChanged: boolean;
  /** What the device's session before showed of its clock, ms; null if it showed nothing. */
  readonly clockOffset: number | null;
};

/** The rule of a LOGIN; the number of its result is that of the session. */
export function logIn(asked: LogIn, keyPolicy: Policy["keyPolicy"]): Rule<Judged<LoggedIn>> {
  return {
    kind: "rule",
    keys: { device: asked.id, withSession: true },
    decide: (rows) => decideLogin(asked, keyPolicy, rows),
  };
}

/**
 * Decides a LOGIN (protocol §4.3; sealed, Login). An unknown id needs a password check too, so that both refusals take
 * the same time.
 */
export function decideLogin(
  asked: LogIn,
  keyPolicy: Policy["keyPolicy"],
  { device: own, session: before }: Pick<Rows, "device" | "session">,
): Decision<Judged<LoggedIn>> {
  const { id, proof, seal, at } = asked;
  const hash = own === null ? null : own.hash;
  const clockOffset = before?.clockOffset ?? null;
  const done = (code: AckCode, keyChanged: boolean, writes: Write[]): Decision<LoggedIn> => ({
    outcome: { kind: "done", code, hash, at, keyChanged, clockOffset },
    writes,
  });
  if (own?.textLocked === true && seal === null) return done(ack.encryptionRequired, false, []);
  if (proof.kind === "refused" && proof.hash === hash) {
    return done(ack.credentialsRefused, false, []);
  }
  if (own === null || proof.kind !== "verified" || proof.hash !== hash) {
    return { outcome: { kind: "need", need: { kind: "verify", hash } }, writes: [] };
  }
  const { sealedKey } = own;
  const keyChanged = seal !== null && sealedKey !== null && !equal(sealedKey, seal.clientKey);
  if (keyChanged && keyPolicy === "strict") return done(ack.credentialsRefused, true, []);
  const clientKey = seal?.clientKey ?? null;
  const writes = opening({ ...asked, device: id, clientKey, clockOffset });
  if (seal === null) return done(ack.loggedIn, keyChanged, writes);
  const change = { sealedKey: clientKey, storedProof: seal.storedProof, textLocked: true };
  const update = { kind: "update-device", id, change, at: null } as const;
  return done(ack.loggedIn, keyChanged, [update, ...writes]);
}

/** Opens a session, which replaces the device's open one. */
export function opening(opened: Omit<NewSession, "started"> & { readonly at: number }): Write[] {
  const { device, source, stated, at, clientKey, clockOffset } = opened;
  const session = { device, source, stated, started: at, clientKey, clockOffset };
  return [
    { kind: "end-open-session", device, reason: "replaced", at },
    { kind: "open-session", session },
  ];
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
  desk.noteRequest(request, `LOGIN ${id} from ${message.ip} port ${port}`);
  const ticket = request.link === null ? null : desk.random.bytes(ticketBytes);
  const seal = ticket === null ? null : sealOf(request, ticket, id, password);
  attempts.begin(request, {
    what: "LOGIN",
    id,
    password,
    ruleOf: (proof, { source }) => {
      const asked = { id, proof, seal, source, stated, at: desk.wallMs };
      return logIn(asked, desk.policy.keyPolicy);
    },
    onDone: ({ code, keyChanged, clockOffset, at }, answered, row) => {
      if (keyChanged) reportKeyChange(desk, answered, id, code);
      if (code !== ack.loggedIn) return desk.refuse(answered, code, id, "LOGIN");
      openSession(desk, answered, { id, row, at, stated, clockOffset, isResumed: false });
      if (ticket !== null && answered.link !== null) {
        const serverKey = desk.identity.signing.publicKey;
        const { msgid } = answered;
        desk.sendFrame(answered.link, { kind: "ticket", answer: true, msgid, ticket, serverKey });
      }
    },
  });
}

/**
 * Opens the session that a LOGIN or RESUME stored, and acknowledges the request.
 * @param opened the id, the number and time of the session's row, the ip and port of the request, the clock offset of the
 *   session before, and whether the request was a RESUME
 */
export function openSession(
  desk: Desk,
  request: Request,
  opened: {
    readonly id: string;
    readonly row: number;
    /** ms since 1970. */
    readonly at: number;
    readonly stated: Address;
    readonly clockOffset: number | null;
    readonly isResumed: boolean;
  },
): void {
  const { id, row, at, stated, clockOffset, isResumed } = opened;
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
  desk.feed.tell({ kind: "logged-in", id, session: row, at });
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
