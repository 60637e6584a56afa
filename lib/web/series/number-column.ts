// Owns the fast path for charts: reads one field's numbers from the bytes of many messages, for a chart a million of
// them. Handles the usual forms itself. Never defines what a number in a message is: `finderOf` does, and unusual
// messages are passed to it.

import { aloneName, finderOf, takesColon } from "../../fleet/numbers-in-messages.ts";
import {
  colon,
  decoder,
  encoder,
  end,
  equalsSign,
  isAt,
  isDigit,
  isLetter,
  isSeparator,
  openBrace,
  openBracket,
} from "./message-bytes.ts";

const digitsMax = 15;
const powersOfTen = Array.from({ length: digitsMax + 1 }, (_, i) => 10 ** i);
const unitCharsMax = 8;

/** In place of a position: the message has no number of the field; only `finderOf` can tell whether it has. */
const [nowhere, unsure] = [-1, -2] as const;

/**
 * Makes a function that writes the number of a field in each message to `values`, NaN if there is none, and returns the
 * number of messages, including those that do not fit into `values`. A list, the usual form, is read in one loop with
 * hardly any calls: the first chart after a start runs before the loop is optimized by the compiler.
 * @param field a field name as `numbersIn` returns it
 */
export function columnReaderOf(field: string): (bytes: Uint8Array, values: Float64Array) => number {
  const find = finderOf(field);
  const key = encoder.encode(field);
  const hasColon = takesColon(field);
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
          const sign = bytes[at + key.length];
          if (sign !== equalsSign && !(hasColon && sign === colon)) continue;
          if (before === 0x20 || isSeparator(before)) place = at + key.length + 1;
          // The byte before may be the end of a non-ASCII white space character, which is a separator too.
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
        // Correctly rounded: with at most 15 digits, both operands are exact.
        value = whole / (powersOfTen[behindPoint] ?? 1);
        if (isNegative) value = -value;
        const ends = isList ? byte === 0x20 || isListEnd(bytes, at) : isEnd(bytes, start, at);
        // A comma may be meant as a decimal point.
        const isDoubtful =
          byte === 0x2c && isList && behindPoint === 0 && isDigit(bytes[at + 1] as number);
        if (digits === 0 || digits + behindPoint > digitsMax || !ends || isDoubtful) place = unsure;
      }
      while (byte !== end) byte = bytes[++at] as number;
      values[count++] = place === unsure ? find(decoder.decode(bytes.subarray(start, at))) : value;
    }
    return count;
  };
}

/**
 * Makes a function that finds the position of a field's number in a message that does not begin with a letter.
 * `nowhere` means that the message is to be read as a list.
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

/** The position of a key's number in a flat JSON object without escapes; `unsure` for anything else. */
function placeInObject(bytes: Uint8Array, start: number, key: Uint8Array): number {
  let found: number = unsure;
  let at = start + 1;
  for (let byte = bytes[at] as number; byte !== end; byte = bytes[++at] as number) {
    // A nested object or array, or an escape.
    if (byte === openBrace || byte === openBracket || byte === 0x5c) return unsure;
    if (byte === 0x22 && isAt(bytes, at, key)) found = at + key.length;
  }
  return bytes[at - 1] === 0x7d ? found : unsure;
}

/** Whether a number ends at this position; it is in an object or is the whole message. */
function isEnd(bytes: Uint8Array, start: number, at: number): boolean {
  const byte = bytes[at] as number;
  if (bytes[start] === openBrace) return byte === 0x2c || byte === 0x7d || byte === 0x20;
  return byte === end;
}

/** Whether a pair of a list ends at this position, with or without an ASCII unit in between. */
function isListEnd(bytes: Uint8Array, start: number): boolean {
  let at = start;
  let byte = bytes[at] as number;
  // An `e` may begin an exponent, which is not a unit.
  if ((byte | 0x20) === 0x65) return false;
  while (at - start < unitCharsMax && (isLetter(byte) || byte === 0x25 || byte === 0x2f)) {
    byte = bytes[++at] as number;
  }
  return byte === end || isSeparator(byte);
}
