// Owns how names travel in frames and vouchers: a length byte and printable ASCII.
// Never knows which characters an id may have beyond that: the text protocol decides.

import { idBytesMax } from "./limits.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";

const text = new TextEncoder();

/**
 * Reads an id after its length byte: 1 to 64 printable ASCII characters without spaces.
 */
export function readId(bytes: Uint8Array, at: number): Result<string, "length" | "id"> {
  const length = bytes[at];
  if (length === undefined) return reject("length");
  if (length === 0 || length > idBytesMax) return reject("id");
  const id = readAscii(bytes, at + 1, length);
  if (id === undefined) return reject(at + 1 + length > bytes.length ? "length" : "id");
  return accept(id);
}

/** Reads printable ASCII without spaces; undefined where it is not that, or not all there. */
export function readAscii(bytes: Uint8Array, at: number, length: number): string | undefined {
  if (at + length > bytes.length) return undefined;
  let result = "";
  for (let position = at; position < at + length; position++) {
    const code = bytes[position]!;
    if (code <= 0x20 || code >= 0x7f) return undefined;
    result += String.fromCharCode(code);
  }
  return result;
}

/** An id with its length byte before it. */
export function encodeId(id: string): Uint8Array {
  const bytes = text.encode(id);
  if (bytes.length === 0 || bytes.length > idBytesMax)
    throw new RangeError("An id has 1 to 64 bytes.");
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}
