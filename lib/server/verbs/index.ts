// The one table of verbs: what the server does with each type of message. A type without a line here does not compile.

import type { Message, Verb } from "../../protocol/messages.ts";
import type { Attempts } from "../passwords/credentials.ts";
import type { Desk } from "../desk.ts";
import type { Request } from "../request.ts";
import { receiveData } from "./data.ts";
import { receiveDeregister } from "./deregister.ts";
import { receiveLogin } from "./login.ts";
import { receiveLogoff } from "./logoff.ts";
import { receiveQuery } from "./query.ts";
import { receiveRegister } from "./register.ts";
import { receiveStatus } from "./status.ts";

/** What a verb works with; `attempts` carries requests with a password through. */
export type VerbParts = { readonly desk: Desk; readonly attempts: Attempts };

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
  LOGOFF: ({ desk }, request, message) => receiveLogoff(desk, request, message),
  STATUS: ({ desk }, request, message) => receiveStatus(desk, request, message),
  DATA: ({ desk }, request, message) => receiveData(desk, request, message),
  QUERY: ({ desk }, request, message) => receiveQuery(desk, request, message),
  // protocol §2.8: an ACK is never answered; otherwise two servers would answer each other without end.
  ACK: ({ desk }, { link }) => desk.traffic.unanswered(link !== null, "ACK"),
};

/** Carries out a message. */
export function carryOut(parts: VerbParts, request: Request, message: Message): void {
  request.verb = message.type;
  // The table pairs each type with its handler, which TypeScript cannot see through the look-up.
  (verbs[message.type] as Handler<Verb>)(parts, request, message);
}
