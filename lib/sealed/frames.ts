// Owns the inner frames of DATA: the header, the body of each kind, and the padding to 16 bytes.
// Never parses a text message, verifies a signature or proof, or matches an answer to its request.

import { isZero, readBigUint64, readUint16, writeBigUint64, writeUint16 } from "./bytes.ts";
import { encodeId, readAscii, readId } from "./ids.ts";
import {
  frameBlockBytes,
  frameBodyBytesMax,
  frameBytesMax,
  frameHeaderBytes,
  ipBytesMax,
  keyBytes,
  proofBytes,
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
} as const;

/** The header fields that every frame has. */
export interface FrameHead {
  /** Whether the frame answers the request with the same msgid. */
  readonly answer: boolean;
  /** 0 to 2^64 - 1. */
  readonly msgid: bigint;
}

export type FrameBody =
  | { readonly kind: "text"; readonly body: Uint8Array }
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
  | { readonly kind: "relay"; readonly id: string; readonly packet: Uint8Array };

export type Frame = FrameHead & FrameBody;

/** Why bytes are not a frame. */
export type FrameReason =
  "size" | "kind" | "flags" | "padding" | "text" | "ip" | "port" | "packet" | VoucherFormReason;

const answerFlag = 1;
const ticketBodyBytes = ticketBytes + keyBytes;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const empty = new Uint8Array(0);

/**
 * Decodes one frame with its padding.
 * @param lent if true, the body of a text frame is a view that the next call overwrites; if false, the frame owns
 *   a copy of its bytes
 * @returns the frame, or a reason; never throws
 */
export function decodeFrame(bytes: Uint8Array, lent = false): Result<Frame, FrameReason> {
  if (bytes.length < frameBlockBytes || bytes.length > frameBytesMax) return reject("size");
  const flags = bytes[1]!;
  if (flags > answerFlag) return reject("flags");
  const end = frameHeaderBytes + readUint16(bytes, 2);
  if (paddedBytes(end) !== bytes.length) return reject("length");
  if (!isZero(bytes, end, bytes.length)) return reject("padding");
  const answer = flags === answerFlag;
  const msgid = readBigUint64(bytes, 4);
  if (bytes[0] === frameKind.text && lent) {
    return accept({ kind: "text", answer, msgid, body: lendBody(bytes, end) });
  }
  // A copy, not a view: the first view of a cipher's output makes the JavaScript engine move the bytes to a new
  // buffer, which costs ten times as much as the copy.
  const body = Uint8Array.prototype.slice.call(bytes, frameHeaderBytes, end);
  if (bytes[0] === frameKind.text) return accept({ kind: "text", answer, msgid, body });
  const decoded = decodeBody(bytes[0]!, body);
  return decoded.ok ? accept({ answer, msgid, ...decoded.value }) : decoded;
}

const lentBytes = new Uint8Array(new ArrayBuffer(frameBytesMax));
/** Views of `lentBytes` by the end of the body. Each is made once: a view costs more than copying a short body. */
const lentBodies: Uint8Array[] = [];

function lendBody(bytes: Uint8Array, end: number): Uint8Array {
  lentBytes.set(bytes);
  return (lentBodies[end] ??= lentBytes.subarray(frameHeaderBytes, end));
}

/**
 * The body of a frame as it stands on the wire, which is what the hash of a request covers.
 * @param bytes a frame that `decodeFrame` accepted
 * @returns a view into `bytes`
 */
export function frameBody(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(frameHeaderBytes, frameHeaderBytes + readUint16(bytes, 2));
}

/**
 * Encodes one frame and pads it with zeros to a multiple of 16 bytes.
 * @param frame its body has at most 1,156 bytes; a longer one is a RangeError
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const body = encodeBody(frame);
  if (body.length > frameBodyBytesMax)
    throw new RangeError("A frame's body has 1,156 bytes at most.");
  const end = frameHeaderBytes + body.length;
  const bytes = new Uint8Array(paddedBytes(end));
  bytes[0] = frameKind[frame.kind];
  bytes[1] = frame.answer ? answerFlag : 0;
  writeUint16(bytes, 2, body.length);
  writeBigUint64(bytes, 4, frame.msgid);
  bytes.set(body, frameHeaderBytes);
  return bytes;
}

/** `encodeTextFrame` writes every frame here; sealing copies the bytes out. */
const scratch = new Uint8Array(new ArrayBuffer(frameBytesMax));
/** Views of `scratch` by the length of the frame, each made once. */
const scratchFrames: Uint8Array[] = [];

/**
 * Encodes one text frame without allocating: this is the variant for the packet path.
 * @param text at most 1,156 bytes in UTF-8; a longer one is a RangeError
 * @param msgid 0 to 2^64 - 1
 * @returns a view that the next call overwrites
 */
export function encodeTextFrame(text: string, msgid: bigint, answer: boolean): Uint8Array {
  const { read, written } = encoder.encodeInto(text, bodyScratch);
  if (read !== text.length) throw new RangeError("A frame's body has 1,156 bytes at most.");
  const end = frameHeaderBytes + written;
  const length = paddedBytes(end);
  scratch[0] = frameKind.text;
  scratch[1] = answer ? answerFlag : 0;
  writeUint16(scratch, 2, written);
  writeBigUint64(scratch, 4, msgid);
  scratch.fill(0, end, length);
  return (scratchFrames[length] ??= scratch.subarray(0, length));
}

const bodyScratch = scratch.subarray(frameHeaderBytes, frameHeaderBytes + frameBodyBytesMax);

function paddedBytes(length: number): number {
  return Math.ceil(length / frameBlockBytes) * frameBlockBytes;
}

function decodeBody(kind: number, body: Uint8Array): Result<FrameBody, FrameReason> {
  switch (kind) {
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

function encodeBody(body: FrameBody): Uint8Array {
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
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
