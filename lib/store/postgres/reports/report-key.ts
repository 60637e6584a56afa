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
  const time = Math.min(Math.max(Math.trunc(timeMs ?? 0), 0), timeMax);
  const text =
    link === null
      ? digest.hex
      : Bun.SHA256.hash(`${link.key} ${msgidHigh} ${msgidLow} ${digest.hex}`, "hex");
  return time.toString(16).padStart(timeDigits, "0") + text.slice(0, hashDigits);
}
