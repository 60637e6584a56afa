// The latest report of a device. Where it was found, or that there was none, is remembered: a device that asks again and
// again for one that has been silent for millions of reports must not cost a walk through all their chunks each time.

import type { Report } from "../server/operation.ts";
import { chunkOf } from "./report-chunks.ts";
import type { ReportReader } from "./report-reader.ts";

/**
 * Chunks looked into for a device's latest report: the last 268 million. One that never reported would otherwise cost a
 * look into every chunk there is, while all others wait; so many take a hundredth of a second.
 */
const chunksMax = 4_096;
/** Devices whose latest report is remembered; the longest known is forgotten first. */
const devicesMax = 8_192;

/** Up to which number was looked, and what was found there: its number, or 0. */
type Found = { readonly below: number; readonly sequence: number };

export class LatestReports {
  readonly #found = new Map<string, Found>();

  constructor(private readonly reader: ReportReader) {}

  /**
   * A device's latest report, or null.
   * @param next the number that the next report of any device gets
   */
  of(device: string, next: number): Report | null {
    const before = this.#found.get(device) ?? { below: 0, sequence: 0 };
    const sequence = this.#newestFrom(device, before.below) ?? before.sequence;
    this.#remember(device, { below: next, sequence });
    // Retention may have removed it, and with it what is older; or an index half written tells of another's.
    const report = sequence > 0 ? this.reader.at(sequence) : null;
    return report?.device === device ? report : null;
  }

  /** A batch was not stored: what was found in it is not there. */
  forget(): void {
    this.#found.clear();
  }

  /** The device's newest number that is not below another; null where there is none. */
  #newestFrom(device: string, from: number): number | null {
    const newest = Number.MAX_SAFE_INTEGER;
    for (const sequence of this.reader.numbers(device, newest, chunksMax, chunkOf(from))) {
      if (sequence < from) return null;
      const owner = this.reader.at(sequence)?.device;
      if (owner === undefined || owner === device) return sequence;
    }
    return null;
  }

  #remember(device: string, found: Found): void {
    this.#found.delete(device);
    this.#found.set(device, found);
    if (this.#found.size <= devicesMax) return;
    for (const longestKnown of this.#found.keys()) {
      this.#found.delete(longestKnown);
      return;
    }
  }
}
