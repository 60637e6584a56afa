// The form of each field (clause 2): a check, and a sentence for error texts. A check takes a range of a text, because
// it runs for every datagram and must not allocate a substring. Knows no message.

import { isIp } from "./ip.ts";
import { idCharsMax, macCharsMax, passwordBytesMax, timeCharsMax } from "./limits.ts";
import type { FieldName } from "./messages.ts";

// oxlint-disable-next-line no-control-regex -- control characters are what these refuse
const control = /[\u0000-\u001f\u007f-\u009f]/;
// Not printable (clause 2.9): marks that reverse or hide text in a terminal or log, zero-width characters, separators.
const invisible = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const decimalDigitsMax = 5;
const hashDigits = 64;
const portMax = 65_535;

/** Whether the characters of a text from index `from` up to, not including, `to` have the form. */
type Check = (text: string, from?: number, to?: number) => boolean;

/** A field's check, and the reason for an ACK if the check fails. */
export type FieldRule = { readonly test: Check; readonly says: string };

/** The rule of each field (clauses 2.8 and 2.10 to 2.19). */
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

/** Whether the text is a valid device id (clause 2.10): 1 to 64 of `A-Z a-z 0-9 . _ : -`, not `.` or `..`. */
export function isId(text: string, from = 0, to = text.length): boolean {
  const length = to - from;
  if (length < 1 || length > idCharsMax) return false;
  for (let i = from; i < to; i++) if (!isIdCharacter(text.charCodeAt(i))) return false;
  return length > 2 || !/^\.+$/.test(text.slice(from, to));
}

/** Ids that name no device: the server's own in its messages, and that of an ACK whose request had none (clause 2.10). */
export const reservedIds: readonly string[] = ["server", "-"];

/** Whether the text is an id that a device may have (clause 2.10). */
export function isDeviceId(text: string, from = 0, to = text.length): boolean {
  if (!isId(text, from, to)) return false;
  return !reservedIds.some((id) => id.length === to - from && text.startsWith(id, from));
}

/** The rule of an id under which a device registers or logs in. */
export const deviceIdRule: FieldRule = {
  test: isDeviceId,
  says: `${fieldRules.id.says}, and neither server nor -`,
};

/**
 * The rule for a MAC where a person types one: six or eight pairs of letters and digits. On the wire it is opaque (clause
 * 2.12), so that a slip, such as a password in its place, would be stored and shown.
 */
export const typedMacRule: FieldRule = {
  test: whole((text) =>
    /^[0-9a-z]{2}(?:[:-][0-9a-z]{2}){5}(?:(?:[:-][0-9a-z]{2}){2})?$/i.test(text),
  ),
  says: "mac must be six pairs, such as aa:bb:cc:dd:ee:ff",
};

/** Whether the text is a valid port (clause 2.14): 1 to 65535, in decimal without leading zeros. */
export function isPort(text: string, from = 0, to = text.length): boolean {
  const value = decimalOf(text, from, to);
  return value >= 1 && value <= portMax;
}

/**
 * The number that a decimal text of 1 to 5 digits without leading zeros means, or -1 for any other text. One spelling
 * only: otherwise `length` could be `080`, which is no port, and become one when the message is encoded again (2.7).
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

/** Whether the text is a valid MAC (clause 2.12): 1 to 64 printable characters without spaces. */
export function isMac(value: string): boolean {
  return isPrintable(value, macCharsMax) && !/\s/.test(value);
}

/** Whether the text is a valid password (clause 2.11): 1 to 128 bytes of UTF-8 without control characters. */
export function isPassword(value: string): boolean {
  return value.length > 0 && utf8Bytes(value) <= passwordBytesMax && !control.test(value);
}

/** Whether the text is a valid time (clause 2.15): 1 to 32 printable characters. */
export function isTime(text: string, from = 0, to = text.length): boolean {
  const length = to - from;
  // The fast path: nearly every time is plain ASCII.
  let i = from;
  while (i < to && isAsciiPrintable(text.charCodeAt(i))) i++;
  if (i === to) return length >= 1 && length <= timeCharsMax;
  return isPrintable(text.slice(from, to), timeCharsMax);
}

/** Whether the text contains a control character: U+0000 to U+001F, U+007F to U+009F (clause 1.5). */
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

/** Makes a check of a range from a check of a whole text. */
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

/**
 * Whether the text is 1 to `charsMax` printable characters (clause 2.9). They are counted as Unicode code points: 128 UTF-16
 * units can be 64 characters.
 */
export function isPrintable(value: string, charsMax: number): boolean {
  if (value.length === 0 || control.test(value) || invisible.test(value)) return false;
  return (
    value.length <= charsMax ||
    (value.length <= 2 * charsMax && Array.from(value).length <= charsMax)
  );
}

/**
 * The spelling in which two MACs are compared: lower case, with `:` for `-` (clause 2.12).
 * @param mac as sent
 */
export function comparableMac(mac: string): string {
  return mac.toLowerCase().replaceAll("-", ":");
}

/** The length of a text in UTF-8, in bytes. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}
