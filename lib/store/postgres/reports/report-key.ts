// Owns the key by which a report's repeat is recognised, on every server and for ever: 48 bits of the time that the device
// states, then 80 bits of a SHA-256. It begins with the time, so that the index grows at its end. Reads nothing.

import type { ReportOrigin } from "../../../server/store-port.ts";

const timeMax = 2 ** 48 - 1;
const timeDigits = 12;
const hashDigits = 20;

/**
 * The key of a report, 32 hex digits: of the datagram in text; over a link of the client's key, the msgid and the text, so
 * that equal readings are two reports (protocol §5.20).
 */
export function reportKeyOf({ timeMs, digest, link, msgidHigh, msgidLow }: ReportOrigin): string {
  const text =
    link === null
      ? digest.hex
      : Bun.SHA256.hash(`${link.key} ${msgidHigh} ${msgidLow} ${digest.hex}`, "hex");
  return reportKeyFrom(timeMs, text);
}

/** A key of a time, ms since 1970 or null, and the lower-case hex of a SHA-256. */
export function reportKeyFrom(timeMs: number | null, hash: string): string {
  return keyTimeOf(timeMs).toString(16).padStart(timeDigits, "0") + hash.slice(0, hashDigits);
}

/** The time in a key, ms since 1970; 0 for none. */
export function keyTimeOf(timeMs: number | null): number {
  return Math.min(Math.max(Math.trunc(timeMs ?? 0), 0), timeMax);
}
