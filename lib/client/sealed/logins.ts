// Which ids are logged in over the link, and how they log in again: a LOGIN is replaced by a RESUME if there is a
// ticket, and after a server's restart every id resumes. Never sends anything; the channel does.

import { BoundedMap } from "../../bounded-map.ts";
import { ack } from "../../protocol/codes.ts";
import { decode } from "../../protocol/decode.ts";
import { digestOf } from "../../protocol/digest.ts";
import { encodeAck } from "../../protocol/encode.ts";
import type { Ack } from "../../protocol/messages.ts";
import { encodeBody, type Frame } from "../../sealed/frames.ts";
import { resumeProof } from "../../sealed/ticket.ts";
import type { Msgids } from "../msgids.ts";
import type { SealedPorts } from "./ports.ts";

/** How many of the latest LOGINs are remembered to assign a TICKET to its id. */
const loginsRemembered = 16;

/** A LOGIN as the engine encoded it, in progress or done. */
export type SealedLogin = {
  readonly id: string;
  readonly password: string;
  readonly ip: string;
  readonly port: number;
  readonly bytes: Uint8Array;
  /** The RESUME that was sent in its place, or null. Every repeat of it has the same msgid. */
  resume: { readonly msgid: bigint; readonly hash: string } | null;
  /** The server refused the ticket, so the LOGIN itself is sent. */
  resumeRefused: boolean;
};

/** What an answer means for its LOGIN: send it (`again`), or it is answered with an ACK. */
export type LoginAnswer =
  | { readonly kind: "again" }
  | { readonly kind: "answered"; readonly code: string; readonly text: Uint8Array };

export class SealedLogins {
  readonly #in = new Map<string, SealedLogin>();
  readonly #byMsgid = new BoundedMap<bigint, string>(loginsRemembered);

  constructor(
    private readonly ports: SealedPorts,
    private readonly msgids: Msgids,
    private readonly serverKey: () => Uint8Array | null,
  ) {}

  /** Whether any id is logged in. */
  get any(): boolean {
    return this.#in.size > 0;
  }

  /** Copies of all logins, in the state of before their first sending, to be sent after a restart of the server. */
  all(): SealedLogin[] {
    return Array.from(this.#in.values(), (login) =>
      Object.assign({}, login, { resume: null, resumeRefused: false }),
    );
  }

  has(id: string): boolean {
    return this.#in.has(id);
  }

  /** Records that an id is no longer logged in. */
  forget(id: string): void {
    this.#in.delete(id);
  }

  /** Records a LOGIN that was answered with 70. */
  note(login: SealedLogin): void {
    this.#in.set(login.id, login);
  }

  /**
   * The key that signs the server's vouchers, from the ticket of `id`, or else of any id that is logged in.
   * @returns 32 bytes, or null if there is no ticket
   */
  signingKey(id: string | null): Uint8Array | null {
    const serverKey = this.serverKey();
    if (serverKey === null) return null;
    for (const known of id === null ? this.#in.keys() : [id, ...this.#in.keys()]) {
      const ticket = this.ports.ticketOf(serverKey, known);
      if (ticket !== null) return ticket.signingKey;
    }
    return null;
  }

  /**
   * The frame that logs in: a RESUME if there is a ticket that was not refused, else the LOGIN.
   * @param msgid the msgid of the LOGIN
   */
  frameOf(login: SealedLogin, msgid: bigint): Frame {
    const resume = login.resumeRefused ? null : this.#resumeOf(login);
    if (resume !== null) return resume;
    this.#byMsgid.renew(msgid, login.id);
    return { kind: "text", answer: false, msgid, body: login.bytes };
  }

  /**
   * Takes an answer to a LOGIN or to the RESUME that was sent in its place.
   * @param msgid the msgid of the LOGIN
   * @returns null if it answers neither; `again` if the ticket was refused, after which `frameOf` returns the LOGIN
   */
  take(login: SealedLogin, msgid: bigint, frame: Frame): LoginAnswer | null {
    if (frame.kind !== "text") return null;
    const decoded = decode(frame.body);
    if (!decoded.ok || decoded.message.type !== "ACK") return null;
    const said = decoded.message;
    const { resume } = login;
    if (frame.msgid === msgid && said.hash === digestOf(login.bytes)) {
      return { kind: "answered", code: said.code, text: frame.body };
    }
    if (resume === null || frame.msgid !== resume.msgid || said.hash !== resume.hash) return null;
    // A copy of the refusal, which must not be taken for the answer to the LOGIN that followed it.
    if (login.resumeRefused) return null;
    if (said.code === ack.credentialsRefused) {
      login.resumeRefused = true;
      return { kind: "again" };
    }
    return { kind: "answered", code: said.code, text: asAnswerTo(login, said) };
  }

  /**
   * Stores the ticket of a TICKET frame.
   * @returns the id that it belongs to, or null if its msgid is not that of a LOGIN of ours
   */
  takeTicket(frame: Extract<Frame, { kind: "ticket" }>): string | null {
    const id = this.#byMsgid.get(frame.msgid);
    const serverKey = this.serverKey();
    if (id === undefined || serverKey === null || !frame.answer) return null;
    const [ticket, signingKey] = [Uint8Array.from(frame.ticket), Uint8Array.from(frame.serverKey)];
    this.ports.keepTicket(serverKey, id, { ticket, signingKey });
    return id;
  }

  #resumeOf(login: SealedLogin): Frame | null {
    const serverKey = this.serverKey();
    const kept = serverKey === null ? null : this.ports.ticketOf(serverKey, login.id);
    if (kept === null) return null;
    const { id, password, ip, port } = login;
    const msgid = login.resume?.msgid ?? this.msgids.next();
    const proof = resumeProof(kept.ticket, id, password);
    const frame: Frame = { kind: "resume", answer: false, msgid, id, proof, ip, port };
    login.resume = { msgid, hash: digestOf(encodeBody(frame)) };
    return frame;
  }
}

/** Decodes a text message; returns null if it is not a LOGIN. */
export function loginIn(bytes: Uint8Array): SealedLogin | null {
  const decoded = decode(bytes);
  if (!decoded.ok || decoded.message.type !== "LOGIN") return null;
  const { id, password, ip, port } = decoded.message;
  return { id, password, ip, port, bytes, resume: null, resumeRefused: false };
}

/** The engine does not know about RESUME: the ACK of a RESUME is rewritten to carry the hash of the LOGIN. */
function asAnswerTo(login: SealedLogin, { code, id, time, reason }: Ack): Uint8Array {
  return Buffer.from(encodeAck(code, id, time, digestOf(login.bytes), reason));
}
