// The form of each field (clause 2): one check and one sentence a field. Error texts are derived from here.

import { isIp } from "./ip.ts";
import { idCharsMax, macCharsMax, passwordBytesMax, timeCharsMax } from "./limits.ts";
import type { FieldName } from "./messages.ts";

const id = new RegExp(`^[A-Za-z0-9._:-]{1,${idCharsMax}}$`);
// oxlint-disable-next-line no-control-regex -- control characters are what these refuse
const control = /[\u0000-\u001f\u007f-\u009f]/;
const digits = /^\d+$/;
const twoDigits = /^\d\d$/;
const hash = /^[0-9a-f]{64}$/;

type FieldRule = { readonly test: (value: string) => boolean; readonly says: string };

/** What each field must be, with the words that say so to whoever sent something else. */
export const fieldRules: Readonly<Record<FieldName, FieldRule>> = {
  code: { test: (value) => twoDigits.test(value), says: "code must be two digits" },
  hash: { test: (value) => hash.test(value), says: "hash must be 64 lower-case hex digits" },
  id: { test: isId, says: `id must be 1 to ${idCharsMax} of A-Z a-z 0-9 . _ : -` },
  ip: { test: isIp, says: "ip must be an IPv4 or IPv6 literal" },
  length: {
    test: (value) => value.length <= 4 && digits.test(value),
    says: "length must be the decimal byte length of message",
  },
  mac: { test: isMac, says: `mac must be 1 to ${macCharsMax} printable characters without spaces` },
  message: { test: () => true, says: "message may be anything" },
  password: { test: isPassword, says: `password must be 1 to ${passwordBytesMax} bytes` },
  port: { test: isPort, says: "port must be 1 to 65535" },
  reason: { test: (value) => !control.test(value), says: "reason must be printable" },
  target: { test: (value) => value === "*" || isId(value), says: "target must be an id or *" },
  time: { test: isTime, says: `time must be 1 to ${timeCharsMax} printable characters` },
};

/** Whether the text can be a device id: 1 to 64 of `A-Z a-z 0-9 . _ : -`, not `.` or `..`. */
export function isId(value: string): boolean {
  return id.test(value) && value !== "." && value !== "..";
}

/** Whether the text can be a port, 1 to 65535, in decimal without leading zeros. */
export function isPort(value: string): boolean {
  return value.length <= 5 && digits.test(value) && value[0] !== "0" && Number(value) <= 65_535;
}

/** Whether the text can be a MAC: 1 to 64 printable characters without spaces. */
export function isMac(value: string): boolean {
  return (
    value.length > 0 && value.length <= macCharsMax && !control.test(value) && !/\s/.test(value)
  );
}

/** Whether the text can be a password: 1 to 128 bytes of UTF-8 without control characters. */
export function isPassword(value: string): boolean {
  return value.length > 0 && utf8Bytes(value) <= passwordBytesMax && !control.test(value);
}

/** Whether the text can be a time: 1 to 32 printable characters. */
export function isTime(value: string): boolean {
  return value.length > 0 && value.length <= timeCharsMax && !control.test(value);
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
