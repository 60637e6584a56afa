// Owns what the readers of columns have in common: many messages as bytes, and kinds of bytes in them. Never reads a column.

/** The byte after each message. The loops over bytes stop at it, so they need no other bound. */
export const end = 0x1f;
export const [openBrace, openBracket] = [0x7b, 0x5b];
export const [equalsSign, colon] = [0x3d, 0x3a];

export const encoder = new TextEncoder();
export const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Whether a key is at this position; the caller has compared its first byte. */
export function isAt(bytes: Uint8Array, at: number, key: Uint8Array): boolean {
  for (let i = 1; i < key.length; i++) if (bytes[at + i] !== key[i]) return false;
  return true;
}

/** Whether a byte is an ASCII digit. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether a byte is an ASCII letter. */
export function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** ASCII white space, and `,` `;` `&` `|`. */
export function isSeparator(byte: number): boolean {
  return (
    byte === 0x20 ||
    byte === 0x2c ||
    byte === 0x3b ||
    byte === 0x26 ||
    byte === 0x7c ||
    (byte >= 0x09 && byte <= 0x0d)
  );
}
