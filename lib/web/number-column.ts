// One field's numbers in many messages at once, read from their bytes: a chart goes over a million of them. What is usual
// is read here; what is not is left to `finderOf`, which says what a number in a message is.

import { aloneName, finderOf } from "./numbers-in-messages.ts";

/** What each message ends with: a loop over bytes needs no other bound. */
const end = 0x1f;
const [openBrace, openBracket] = [0x7b, 0x5b];
const digitsMax = 15;
const powersOfTen = Array.from({ length: digitsMax + 1 }, (_, i) => 10 ** i);
const unitCharsMax = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Where a message has no number of a field, and where only `finderOf` can tell. */
const [nowhere, unsure] = [-1, -2] as const;

/**
 * A function that writes the number of a field in each message to `values`, NaN where there is none, and returns how many
 * messages there were, also those that `values` has no room for. What is usual, a list, goes through one loop with next to
 * no calls: the first chart after a start runs before it is compiled well.
 * @param field a name that `numbersIn` gives
 */
export function columnReaderOf(field: string): (bytes: Uint8Array, values: Float64Array) => number {
  const find = finderOf(field);
  const key = encoder.encode(`${field}=`);
  const keyStart = key[0] as number;
  const placeOf = placeFinderOf(field);
  return (bytes, values) => {
    const { length } = bytes;
    if (length > 0 && bytes[length - 1] !== end) throw new Error("the last message has no end");
    let count = 0;
    for (let start = 0, at = 0; start < length; start = at + 1) {
      at = start;
      let byte = bytes[at] as number;
      let place = isLetter(byte) ? nowhere : placeOf(bytes, start);
      const isList = place === nowhere;
      if (isList) {
        for (let before = 0x20; byte !== end; before = byte, byte = bytes[++at] as number) {
          if (byte !== keyStart || !isAt(bytes, at, key)) continue;
          if (before === 0x20 || isSeparator(before)) place = at + key.length;
          // A space that is not of ASCII may be before it.
          else if (before >= 0x80) place = unsure;
          if (place !== nowhere) break;
        }
      }
      let value = Number.NaN;
      if (place >= 0) {
        at = place;
        byte = bytes[at] as number;
        const isNegative = byte === 0x2d;
        if (isNegative || byte === 0x2b) byte = bytes[++at] as number;
        let digits = 0;
        let behindPoint = 0;
        let whole = 0;
        for (; byte >= 0x30 && byte <= 0x39; byte = bytes[++at] as number, digits++) {
          whole = whole * 10 + byte - 0x30;
        }
        if (byte === 0x2e && digits > 0) {
          byte = bytes[++at] as number;
          for (; byte >= 0x30 && byte <= 0x39; byte = bytes[++at] as number, behindPoint++) {
            whole = whole * 10 + byte - 0x30;
          }
        }
        // Exact, as both parts are: at most 15 digits, no exponent.
        value = whole / (powersOfTen[behindPoint] ?? 1);
        if (isNegative) value = -value;
        const ends = isList ? byte === 0x20 || isListEnd(bytes, at) : isEnd(bytes, start, at);
        if (digits === 0 || digits + behindPoint > digitsMax || !ends) place = unsure;
      }
      while (byte !== end) byte = bytes[++at] as number;
      values[count++] = place === unsure ? find(decoder.decode(bytes.subarray(start, at))) : value;
    }
    return count;
  };
}

/**
 * Finds where the number of a field stands in a message that does not begin with a letter: `nowhere` says to look for it
 * as in a list.
 */
function placeFinderOf(field: string): (bytes: Uint8Array, start: number) => number {
  const objectKey = encoder.encode(`${JSON.stringify(field)}:`);
  const isPath = field.includes(".");
  const isAlone = field === aloneName;
  return (bytes, start) => {
    const byte = bytes[start] as number;
    if (byte === openBrace && !isPath) return placeInObject(bytes, start, objectKey);
    if (byte === openBrace || byte === openBracket) return unsure;
    return isAlone ? start : nowhere;
  };
}

/** Where the number of a key stands in a flat object in JSON without escapes; `unsure` for all else. */
function placeInObject(bytes: Uint8Array, start: number, key: Uint8Array): number {
  let found: number = unsure;
  let at = start + 1;
  for (let byte = bytes[at] as number; byte !== end; byte = bytes[++at] as number) {
    // An object or array in it, or an escape.
    if (byte === openBrace || byte === openBracket || byte === 0x5c) return unsure;
    if (byte === 0x22 && isAt(bytes, at, key)) found = at + key.length;
  }
  return bytes[at - 1] === 0x7d ? found : unsure;
}

/** Whether what stands behind a number ends it: one in an object, or one that is the whole message. */
function isEnd(bytes: Uint8Array, start: number, at: number): boolean {
  const byte = bytes[at] as number;
  if (bytes[start] === openBrace) return byte === 0x2c || byte === 0x7d || byte === 0x20;
  return byte === end;
}

/** Whether a list goes on behind a unit of a few signs of ASCII, or behind none. */
function isListEnd(bytes: Uint8Array, start: number): boolean {
  let at = start;
  let byte = bytes[at] as number;
  // An exponent is no unit.
  if ((byte | 0x20) === 0x65) return false;
  while (at - start < unitCharsMax && (isLetter(byte) || byte === 0x25 || byte === 0x2f)) {
    byte = bytes[++at] as number;
  }
  return byte === end || isSeparator(byte);
}

function isAt(bytes: Uint8Array, at: number, key: Uint8Array): boolean {
  for (let i = 1; i < key.length; i++) if (bytes[at + i] !== key[i]) return false;
  return true;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** White space of ASCII, and `,` `;` `&` `|`. */
function isSeparator(byte: number): boolean {
  return (
    byte === 0x20 ||
    byte === 0x2c ||
    byte === 0x3b ||
    byte === 0x26 ||
    byte === 0x7c ||
    (byte >= 0x09 && byte <= 0x0d)
  );
}
