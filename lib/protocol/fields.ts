// The form of each field (clause 2): one check and one sentence a field. Error texts are derived from here.

import { isIp } from "./ip.ts";
import { idCharsMax, macCharsMax, passwordBytesMax, timeCharsMax } from "./limits.ts";
import type { FieldName } from "./messages.ts";

const id = new RegExp(`^[A-Za-z0-9._:-]{1,${idCharsMax}}$`);
// oxlint-disable-next-line no-control-regex -- control characters are what these refuse
const control = /[\u0000-\u001f\u007f-\u009f]/;
// What turns a line of a terminal or a log round or hides in it: direction marks, zero widths, separators (clause 2.9).
const invisible = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
// One spelling a number: without it a field could be a length and no port, and become a port when written again.
const decimal = /^(?:0|[1-9]\d{0,4})$/;
const twoDigits = /^\d\d$/;
const hash = /^[0-9a-f]{64}$/;

/** A field's check, and the sentence for whoever sent something else. */
export type FieldRule = { readonly test: (value: string) => boolean; readonly says: string };

/** What each field must be, with the words that say so to whoever sent something else. */
export const fieldRules: Readonly<Record<FieldName, FieldRule>> = {
  code: { test: (value) => twoDigits.test(value), says: "code must be two digits" },
  hash: { test: (value) => hash.test(value), says: "hash must be 64 lower-case hex digits" },
  id: { test: isId, says: `id must be 1 to ${idCharsMax} of A-Z a-z 0-9 . _ : -` },
  ip: { test: isIp, says: "ip must be an IPv4 or IPv6 literal" },
  length: {
    test: (value) => decimal.test(value),
    says: "length must be the byte length of message, decimal without leading zeros",
  },
  mac: { test: isMac, says: `mac must be 1 to ${macCharsMax} printable characters without spaces` },
  message: { test: () => true, says: "message may be anything" },
  password: {
    test: isPassword,
    says: `password must be 1 to ${passwordBytesMax} bytes without control characters`,
  },
  port: { test: isPort, says: "port must be 1 to 65535, decimal without leading zeros" },
  reason: {
    test: (value) => value.length > 0 && !control.test(value),
    says: "reason must be text without control characters",
  },
  target: { test: (value) => value === "*" || isId(value), says: "target must be an id or *" },
  time: { test: isTime, says: `time must be 1 to ${timeCharsMax} printable characters` },
};

/** Whether the text can be a device id: 1 to 64 of `A-Z a-z 0-9 . _ : -`, not `.` or `..`. */
export function isId(value: string): boolean {
  return id.test(value) && value !== "." && value !== "..";
}

/** Whether the text can be a port, 1 to 65535, in decimal without leading zeros. */
export function isPort(value: string): boolean {
  return decimal.test(value) && value !== "0" && Number(value) <= 65_535;
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
export function isTime(value: string): boolean {
  return isPrintable(value, timeCharsMax);
}

/** Whether the text has a control character: U+0000 to U+001F, U+007F to U+009F (clause 1.5). */
export function hasControl(value: string): boolean {
  return control.test(value);
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
