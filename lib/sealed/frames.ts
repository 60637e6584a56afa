// Owns the frames in DATA: their header, and the body of each kind. How several fill a packet is in bundle.ts.
// Never parses a text message, verifies a signature or proof, or matches an answer to its request.

import {
  readBigUint64,
  readUint16,
  readUint64,
  writeBigUint64,
  writeUint16,
  writeUint64,
} from "./bytes.ts";
import { encodeId, readAscii, readId } from "./ids.ts";
import {
  ipBytesMax,
  keyBytes,
  msgidBytes,
  proofBytes,
  receiptHeadBytes,
  ticketBytes,
} from "./limits.ts";
import { packetFault, packetType } from "./packet-form.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";
import { decodeVoucher, encodeVoucher } from "./voucher.ts";
import type { Voucher, VoucherFormReason } from "./voucher.ts";

/** The first byte of each frame. */
export const frameKind = {
  text: 1,
  resume: 2,
  ticket: 3,
  peer: 4,
  error: 5,
  close: 6,
  keepalive: 7,
  relay: 8,
  receipt: 9,
} as const;

/** The bits of the second byte of a frame. */
export const frameFlag = {
  /** It answers the request with the same msgid. */
  answer: 1,
  /** A TEXT asks for a RECEIPT in place of a text ACK. */
  receipt: 2,
} as const;

/** The header fields that every frame has. */
export interface FrameHead {
  /** Whether the frame answers the request with the same msgid. */
  readonly answer: boolean;
  /** 0 to 2^64 - 1. */
  readonly msgid: bigint;
}

export type FrameBody =
  | {
      readonly kind: "text";
      readonly body: Uint8Array;
      /** Set if it asks for a RECEIPT in place of a text ACK. */
      readonly receipt?: true;
    }
  | {
      readonly kind: "resume";
      readonly id: string;
      readonly proof: Uint8Array;
      readonly ip: string;
      /** 1 to 65,535. */
      readonly port: number;
    }
  | { readonly kind: "ticket"; readonly ticket: Uint8Array; readonly serverKey: Uint8Array }
  | { readonly kind: "peer"; readonly voucher: Voucher }
  | { readonly kind: "error"; readonly code: number; readonly text: string }
  | { readonly kind: "close" }
  | { readonly kind: "keepalive" }
  | { readonly kind: "relay"; readonly id: string; readonly packet: Uint8Array }
  | {
      readonly kind: "receipt";
      /** Two digits: the code that each of the requests got. */
      readonly code: string;
      /** The server's clock, ms since 1970; 0 to 2^53 - 1. */
      readonly timeMs: number;
      /** The msgids of the requests, at least one. */
      readonly msgids: readonly bigint[];
    };

export type Frame = FrameHead & FrameBody;

/** Why bytes are not a frame. */
export type FrameReason =
  | "size"
  | "kind"
  | "flags"
  | "padding"
  | "text"
  | "ip"
  | "port"
  | "packet"
  | "code"
  | "time"
  | VoucherFormReason;

const ticketBodyBytes = ticketBytes + keyBytes;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const empty = new Uint8Array(0);

/**
 * Decodes one frame.
 * @param kind the first byte of its header
 * @param flags the second byte
 * @param msgid 0 to 2^64 - 1
 * @param body not copied: what the frame holds are views into it
 * @returns the frame, or a reason; never throws
 */
export function decodeFrame(
  kind: number,
  flags: number,
  msgid: bigint,
  body: Uint8Array,
): Result<Frame, FrameReason> {
  if (!areFlags(kind, flags)) return reject("flags");
  const answer = (flags & frameFlag.answer) !== 0;
  const decoded = decodeBody(kind, body);
  if (!decoded.ok) return decoded;
  // sealed, Frames: a RECEIPT answers several requests, and so has no msgid of its own.
  if (kind === frameKind.receipt && (!answer || msgid !== 0n)) return reject("flags");
  if (flags === frameFlag.receipt)
    return accept({ answer, msgid, ...decoded.value, receipt: true });
  return accept({ answer, msgid, ...decoded.value });
}

/** Whether a frame of this kind may have these flags: only a TEXT that is no answer asks for a RECEIPT. */
export function areFlags(kind: number, flags: number): boolean {
  return flags <= frameFlag.answer || (flags === frameFlag.receipt && kind === frameKind.text);
}

/** The flags of a frame. */
export function flagsOf(frame: Frame): number {
  if (frame.answer) return frameFlag.answer;
  return frame.kind === "text" && frame.receipt === true ? frameFlag.receipt : 0;
}

