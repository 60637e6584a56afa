// DEREGISTER (protocol §4.2): removes a device and ends its session. Its reports stay. The store calls the rule, a pure
// function, inside its transaction.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { comparableMac } from "../../protocol/fields.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import type { Register } from "../../protocol/messages.ts";
import { equal } from "../../sealed/primitives.ts";
import { doOnce, sealedRequestOf } from "../answered.ts";
import type { Attempts } from "../passwords/credentials.ts";
import type { Desk } from "../desk.ts";
import type { DeviceFacts, Done, Need, Proof } from "../operation.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import type { DeviceRow } from "./register.ts";

/** The decision on a DEREGISTER: an answer, and whether to remove the device; or a password check needed first. */
export type DeregisterDecision =
  | { readonly kind: "need"; readonly need: Need }
  | { readonly kind: "done"; readonly code: AckCode; readonly remove: boolean };

/**
 * Decides a DEREGISTER (protocol §4.2).
 * @param device the fields of the request, ip in canonical spelling
 * @param proof what is known of the password
 * @param clientKey the client's static key, 32 bytes; null for text
 * @param own the stored device with this id, or null
 */
export function decideDeregister(
  device: DeviceFacts,
  proof: Proof,
  clientKey: Uint8Array | null,
  keyPolicy: Policy["keyPolicy"],
  own: DeviceRow | null,
): DeregisterDecision {
  if (own === null) return { kind: "done", code: ack.noSuchDevice, remove: false };
  if (own.textLocked && clientKey === null) {
    return { kind: "done", code: ack.encryptionRequired, remove: false };
  }
  if (proof.kind === "refused" && proof.hash === own.hash) {
    return { kind: "done", code: ack.credentialsRefused, remove: false };
  }
  if (proof.kind !== "verified" || proof.hash !== own.hash) {
    return { kind: "need", need: { kind: "verify", hash: own.hash } };
  }
  // Otherwise another key could deregister the device and register it again, and so replace its key (protocol §5.12).
  const isOtherKey =
    own.sealedKey !== null && clientKey !== null && !equal(own.sealedKey, clientKey);
  if (isOtherKey && keyPolicy === "strict") {
    return { kind: "done", code: ack.credentialsRefused, remove: false };
  }
  if (own.ip !== device.ip || comparableMac(own.mac) !== comparableMac(device.mac)) {
    return { kind: "done", code: ack.registeredOtherwise, remove: false };
  }
  return { kind: "done", code: ack.deregistered, remove: true };
}

/** Handles a DEREGISTER. */
export function receiveDeregister(
  desk: Desk,
  attempts: Attempts,
  request: Request,
  message: Register,
): void {
  const { id, password, mac, port } = message;
  const device = { id, mac, ip: canonicalIp(message.ip), port };
  const repeatable = sealedRequestOf(desk, request, id);
  const clientKey = repeatable?.clientKey ?? null;
  desk.noteRequest(request, `DEREGISTER ${id}`);
  const attempt = {
    request,
    what: "DEREGISTER",
    id,
    password,
    operationOf: (proof: Proof) =>
      ({
        kind: "deregister",
        device,
        proof,
        clientKey,
        at: desk.wallMs,
        request: repeatable,
      }) as const,
    onDone: ({ code }: Done) => {
      if (code !== ack.deregistered) return desk.refuse(attempt.request, code, id, "DEREGISTER");
      desk.verifiers.forget(id);
      const session = desk.sessions.get(id);
      if (session !== undefined) desk.endSession(session);
      desk.confirm(attempt.request, code, id);
    },
  };
  doOnce(desk, request, id, () => attempts.begin(attempt));
}
