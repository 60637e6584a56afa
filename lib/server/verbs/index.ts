// The one table of verbs: what the server does with each type of message. A type without a line here does not compile.

import type { Message, Verb } from "../../protocol/messages.ts";
import type { Attempts } from "../passwords/credentials.ts";
import { receiveAck } from "../commands/delivery.ts";
import type { Desk } from "../desk.ts";
import type { Adoptions } from "../sessions/adoption.ts";
import type { Request } from "../request.ts";
import { receiveData } from "./data.ts";
import { receiveDeregister } from "./deregister.ts";
import { receiveLogin } from "./login.ts";
import { receiveLogoff } from "./logoff.ts";
import { receiveQuery } from "./query.ts";
import { receiveRegister } from "./register.ts";
import { receiveStatus } from "./status.ts";

/**
 * What a verb works with: `attempts` carries requests with a password through, `adoptions` those whose session another node
 * heard.
 */
export type VerbParts = {
  readonly desk: Desk;
  readonly attempts: Attempts;
  readonly adoptions: Adoptions;
};

type Handler<V extends Verb> = (
  parts: VerbParts,
  request: Request,
  message: Message & { readonly type: V },
) => void;

const verbs: { readonly [V in Verb]: Handler<V> } = {
  REGISTER: ({ desk, attempts }, request, message) =>
    receiveRegister(desk, attempts, request, message),
  DEREGISTER: ({ desk, attempts }, request, message) =>
    receiveDeregister(desk, attempts, request, message),
  LOGIN: ({ desk, attempts }, request, message) => receiveLogin(desk, attempts, request, message),
  LOGOFF: ({ desk, adoptions }, request, message) =>
    receiveLogoff(desk, adoptions, request, message),
  STATUS: ({ desk, adoptions }, request, message) =>
    receiveStatus(desk, adoptions, request, message),
  DATA: ({ desk, adoptions }, request, message) => receiveData(desk, adoptions, request, message),
  QUERY: ({ desk, adoptions }, request, message) => receiveQuery(desk, adoptions, request, message),
  // protocol §2.8: an ACK is never answered; otherwise two servers would answer each other without end.
  ACK: ({ desk }, request, message) => {
    desk.traffic.unanswered(request.link !== null, "ACK");
    receiveAck(desk, request, message);
  },
};

/** Carries out a message. */
export function carryOut(parts: VerbParts, request: Request, message: Message): void {
  request.verb = message.type;
  // The table pairs each type with its handler, which TypeScript cannot see through the look-up.
  (verbs[message.type] as Handler<Verb>)(parts, request, message);
}