function decodeBody(kind: number, body: Uint8Array): Result<FrameBody, FrameReason> {
  switch (kind) {
    case frameKind.text:
      return accept({ kind: "text", body });
    case frameKind.resume:
      return decodeResume(body);
    case frameKind.ticket:
      if (body.length !== ticketBodyBytes) return reject("length");
      return accept({
        kind: "ticket",
        ticket: body.subarray(0, ticketBytes),
        serverKey: body.subarray(ticketBytes),
      });
    case frameKind.peer: {
      const voucher = decodeVoucher(body);
      return voucher.ok ? accept({ kind: "peer", voucher: voucher.value }) : voucher;
    }
    case frameKind.error:
      return decodeError(body);
    case frameKind.close:
      return body.length === 0 ? accept({ kind: "close" }) : reject("length");
    case frameKind.keepalive:
      return body.length === 0 ? accept({ kind: "keepalive" }) : reject("length");
    case frameKind.relay:
      return decodeRelay(body);
    case frameKind.receipt:
      return decodeReceipt(body);
    default:
      return reject("kind");
  }
}

function decodeResume(body: Uint8Array): Result<FrameBody, FrameReason> {
  const id = readId(body, 0);
  if (!id.ok) return id;
  const proofAt = 1 + body[0]!;
  const ipAt = proofAt + proofBytes;
  const ipBytes = body[ipAt];
  if (ipBytes === undefined) return reject("length");
  const portAt = ipAt + 1 + ipBytes;
  if (body.length !== portAt + 2) return reject("length");
  if (ipBytes === 0 || ipBytes > ipBytesMax) return reject("ip");
  const ip = readAscii(body, ipAt + 1, ipBytes);
  if (ip === undefined) return reject("ip");
  const port = readUint16(body, portAt);
  if (port === 0) return reject("port");
  return accept({ kind: "resume", id: id.value, proof: body.subarray(proofAt, ipAt), ip, port });
}

function decodeError(body: Uint8Array): Result<FrameBody, FrameReason> {
  if (body.length < 2) return reject("length");
  try {
    const text = decoder.decode(body.subarray(2));
    return accept({ kind: "error", code: readUint16(body, 0), text });
  } catch {
    return reject("text");
  }
}

function decodeRelay(body: Uint8Array): Result<FrameBody, FrameReason> {
  const id = readId(body, 0);
  if (!id.ok) return id;
  const packet = body.subarray(1 + body[0]!);
  return isRelayable(packet) ? accept({ kind: "relay", id: id.value, packet }) : reject("packet");
}

// sealed, Frames: a relay forwards a handshake and its DATA, never HELLO, KEY, COOKIE or RESET, which are between a
// client and its server.
function isRelayable(packet: Uint8Array): boolean {
  const type = packet[0];
  return (
    (type === packetType.init || type === packetType.resp || type === packetType.data) &&
    packetFault(packet) === undefined
  );
}

function decodeReceipt(body: Uint8Array): Result<FrameBody, FrameReason> {
  const listed = body.length - receiptHeadBytes;
  if (listed < msgidBytes || listed % msgidBytes !== 0) return reject("length");
  if (!isDigit(body[0]!) || !isDigit(body[1]!)) return reject("code");
  const timeMs = readUint64(body, 2);
  if (!Number.isSafeInteger(timeMs)) return reject("time");
  const msgids = Array.from({ length: listed / msgidBytes }, (_, index) =>
    readBigUint64(body, receiptHeadBytes + index * msgidBytes),
  );
  return accept({ kind: "receipt", code: String.fromCharCode(body[0]!, body[1]!), timeMs, msgids });
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The body of a frame as it stands on the wire, which is what the hash of a request covers. */
export function encodeBody(body: FrameBody): Uint8Array {
  switch (body.kind) {
    case "text":
      return body.body;
    case "resume": {
      const port = new Uint8Array(2);
      writeUint16(port, 0, body.port);
      const ip = encoder.encode(body.ip);
      return join(encodeId(body.id), body.proof, Uint8Array.of(ip.length), ip, port);
    }
    case "ticket":
      return join(body.ticket, body.serverKey);
    case "peer":
      return encodeVoucher(body.voucher);
    case "error": {
      const code = new Uint8Array(2);
      writeUint16(code, 0, body.code);
      return join(code, encoder.encode(body.text));
    }
    case "close":
    case "keepalive":
      return empty;
    case "relay":
      return join(encodeId(body.id), body.packet);
    case "receipt": {
      const head = new Uint8Array(receiptHeadBytes);
      encoder.encodeInto(body.code, head);
      writeUint64(head, 2, body.timeMs);
      return join(head, ...body.msgids.map(encodeMsgid));
    }
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function encodeMsgid(msgid: bigint): Uint8Array {
  const bytes = new Uint8Array(msgidBytes);
  writeBigUint64(bytes, 0, msgid);
  return bytes;
}
