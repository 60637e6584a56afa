// REGISTER (protocol §4.1): stores a device, or its new address. The store calls the rule, a pure function over the
// rows it needs, inside its transaction.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { comparableMac } from "../../protocol/fields.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import type { Register } from "../../protocol/messages.ts";
import { equal } from "../../sealed/primitives.ts";
import { doOnce, sealedRequestOf } from "../answered.ts";
import type { Attempts } from "../passwords/credentials.ts";
import type { Desk } from "../desk.ts";
import type { DeviceFacts, Done, Need, Operation, Proof } from "../operation.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";

/** A device's row. */
export type DeviceRow = DeviceFacts & {
  readonly hash: string;
  /** The client's static key of its last sealed LOGIN, 32 bytes, or null. */
  readonly sealedKey: Uint8Array | null;
  /** SHA-256 of the proof that a RESUME must contain, 32 bytes, or null. */
  readonly storedProof: Uint8Array | null;
  /** Whether its text requests are refused, because it logged in sealed once (protocol §5.19). */
  readonly textLocked: boolean;
};

/** What a REGISTER asks for. */
export type RegisterRequest = Pick<
  Extract<Operation, { kind: "register" }>,
  "device" | "proof" | "sealed" | "clientKey" | "join"
>;

/** What a REGISTER is decided on. */
export type RegisterRows = {
  /** The stored device with this id, or null. */
  readonly own: DeviceRow | null;
  /** Another id that holds the ip (with `--shared-ip`: the ip and port), or null. */
  readonly ipHolder: string | null;
  /** Another id that holds the MAC, or null. */
  readonly macHolder: string | null;
};

/** The decision on a REGISTER: an answer and what to store, or a password computation that is needed first. */
export type RegisterDecision =
  | { readonly kind: "need"; readonly need: Need }
  | {
      readonly kind: "done";
      readonly code: AckCode;
      readonly store: "nothing" | "insert" | "update";
      /** The hash that the password is known to match, or null. */
      readonly hash: string | null;
      /** Who has what was asked for, in words for the operator; empty if the code needs none. */
      readonly holder: string;
    };

/**
 * Decides a REGISTER: the first row of the table in protocol §4.1 that applies.
 * @param request its ip in canonical spelling
 * @param keyPolicy whether a device may come with another key than before
 */
export function decideRegister(
  request: RegisterRequest,
  keyPolicy: Policy["keyPolicy"],
  rows: RegisterRows,
): RegisterDecision {
  const { device, proof, sealed, clientKey, join } = request;
  const { own } = rows;
  if (own !== null) {
    if (own.textLocked && !sealed) return done(ack.encryptionRequired);
    if (comparableMac(own.mac) !== comparableMac(device.mac))
      return done(ack.idTaken, null, `its MAC is ${own.mac}`);
    if (own.ip === device.ip && own.port === device.port) return done(ack.alreadyRegistered);
    if (proof.kind === "refused" && proof.hash === own.hash) return done(ack.credentialsRefused);
    if (proof.kind !== "verified" || proof.hash !== own.hash) {
      return { kind: "need", need: { kind: "verify", hash: own.hash } };
    }
    // Otherwise another key could move the address at which the device is asked (protocol §5.12).
    const isOtherKey =
      own.sealedKey !== null && clientKey !== null && !equal(own.sealedKey, clientKey);
    if (isOtherKey && keyPolicy === "strict") return done(ack.credentialsRefused);
    if (rows.ipHolder !== null) return done(ack.ipTaken, own.hash, rows.ipHolder);
    const { hash } = own;
    return { kind: "done", code: ack.registrationUpdated, store: "update", hash, holder: "" };
  }
  if (join === "closed") return done(ack.credentialsRefused);
  if (rows.ipHolder !== null) return done(ack.ipTaken, null, rows.ipHolder);
  if (rows.macHolder !== null) return done(ack.macTaken, null, rows.macHolder);
  if (proof.kind !== "hashed") return { kind: "need", need: { kind: "hash" } };
  return { kind: "done", code: ack.registered, store: "insert", hash: proof.hash, holder: "" };
}

function done(code: AckCode, hash: string | null = null, holder = ""): RegisterDecision {
  return { kind: "done", code, store: "nothing", hash, holder };
}

/** Handles a REGISTER. */
export function receiveRegister(
  desk: Desk,
  attempts: Attempts,
  request: Request,
  message: Register,
): void {
  const { id, password, mac, port } = message;
  const device = { id, mac, ip: canonicalIp(message.ip), port };
  const repeatable = sealedRequestOf(desk, request, id);
  const sealed = repeatable !== null;
  desk.noteRequest(request, `REGISTER ${id} at ${message.ip} port ${port}`);
  const attempt = {
    request,
    what: "REGISTER",
    id,
    password,
    operationOf: (proof: Proof) =>
      ({
        kind: "register",
        device,
        proof,
        sealed,
        clientKey: repeatable?.clientKey ?? null,
        join: desk.policy.join,
        at: desk.wallMs,
        request: repeatable,
      }) as const,
    onDone: ({ code, holder }: Done) => {
      const accepted: AckCode[] = [ack.registered, ack.registrationUpdated, ack.alreadyRegistered];
      if (accepted.includes(code)) return desk.confirm(attempt.request, code, id);
      // Only the log names the holder: the device could be anybody.
      desk.refuse(attempt.request, code, id, "REGISTER", "", holder);
    },
  };
  doOnce(desk, request, id, () => attempts.begin(attempt));
}
