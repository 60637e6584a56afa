// Owns the encoding of ids in frames and vouchers: a length byte and printable ASCII.
// Never checks the stricter rules for ids: those belong to the text protocol.

import { idBytesMax } from "./limits.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";

const text = new TextEncoder();

/**
 * Reads a length byte and the id after it: 1 to 64 printable ASCII characters without spaces.
 * @param at position of the length byte
 */
export function readId(bytes: Uint8Array, at: number): Result<string, "length" | "id"> {
  const length = bytes[at];
  if (length === undefined) return reject("length");
  if (length === 0 || length > idBytesMax) return reject("id");
  const id = readAscii(bytes, at + 1, length);
  if (id === undefined) return reject(at + 1 + length > bytes.length ? "length" : "id");
  return accept(id);
}

/** Reads printable ASCII without spaces; undefined if a byte is anything else or `bytes` ends too early. */
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

/** Encodes an id, 1 to 64 bytes, with its length byte in front. */
export function encodeId(id: string): Uint8Array {
  const bytes = text.encode(id);
  if (bytes.length === 0 || bytes.length > idBytesMax)
    throw new RangeError("An id has 1 to 64 bytes.");
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}
