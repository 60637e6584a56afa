// Owns how frames fill the plaintext of a DATA packet: back to back, then zeros up to a multiple of 16 bytes.
// Never knows what a frame is for, and never seals or opens.

import {
  isZero,
  readUint16,
  readUint32,
  writeBigUint64,
  writeUint16,
  writeUint32,
  writeUint64,
} from "./bytes.ts";
import { decodeFrame, encodeBody, flagsOf, type Frame, frameFlag, frameKind } from "./frames.ts";
import type { FrameReason } from "./frames.ts";
import {
  frameBodyBytesMax,
  frameHeaderBytes,
  msgidBytes,
  paddingBlockBytes,
  plaintextBytesMax,
  receiptHeadBytes,
} from "./limits.ts";
import { reject, type Result } from "./result.ts";

/**
 * Reads the frames of one plaintext after another, and allocates next to nothing; its fields are those of the current
 * frame. It keeps a copy of the plaintext: to read from the cipher's heap costs more than to copy it.
 */
export class FrameReader {
  kind = 0;
  flags = 0;
  /** The upper and the lower 32 bits of the msgid. */
  msgidHigh = 0;
  msgidLow = 0;
  /** Why reading stopped before the end; undefined if it did not. What comes after a fault is lost. */
  fault: FrameReason | undefined = undefined;
  readonly #bytes = new Uint8Array(plaintextBytesMax);
  /** Views of the body of a first frame by its end, each made once: a view costs more than to decode a short text. */
  readonly #firstBodies: Uint8Array[] = [];
  #length = 0;
  #start = 0;
  #end = 0;

  /** Begins with a plaintext of at most 1,168 bytes. */
  begin(plaintext: Uint8Array): void {
    this.#bytes.set(plaintext);
    this.#length = plaintext.length;
    this.#end = 0;
    this.fault = plaintext.length === 0 ? "size" : undefined;
  }

