// The form of each field (clause 2): one check and one sentence a field. Error texts are derived from here. A check looks
// at a range of a text: every datagram passes here, and what is only checked needs no string of its own.

import { isIp } from "./ip.ts";
import { idCharsMax, macCharsMax, passwordBytesMax, timeCharsMax } from "./limits.ts";
import type { FieldName } from "./messages.ts";

// oxlint-disable-next-line no-control-regex -- control characters are what these refuse
const control = /[\u0000-\u001f\u007f-\u009f]/;
// What turns a line of a terminal or a log round or hides in it: direction marks, zero widths, separators (clause 2.9).
const invisible = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const decimalDigitsMax = 5;
const hashDigits = 64;
const portMax = 65_535;

/** Whether the characters of a text from `from` up to `to` fit. */
type Check = (text: string, from?: number, to?: number) => boolean;

/** A field's check, and the sentence for whoever sent something else. */
export type FieldRule = { readonly test: Check; readonly says: string };

/** What each field must be, with the words that say so to whoever sent something else. */
export const fieldRules: Readonly<Record<FieldName, FieldRule>> = {
  code: { test: isCode, says: "code must be two digits" },
  hash: { test: isHash, says: "hash must be 64 lower-case hex digits" },
  id: { test: isId, says: `id must be 1 to ${idCharsMax} of A-Z a-z 0-9 . _ : -` },
  ip: { test: isIp, says: "ip must be an IPv4 or IPv6 literal" },
  length: {
    test: (text, from, to) => decimalOf(text, from, to) >= 0,
    says: "length must be the byte length of message, decimal without leading zeros",
  },
  mac: {
    test: whole(isMac),
    says: `mac must be 1 to ${macCharsMax} printable characters without spaces`,
  },
  message: { test: () => true, says: "message may be anything" },
  password: {
    test: whole(isPassword),
    says: `password must be 1 to ${passwordBytesMax} bytes without control characters`,
  },
  port: { test: isPort, says: "port must be 1 to 65535, decimal without leading zeros" },
  reason: {
    test: whole((value) => value.length > 0 && !control.test(value)),
    says: "reason must be text without control characters",
  },
  target: { test: isTarget, says: "target must be an id or *" },
  time: { test: isTime, says: `time must be 1 to ${timeCharsMax} printable characters` },
};

/** Whether the text can be a device id: 1 to 64 of `A-Z a-z 0-9 . _ : -`, not `.` or `..`. */
export function isId(text: string, from = 0, to = text.length): boolean {
  const length = to - from;
  if (length < 1 || length > idCharsMax) return false;
  for (let i = from; i < to; i++) if (!isIdCharacter(text.charCodeAt(i))) return false;
  return length > 2 || !/^\.+$/.test(text.slice(from, to));
}

/** Whether the text can be a port, 1 to 65535, in decimal without leading zeros. */
export function isPort(text: string, from = 0, to = text.length): boolean {
  const value = decimalOf(text, from, to);
  return value >= 1 && value <= portMax;
}

/**
 * The number a decimal text stands for, or -1. Up to five digits in one spelling: without that a field could be a length
 * and no port, and become a port when written again.
 */
export function decimalOf(text: string, from = 0, to = text.length): number {
  const digits = to - from;
  if (digits < 1 || digits > decimalDigitsMax) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return digits > 1 && text.charCodeAt(from) === 48 ? -1 : value;
}

/** Whether the text can be a MAC: 1 to 64 printable characters without spaces. */
export function isMac(value: string): boolean {
  return isPrintable(value, macCharsMax) && !/\s/.test(value);
}

/** Whether the text can be a password: 1 to 128 bytes of UTF-8 without control characters. */
export function isPassword(value: string): boolean {
  return value.length > 0 && utf8Bytes(value) <= passwordBytesMax && !control.test(value);
}

/** Whether the text can be a time: 1 to 32 printable characters. */
export function isTime(text: string, from = 0, to = text.length): boolean {
  const length = to - from;
  // Nearly every time is plain ASCII; whatever is not takes the long way.
  let i = from;
  while (i < to && isAsciiPrintable(text.charCodeAt(i))) i++;
  if (i === to) return length >= 1 && length <= timeCharsMax;
  return isPrintable(text.slice(from, to), timeCharsMax);
}

/** Whether the text has a control character: U+0000 to U+001F, U+007F to U+009F (clause 1.5). */
export function hasControl(value: string): boolean {
  return control.test(value);
}

function isCode(text: string, from = 0, to = text.length): boolean {
  return to - from === 2 && isDigit(text.charCodeAt(from)) && isDigit(text.charCodeAt(from + 1));
}

function isHash(text: string, from = 0, to = text.length): boolean {
  if (to - from !== hashDigits) return false;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code) && !(code >= 0x61 && code <= 0x66)) return false;
  }
  return true;
}

function isTarget(text: string, from = 0, to = text.length): boolean {
  return (to - from === 1 && text[from] === "*") || isId(text, from, to);
}

/** A check of a whole text as one of a range. */
function whole(test: (value: string) => boolean): Check {
  return (text, from = 0, to = text.length) => test(text.slice(from, to));
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** `A-Z a-z 0-9 . _ : -` */
function isIdCharacter(code: number): boolean {
  const lower = code | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) ||
    (code >= 0x30 && code <= 0x3a) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x5f
  );
}

function isAsciiPrintable(code: number): boolean {
  return code >= 0x20 && code <= 0x7e;
}

/** A character is a Unicode code point: 64 of them can be 128 UTF-16 units, and that is still 64. */
function isPrintable(value: string, charsMax: number): boolean {
  if (value.length === 0 || control.test(value) || invisible.test(value)) return false;
  return (
    value.length <= charsMax ||
    (value.length <= 2 * charsMax && Array.from(value).length <= charsMax)
  );
}

/**
 * A MAC in the one spelling used to compare two: case and `-` against `:` do not count (clause 2).
 * @param mac as sent
 */
export function comparableMac(mac: string): string {
  return mac.toLowerCase().replaceAll("-", ":");
}

/** The number of bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}
