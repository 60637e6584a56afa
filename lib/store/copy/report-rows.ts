// The reports of a copy on their way: the key that each gets in PostgreSQL. Reads and writes nothing.

import { digestOf } from "../../protocol/digest.ts";
import { encode } from "../../protocol/encode.ts";
import { decodeTime } from "../../protocol/time.ts";
import type { NewReport } from "../postgres/reports/report-insert.ts";
import { carriedKeyOf } from "../postgres/reports/carried-keys.ts";
import { keyTimeOf, reportKeyFrom } from "../postgres/reports/report-key.ts";
import type { SourceReport } from "./sqlite-source.ts";

/** How many hex digits of a datagram's SHA-256 SQLite keeps. */
const keptDigits = 12;

/** A report with its key in PostgreSQL. */
export type CopiedReport = NewReport & {
  /** The time in its key, if it is not the one that its DATA would get now (`CarriedKeys`); else null. */
  readonly carried: number | null;
};

/**
 * A report with its key. Of one that came in text the datagram is rebuilt; whether it is the one that came is told by the
 * 48 bits of its hash that SQLite keeps. Any other, as all sealed ones, gets a key of these bits.
 */
export function copied(stored: SourceReport): CopiedReport {
  const { sequence, key: bits, ...report } = stored;
  const timeMs = decodeTime(report.time);
  const hash = datagramHash(report, bits);
  if (hash !== null) {
    return { report, session: 0, sequence, key: reportKeyFrom(timeMs, hash), carried: null };
  }
  const key = carriedKeyOf(timeMs, bits, report);
  return { report, session: 0, sequence, key, carried: keyTimeOf(timeMs) };
}

/**
 * The same report with a key that no other has: SQLite may have stored a DATA twice that was sent again after a million
 * others, and both rows stay.
 */
export function copiedAgain({ report, sequence, key, carried }: CopiedReport): CopiedReport {
  const text = JSON.stringify(["again", key, sequence]);
  const hash = Bun.SHA256.hash(text, "hex");
  return {
    report,
    session: 0,
    sequence,
    key: reportKeyFrom(decodeTime(report.time), hash),
    carried,
  };
}

function datagramHash(
  { device: id, time, code, message }: Omit<SourceReport, "sequence" | "key">,
  bits: number,
): string | null {
  const text = encode({ type: "DATA", code, id, address: null, time, message });
  // A sender may end the datagram with one LF more, which is no part of the message (clause 1.6).
  for (const datagram of [text, `${text}\n`]) {
    const hash = digestOf(Buffer.from(datagram));
    if (Number.parseInt(hash.slice(0, keptDigits), 16) === bits) return hash;
  }
  return null;
}
