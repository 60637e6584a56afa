// Who is logged in over the link, and how it comes back: a LOGIN goes as RESUME where there is a ticket, and after a
// server's restart each id resumes by itself. Sends nothing itself; the channel does.

import { ack } from "../../protocol/codes.ts";
import { decode } from "../../protocol/decode.ts";
import { encodeAck } from "../../protocol/encode.ts";
import type { Ack } from "../../protocol/messages.ts";
import { encodeFrame, type Frame, frameBody } from "../../sealed/frames.ts";
import { resumeProof } from "../../sealed/ticket.ts";
import type { Msgids } from "./msgids.ts";
import type { SealedPorts } from "./ports.ts";

/** LOGINs whose TICKET may still come. */
const loginsRemembered = 16;

/** A LOGIN as the engine wrote it, under way or done. */
export type Login = {
  readonly id: string;
  readonly password: string;
  readonly ip: string;
  readonly port: number;
  readonly bytes: Uint8Array;
  /** The RESUME that went in its place: every repeat has the same msgid. */
  resume: { readonly msgid: bigint; readonly hash: string } | null;
  /** The ticket was not taken: the password has to do. */
  resumeRefused: boolean;
};

/** What an answer means for the LOGIN it is for. */
export type LoginAnswer =
  | { readonly kind: "again" }
  | { readonly kind: "answered"; readonly code: string; readonly text: Uint8Array };

export class Logins {
  readonly #in = new Map<string, Login>();
  readonly #byMsgid = new Map<bigint, string>();

  constructor(
    private readonly ports: SealedPorts,
    private readonly msgids: Msgids,
    private readonly serverKey: () => Uint8Array | null,
  ) {}

  /** Whether anybody is logged in. */
  get any(): boolean {
    return this.#in.size > 0;
  }

  /** The logins to bring back after a restart of the server, each as if it had not been sent yet. */
  all(): Login[] {
    return Array.from(this.#in.values(), (login) =>
      Object.assign({}, login, { resume: null, resumeRefused: false }),
    );
  }

  has(id: string): boolean {
    return this.#in.has(id);
  }

  /** It logged off, or was logged off. */
  forget(id: string): void {
    this.#in.delete(id);
  }

  /** A LOGIN was answered with 70. */
  note(login: Login): void {
    this.#in.set(login.id, login);
  }

  /**
   * The key that signs the server's vouchers, as a ticket tells it: that of an id that is logged in, or of `id`.
   * @returns 32 bytes, or null where there is no ticket
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
   * The frame that logs in: RESUME where there is a ticket that was not refused, else the LOGIN.
   * @param msgid that of the LOGIN
   */
  frameOf(login: Login, msgid: bigint): Frame {
    const resume = login.resumeRefused ? null : this.#resumeOf(login);
    if (resume !== null) return resume;
    this.#byMsgid.delete(msgid);
    this.#byMsgid.set(msgid, login.id);
    for (const oldest of this.#byMsgid.keys()) {
      if (this.#byMsgid.size <= loginsRemembered) break;
      this.#byMsgid.delete(oldest);
    }
    return { kind: "text", answer: false, msgid, body: login.bytes };
  }

  /**
   * Takes an answer to a LOGIN or to the RESUME that went in its place.
   * @param msgid that of the LOGIN
   * @returns null where it answers neither; `again`: the ticket was refused, `frameOf` has the LOGIN now
   */
  take(login: Login, msgid: bigint, frame: Frame): LoginAnswer | null {
    if (frame.kind !== "text") return null;
    const decoded = decode(frame.body);
    if (!decoded.ok || decoded.message.type !== "ACK") return null;
    const said = decoded.message;
    const { resume } = login;
    if (frame.msgid === msgid && said.hash === hashOf(login.bytes)) {
      return { kind: "answered", code: said.code, text: frame.body };
    }
    if (resume === null || frame.msgid !== resume.msgid || said.hash !== resume.hash) return null;
    if (said.code === ack.credentialsRefused && !login.resumeRefused) {
      login.resumeRefused = true;
      return { kind: "again" };
    }
    return { kind: "answered", code: said.code, text: asAnswerTo(login, said) };
  }

  /**
   * Keeps a TICKET.
   * @returns the msgid's id, or null where no LOGIN of ours is meant
   */
  takeTicket(frame: Extract<Frame, { kind: "ticket" }>): string | null {
    const id = this.#byMsgid.get(frame.msgid);
    const serverKey = this.serverKey();
    if (id === undefined || serverKey === null || !frame.answer) return null;
    const [ticket, signingKey] = [Uint8Array.from(frame.ticket), Uint8Array.from(frame.serverKey)];
    this.ports.keepTicket(serverKey, id, { ticket, signingKey });
    return id;
  }

  #resumeOf(login: Login): Frame | null {
    const serverKey = this.serverKey();
    const kept = serverKey === null ? null : this.ports.ticketOf(serverKey, login.id);
    if (kept === null) return null;
    const { id, password, ip, port } = login;
    const msgid = login.resume?.msgid ?? this.msgids.next();
    const proof = resumeProof(kept.ticket, id, password);
    const frame: Frame = { kind: "resume", answer: false, msgid, id, proof, ip, port };
    login.resume = { msgid, hash: hashOf(frameBody(encodeFrame(frame))) };
    return frame;
  }
}

/** The LOGIN in a text that is one, else null. */
export function loginIn(bytes: Uint8Array): Login | null {
  const decoded = decode(bytes);
  if (!decoded.ok || decoded.message.type !== "LOGIN") return null;
  const { id, password, ip, port } = decoded.message;
  return { id, password, ip, port, bytes, resume: null, resumeRefused: false };
}

/** The engine knows of no RESUME: it is told of its LOGIN. */
function asAnswerTo(login: Login, { code, id, time, reason }: Ack): Uint8Array {
  return Buffer.from(encodeAck(code, id, time, hashOf(login.bytes), reason));
}

function hashOf(bytes: Uint8Array): string {
  return Bun.SHA256.hash(bytes, "hex");
}
