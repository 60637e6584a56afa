// LOGIN: a device opens its session, in place of an earlier one.

import { ack, describeAck, type AckCode } from "../../protocol/codes.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import type { Login } from "../../protocol/messages.ts";
import type { Attempts } from "../credentials.ts";
import { peerName, type Desk } from "../desk.ts";
import type { Need, Proof } from "../operation.ts";
import type { Request } from "../request.ts";
import { Session } from "../session.ts";
import type { DeviceRow } from "./register.ts";

/** What LOGIN comes to. */
export type LoginDecision =
  | { readonly kind: "need"; readonly need: Need }
  | { readonly kind: "done"; readonly code: AckCode };

/**
 * Decides a LOGIN (clause 4). An unknown id takes the time of a password check all the same.
 * @param own the device of this id, or null
 */
export function decideLogin(proof: Proof, own: DeviceRow | null): LoginDecision {
  const hash = own === null ? null : own.hash;
  if (proof.kind === "refused" && proof.hash === hash)
    return { kind: "done", code: ack.credentialsRefused };
  if (proof.kind === "verified" && proof.hash === hash) return { kind: "done", code: ack.loggedIn };
  return { kind: "need", need: { kind: "verify", hash } };
}

/** Takes a LOGIN. */
export function receiveLogin(
  desk: Desk,
  attempts: Attempts,
  request: Request,
  message: Login,
): void {
  const { id, password, port } = message;
  const stated = { ip: canonicalIp(message.ip), port };
  desk.log.activity(
    "info",
    peerName(request.source),
    "RECV",
    `LOGIN ${id} from ${message.ip} port ${port}`,
  );
  const attempt = {
    request,
    what: "LOGIN",
    id,
    password,
    operationOf: (proof: Proof) => {
      const { source } = attempt.request;
      return { kind: "login", id, proof, source, stated, at: desk.now } as const;
    },
    onDone: (code: AckCode, row: number) => {
      const answered: Request = attempt.request;
      if (code !== ack.loggedIn) return desk.refuse(answered, code, id, "LOGIN");
      const before = desk.sessions.get(id);
      const session = new Session(row, id, answered.source, stated, desk.now, desk.now, null);
      if (before !== undefined) session.lastReport = before.lastReport;
      desk.sessions.set(session);
      desk.acknowledge(answered, code, id);
      const again = before === undefined ? "" : ", in place of its earlier session";
      desk.log.activity(
        "info",
        peerName(answered.source),
        "SEND",
        `${code} ${id} ${describeAck(code)}${again}`,
      );
    },
  };
  attempts.begin(attempt);
}