  /** Goes to the next frame; false if there is none. */
  next(): boolean {
    const bytes = this.#bytes;
    const at = this.#end;
    if (this.fault !== undefined || at === this.#length) return false;
    if (bytes[at] === 0) return this.#endAt(at);
    if (at + frameHeaderBytes > this.#length) return this.#fail("size");
    const end = at + frameHeaderBytes + readUint16(bytes, at + 2);
    if (end > this.#length) return this.#fail("length");
    this.kind = bytes[at]!;
    this.flags = bytes[at + 1]!;
    this.msgidHigh = readUint32(bytes, at + 4);
    this.msgidLow = readUint32(bytes, at + 8);
    this.#start = at + frameHeaderBytes;
    this.#end = end;
    return true;
  }

  /** The body of the current frame: a view that the next plaintext overwrites. */
  get body(): Uint8Array {
    const end = this.#end;
    if (this.#start !== frameHeaderBytes) return this.#bytes.subarray(this.#start, end);
    return (this.#firstBodies[end] ??= this.#bytes.subarray(frameHeaderBytes, end));
  }

  /** The msgid of the current frame, 0 to 2^64 - 1. */
  get msgid(): bigint {
    return joinMsgid(this.msgidHigh, this.msgidLow);
  }

  /** The rest is padding: all of it is zero, and it is shorter than a block. */
  #endAt(at: number): false {
    const bytes = this.#bytes;
    const length = this.#length;
    const isPadding = length - at < paddingBlockBytes && isZero(bytes, at, length);
    return isPadding ? false : this.#fail("padding");
  }

  #fail(fault: FrameReason): false {
    this.fault = fault;
    return false;
  }
}

/** The msgid of two halves of 32 bits. */
export function joinMsgid(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/**
 * Decodes all frames of a plaintext, into frames that own a copy of their bytes.
 * @returns one result for each frame; a fault after which nothing can be read is the last
 */
export function decodeFrames(plaintext: Uint8Array): Result<Frame, FrameReason>[] {
  const reader = new FrameReader();
  const results: Result<Frame, FrameReason>[] = [];
  reader.begin(plaintext);
  while (reader.next())
    results.push(decodeFrame(reader.kind, reader.flags, reader.msgid, reader.body));
  if (reader.fault !== undefined) results.push(reject(reader.fault));
  return results;
}

/** The frames among the results of `decodeFrames`. */
export function framesIn(results: readonly Result<Frame, FrameReason>[]): Frame[] {
  return results.flatMap((result) => (result.ok ? [result.value] : []));
}

/** Fills one plaintext after another with frames. */
export class FrameWriter {
  readonly #bytes = new Uint8Array(plaintextBytesMax);
  /** Views of `#bytes` by their length, each made once: a view costs more than to copy a short frame. */
  readonly #views: Uint8Array[] = [];
  /** The room for the body of a first frame. */
  readonly #firstRoom = this.#bytes.subarray(frameHeaderBytes);
  #end = 0;
  /** Where the body of the last frame begins if it is a RECEIPT, to which more msgids can be added; else 0. */
  #receiptAt = 0;

  get isEmpty(): boolean {
    return this.#end === 0;
  }

  /**
   * Adds a frame.
   * @param frame its body has at most 1,156 bytes; a longer one is a RangeError
   * @returns whether there was room for it
   */
  add(frame: Frame): boolean {
    const body = encodeBody(frame);
    if (body.length > frameBodyBytesMax) throw new RangeError("A frame's body is too long.");
    const bodyAt = this.#end + frameHeaderBytes;
    if (bodyAt + body.length > plaintextBytesMax) return false;
    this.#bytes.set(body, bodyAt);
    writeBigUint64(this.#bytes, this.#end + 4, frame.msgid);
    this.#close(frameKind[frame.kind], flagsOf(frame), body.length);
    return true;
  }

  /**
   * Adds a TEXT that is an answer. It allocates nothing: this is the way of the server's ACKs.
   * @param text at most 1,156 bytes in UTF-8; a longer one is a RangeError
   * @param msgidHigh the upper 32 bits of the msgid of its request
   * @param msgidLow the lower 32 bits
   * @returns whether there was room for it
   */
  addAnswer(text: string, msgidHigh: number, msgidLow: number): boolean {
    const bodyAt = this.#end + frameHeaderBytes;
    if (bodyAt + text.length > plaintextBytesMax && !this.isEmpty) return false;
    const { read, written } = encoder.encodeInto(text, this.#room(bodyAt));
    if (read !== text.length) {
      if (this.isEmpty) throw new RangeError("A frame's body is too long.");
      return false;
    }
    writeUint32(this.#bytes, this.#end + 4, msgidHigh);
    writeUint32(this.#bytes, this.#end + 8, msgidLow);
    this.#close(frameKind.text, frameFlag.answer, written);
    return true;
  }

  /**
   * Adds a msgid to the RECEIPT at the end, if it has this code; else adds a RECEIPT.
   * @param code two digits
   * @param timeMs the server's clock, ms since 1970, 0 to 2^53 - 1
   * @param msgidHigh the upper 32 bits of the msgid
   * @param msgidLow the lower 32 bits
   * @returns whether there was room for it
   */
  addReceipt(code: string, timeMs: number, msgidHigh: number, msgidLow: number): boolean {
    const bytes = this.#bytes;
    const goesOn = this.#receiptAt > 0 && this.#isReceiptOf(code);
    const head = goesOn ? 0 : frameHeaderBytes + receiptHeadBytes;
    if (this.#end + head + msgidBytes > plaintextBytesMax) return false;
    if (!goesOn) {
      const bodyAt = this.#end + frameHeaderBytes;
      writeUint32(bytes, this.#end + 4, 0);
      writeUint32(bytes, this.#end + 8, 0);
      bytes[bodyAt] = code.charCodeAt(0);
      bytes[bodyAt + 1] = code.charCodeAt(1);
      writeUint64(bytes, bodyAt + 2, timeMs);
      this.#close(frameKind.receipt, frameFlag.answer, receiptHeadBytes);
      this.#receiptAt = bodyAt;
    }
    writeUint32(bytes, this.#end, msgidHigh);
    writeUint32(bytes, this.#end + 4, msgidLow);
    this.#end += msgidBytes;
    writeUint16(bytes, this.#receiptAt - frameHeaderBytes + 2, this.#end - this.#receiptAt);
    return true;
  }

  /**
   * Pads what was added, and begins anew.
   * @returns the plaintext, a view that the next frame overwrites
   */
  take(): Uint8Array {
    const length = Math.ceil(this.#end / paddingBlockBytes) * paddingBlockBytes;
    this.#bytes.fill(0, this.#end, length);
    this.#end = 0;
    this.#receiptAt = 0;
    return (this.#views[length] ??= this.#bytes.subarray(0, length));
  }

  /** Writes the header of a frame whose msgid and body are there, except its msgid. */
  #close(kind: number, flags: number, bodyLength: number): void {
    const bytes = this.#bytes;
    const at = this.#end;
    bytes[at] = kind;
    bytes[at + 1] = flags;
    writeUint16(bytes, at + 2, bodyLength);
    this.#end = at + frameHeaderBytes + bodyLength;
    this.#receiptAt = 0;
  }

  #isReceiptOf(code: string): boolean {
    const at = this.#receiptAt;
    return this.#bytes[at] === code.charCodeAt(0) && this.#bytes[at + 1] === code.charCodeAt(1);
  }

  #room(from: number): Uint8Array {
    return from === frameHeaderBytes ? this.#firstRoom : this.#bytes.subarray(from);
  }
}

const encoder = new TextEncoder();

/** Empty between the calls of `encodeFrames`. */
const shared = new FrameWriter();

/**
 * The plaintext of these frames.
 * @param frames they must fit in one packet; more is a RangeError
 */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  try {
    const fit = frames.every((frame) => shared.add(frame));
    if (!fit) throw new RangeError("The frames do not fit in one packet.");
    return shared.take().slice();
  } finally {
    // What was added before a RangeError must not be in the next packet.
    shared.take();
  }
}
