// The requests to the server that have no answer yet, as the sealed channel keeps them over retries, handshakes and
// comebacks, and their frames. Never sends.

import { ack } from "../../protocol/codes.ts";
import { decode } from "../../protocol/decode.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
import type { Frame } from "../../sealed/frames.ts";
import { frameBodyBytesMax, frameHeaderBytes, plaintextBytesMax } from "../../sealed/limits.ts";
import type { OutgoingText } from "../channel.ts";
import { type SealedLogin, loginIn, type SealedLogins } from "./logins.ts";

/** A request without an answer; `login` if it is a LOGIN. */
export type Asked = {
  readonly msgid: bigint;
  readonly bytes: Uint8Array;
  readonly login: SealedLogin | null;
};

/** A LOGIN without an answer. */
export type AskedLogin = Asked & { readonly login: SealedLogin };

/** How many of these texts fit in one packet, from the first on; at least 1. */
export function countInPacket(texts: readonly string[]): number {
  let bytes = 0;
  const isOver = (text: string) =>
    (bytes += frameHeaderBytes + utf8Bytes(text)) > plaintextBytesMax;
  const over = texts.findIndex(isOver);
  return over < 0 ? texts.length : Math.max(1, over);
}

export class UnderWay {
  #asked: readonly Asked[] = [];

  /** @param onNew called with each request that is sent for the first time */
  constructor(
    private readonly logins: SealedLogins,
    private readonly onNew: (bytes: Uint8Array, msgid: bigint) => void,
  ) {}

  get isEmpty(): boolean {
    return this.#asked.length === 0;
  }

  /** The LOGIN that is under way, or null. It is alone: only reports are sent together. */
  get login(): AskedLogin | null {
    const [first] = this.#asked;
    if (first === undefined || first.login === null) return null;
    return { ...first, login: first.login };
  }

  get msgids(): bigint[] {
    return this.#asked.map(({ msgid }) => msgid);
  }

  /** Takes requests in place of those before. One that is repeated keeps what is known of it. */
  replace(messages: readonly OutgoingText[]): void {
    const before = this.#asked;
    this.#asked = messages.flatMap(({ text, msgid }) => {
      const bytes = Buffer.from(text);
      if (msgid === null || bytes.length > frameBodyBytesMax) return [];
      const known = before.find((asked) => asked.msgid === msgid);
      if (known !== undefined) return [known];
      this.onNew(bytes, msgid);
      return [{ msgid, bytes, login: loginIn(bytes) }];
    });
  }

  /** The frames of all requests, for one packet. */
  get frames(): Frame[] {
    return this.#asked.map(({ msgid, bytes, login }) => {
      if (login !== null) return this.logins.frameOf(login, msgid);
      const text = { kind: "text", answer: false, msgid, body: bytes } as const;
      return mayBeReceipted(bytes) ? { ...text, receipt: true } : text;
    });
  }

  /** Forgets requests that were answered. */
  remove(msgids: readonly bigint[]): void {
    this.#asked = this.#asked.filter(({ msgid }) => !msgids.includes(msgid));
  }

  /**
   * Forgets the request that a text answers, if it is under way.
   * @returns the id that a LOGOFF or DEREGISTER has ended, which must not come back; else null
   */
  settle(msgid: bigint, answer: Uint8Array): string | null {
    const asked = this.#asked.find((each) => each.msgid === msgid);
    if (asked === undefined) return null;
    this.remove([msgid]);
    const [request, said] = [decode(asked.bytes), decode(answer)];
    if (!request.ok || !said.ok || said.message.type !== "ACK") return null;
    const { type, id } = request.message;
    const isEnding = type === "LOGOFF" || type === "DEREGISTER";
    return isEnding && endings.includes(said.message.code) ? id : null;
  }
}

const endings: readonly string[] = [ack.loggedOff, ack.deregistered, ack.noSuchDevice];

/** Whether the server may answer with a RECEIPT: a heartbeat or a report. */
function mayBeReceipted(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 7)).toString("latin1");
  return start === "STATUS\t" || start.startsWith("DATA\t");
}
