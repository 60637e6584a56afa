// LOGIN (protocol §4.3, §5.12): opens a device's session, which replaces an earlier one. Its rule is a pure function over
// the rows it needs.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import { ownText } from "../../protocol/seen-ids.ts";
import type { Address, Login } from "../../protocol/messages.ts";
import { equal } from "../../sealed/primitives.ts";
import { resumeProof, storedProof } from "../../sealed/ticket.ts";
import { pushAfter } from "../commands/delivery.ts";
import type { Desk } from "../desk.ts";
import { peerName } from "../logbook.ts";
import type { Attempts } from "../passwords/credentials.ts";
import type { Done, Judged, Proof } from "../passwords/proof.ts";
import type { Policy } from "../policy.ts";
import { msgidOf, type Request } from "../request.ts";
import { opening, openSession } from "../sessions/session-start.ts";
import type { CommandRow } from "../rows.ts";
import type { Decision, Rows, Rule, Write } from "../store-port.ts";
import { refuse } from "../responses.ts";

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
  /** The open commands of the device. */
  readonly commands: readonly CommandRow[];
};

/** The rule of a LOGIN; the number of its result is that of the session. */
export function logIn(asked: LogIn, keyPolicy: Policy["keyPolicy"]): Rule<Judged<LoggedIn>> {
  return {
    kind: "rule",
    keys: { device: asked.id, withSession: true, withCommands: true },
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
  { device: own, session: before, commands }: Pick<Rows, "device" | "session" | "commands">,
): Decision<Judged<LoggedIn>> {
  const { id, proof, seal, at } = asked;
  const hash = own === null ? null : own.hash;
  const clockOffset = before?.clockOffset ?? null;
  // A hash in the answer says that the password is right, so that it is not checked again: only a proof may say that.
  const known = proof.kind === "verified" && proof.hash === hash ? hash : null;
  const done = (code: AckCode, keyChanged: boolean, writes: Write[]): Decision<LoggedIn> => ({
    outcome: { kind: "done", code, hash: known, at, keyChanged, clockOffset, commands },
    writes,
  });
  if (own?.textLocked === true && seal === null) return done(ack.encryptionRequired, false, []);
  if (proof.kind === "refused" && proof.hash === hash) {
    return done(ack.credentialsRefused, false, []);
  }
  if (own === null || known === null) {
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

/** Handles a LOGIN. */
export function receiveLogin(
  desk: Desk,
  attempts: Attempts,
  request: Request,
  message: Login,
): void {
  const { id, password, port } = message;
  const stated = { ip: ownText(canonicalIp(message.ip)), port };
  desk.logbook.received(request, `LOGIN ${id} from ${message.ip} port ${port}`);
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
    onDone: ({ code, keyChanged, clockOffset, commands, at }, answered, row) => {
      if (keyChanged) reportKeyChange(desk, answered, id, code);
      if (code !== ack.loggedIn) return refuse(desk, answered, { code, id, what: "LOGIN" });
      openSession(desk, answered, { id, row, at, stated, clockOffset, commands, isResumed: false });
      if (ticket !== null && answered.link !== null) {
        const serverKey = desk.identity.signing.publicKey;
        const msgid = msgidOf(answered);
        desk.outbox.sendFrame(answered.link, {
          kind: "ticket",
          answer: true,
          msgid,
          ticket,
          serverKey,
        });
      }
      pushAfter(desk, id);
    },
  });
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
