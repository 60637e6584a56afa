// A request on its way through the engine: where it came from, and what its reply must refer to. Decodes no message.

import { type FrameReader, joinMsgid } from "../sealed/bundle.ts";
import { frameFlag, frameKind } from "../sealed/frames.ts";
import { Digest } from "../protocol/digest.ts";
import type { Link } from "./links/link.ts";
import type { Address } from "../protocol/messages.ts";
import type { CountedVerb } from "./traffic.ts";

/** A text datagram or a sealed frame that is being handled. It exists before its message is decoded. */
export type Request = {
  /** Where the reply is sent. */
  readonly source: Address;
  /** The id in the message; `-` until it was read. */
  id: string;
  /** The type of the message; `other` until it was read. */
  verb: CountedVerb;
  /** The device's time in a STATUS or DATA, ms since 1970; null if it cannot be read. */
  timeMs: number | null;
  /** Length of the datagram (sealed: of the inner text), in bytes. */
  readonly bytes: number;
  /** The SHA-256 of the datagram (sealed: of the inner text). */
  readonly digest: Digest;
  /** Whose sessions it may use (protocol §4.8): the source IP; over a link the client's static key in base64. */
  readonly owner: string;
  /** The link over which it came, or null for a text datagram. */
  readonly link: Link | null;
  /** The upper and the lower 32 bits of the msgid of its frame; 0 for a text datagram. */
  readonly msgidHigh: number;
  readonly msgidLow: number;
  /** Whether its frame has flag 1: it answers a message of this server. False for a text datagram. */
  readonly isAnswer: boolean;
  /** Whether its frame asks for a RECEIPT in place of a text ACK. False for a text datagram. */
  readonly wantsReceipt: boolean;
};

/** The msgid of a request's frame, 0 to 2^64 - 1. */
export function msgidOf({ msgidHigh, msgidLow }: Request): bigint {
  return joinMsgid(msgidHigh, msgidLow);
}

/** A request that came over a link, before its message is decoded. @param body the text, or the body of the frame */
export function requestOver(link: Link, frame: FrameReader, body: Uint8Array): Request {
  return {
    source: link.source,
    id: "-",
    verb: "other",
    timeMs: null,
    bytes: body.length,
    digest: new Digest(body),
    owner: link.key,
    link,
    msgidHigh: frame.msgidHigh,
    msgidLow: frame.msgidLow,
    isAnswer: frame.kind === frameKind.text && frame.flags === frameFlag.answer,
    wantsReceipt: frame.flags === frameFlag.receipt,
  };
}
