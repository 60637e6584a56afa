// DEREGISTER (protocol §4.2): removes a device and ends its session. Its reports stay. Its rule is a pure function over
// the rows it needs.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { comparableMac } from "../../protocol/fields.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import type { Register } from "../../protocol/messages.ts";
import { equal } from "../../sealed/primitives.ts";
import { doOnce, keepAnswer, sealedRequestOf } from "../answered.ts";
import type { Desk } from "../desk.ts";
import { removalOf } from "../devices.ts";
import type { Attempts } from "../passwords/credentials.ts";
import type { Judged } from "../passwords/proof.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import type { Decision, Rows, Rule, Write } from "../store-port.ts";
import type { Registration } from "./register.ts";
import { confirm, refuse } from "../responses.ts";
import { noteRemoval } from "../sessions/session-end.ts";

/** What a DEREGISTER asks for. */
export type Deregistration = Omit<Registration, "sealed">;

/** The rule of a DEREGISTER. */
export function deregistration(
  asked: Deregistration,
  keyPolicy: Policy["keyPolicy"],
): Rule<Judged> {
  return {
    kind: "rule",
    keys: { device: asked.device.id },
    decide: (rows) => decideDeregister(asked, keyPolicy, rows),
  };
}

/** Decides a DEREGISTER (protocol §4.2). */
export function decideDeregister(
  { device, proof, clientKey, at, request }: Deregistration,
  keyPolicy: Policy["keyPolicy"],
  { device: own }: Pick<Rows, "device">,
): Decision<Judged> {
  const answer = (code: AckCode, writes: readonly Write[] = []): Decision<Judged> => ({
    outcome: { kind: "done", code, hash: null, at },
    writes,
  });
  if (own === null) return answer(ack.noSuchDevice);
  if (own.textLocked && clientKey === null) return answer(ack.encryptionRequired);
  if (proof.kind === "refused" && proof.hash === own.hash) return answer(ack.credentialsRefused);
  if (proof.kind !== "verified" || proof.hash !== own.hash) {
    return { outcome: { kind: "need", need: { kind: "verify", hash: own.hash } }, writes: [] };
  }
  // Otherwise another key could deregister the device and register it again, and so replace its key (protocol §5.12).
  const isOtherKey =
    own.sealedKey !== null && clientKey !== null && !equal(own.sealedKey, clientKey);
  if (isOtherKey && keyPolicy === "strict") return answer(ack.credentialsRefused);
  if (own.ip !== device.ip || comparableMac(own.mac) !== comparableMac(device.mac)) {
    return answer(ack.registeredOtherwise);
  }
  const writes = [...removalOf(device.id, at), ...keepAnswer(request, ack.deregistered)];
  return answer(ack.deregistered, writes);
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
  desk.logbook.received(request, `DEREGISTER ${id}`);
  const begin = () =>
    attempts.begin(request, {
      what: "DEREGISTER",
      id,
      password,
      ruleOf: (proof) => {
        const asked = { device, proof, clientKey, at: desk.wallMs, request: repeatable };
        return deregistration(asked, desk.policy.keyPolicy);
      },
      onDone: ({ code, at }, answered) => {
        if (code !== ack.deregistered)
          return refuse(desk, answered, { code, id, what: "DEREGISTER" });
        noteRemoval(desk, id, at);
        confirm(desk, answered, code, id);
      },
    });
  doOnce(desk, request, id, begin);
}
