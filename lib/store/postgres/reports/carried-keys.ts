// Owns the keys of reports that `iot-server copy` took over from SQLite and whose datagrams cannot be rebuilt: in a sealed
// session a key comes from the msgid, which SQLite does not keep. What it keeps, 48 bits of it, makes the key instead, and
// a DATA whose time lies among those of such reports is also looked for by that. Stores nothing.

import type { Report } from "../../../server/rows.ts";
import type { ReportStep, Step } from "../../../server/store-port.ts";
import type { Rows, Statement } from "../connection/writer.ts";
import { textArray } from "../connection/arrays.ts";
import { keyTimeOf, reportKeyFrom } from "./report-key.ts";

/** What SQLite compares a repeat by. */
type Carried = Pick<Report, "device" | "time" | "code" | "message">;

/**
 * The key of a report that was taken over.
 * @param timeMs the device's own time, ms since 1970; null if it cannot be read
 * @param key the 48 bits by which SQLite recognises it (`ReportStep.key`)
 */
export function carriedKeyOf(timeMs: number | null, key: number, report: Carried): string {
  const { device, time, code, message } = report;
  const text = JSON.stringify(["copied", key, device, time, code, message]);
  return reportKeyFrom(timeMs, Bun.SHA256.hash(text, "hex"));
}

/** Finds what was taken over and is sent again. Costs nothing for reports that are newer than all of these. */
export class CarriedKeys {
  /** @param until the latest time in the keys of what was taken over, ms since 1970; null if there is none */
  constructor(private readonly until: number | null) {}

  /** The keys of those steps that may repeat something that was taken over. */
  among(steps: readonly Step[]): ReadonlyMap<ReportStep, string> {
    const found = new Map<ReportStep, string>();
    if (this.until === null) return found;
    for (const step of steps) {
      if (step.kind !== "report") continue;
      const { timeMs } = step.origin;
      if (keyTimeOf(timeMs) > this.until) continue;
      found.set(step, carriedKeyOf(timeMs, step.key, step.report));
    }
    return found;
  }
}

/** The statement that tells which of these keys are there; see `foundIn`. */
export function findCarried(keys: readonly string[]): Statement {
  return [
    "SELECT replace(key::text, '-', '') AS key FROM report WHERE key = ANY($1::uuid[])",
    [textArray(keys)],
  ];
}

/** The keys in the rows of `findCarried`. */
export function foundIn(rows: Rows): ReadonlySet<string> {
  return new Set(rows.map(({ key }) => key as string));
}
