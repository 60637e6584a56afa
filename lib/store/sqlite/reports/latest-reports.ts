// Owns the look-up of a device's latest report. Remembers where it was, or that there was none: repeated requests for a
// device that has been silent for millions of reports must not walk through all their chunks each time. Never stores a
// report itself.

import type { ReportRow } from "../../../server/rows.ts";
import { BoundedMap } from "../../../bounded-map.ts";
import { chunkOf } from "./report-chunks.ts";
import type { ReportReader } from "./report-reader.ts";

/**
 * How many of the newest chunks are searched: the last 268 million reports, in about 10 ms. Without a limit, a device
 * that never reported would cost a look-up in every chunk, while all other requests wait.
 */
const chunksMax = 4_096;
/** How many devices are remembered; the least recently asked for is forgotten first. */
const devicesMax = 8_192;

/** All numbers below `below` were searched; `sequence` is the latest report among them, or 0. */
type Found = { readonly below: number; readonly sequence: number };

export class LatestReports {
  readonly #found = new BoundedMap<string, Found>(devicesMax);
  readonly #givenUp = new Set<string>();

  constructor(private readonly reader: ReportReader) {}

  /**
   * A device's latest report, or null.
   * @param next the number that the next report of any device will get
   */
  of(device: string, next: number): ReportRow | null {
    const before = this.#found.get(device) ?? { below: 0, sequence: 0 };
    let report = this.#newestFrom(device, before.below) ?? this.#at(device, before.sequence);
    // Retention removed the one that was found before, and may have kept an earlier one.
    if (report === null && before.sequence > 0) report = this.#newestFrom(device, 0);
    this.#found.renew(device, { below: next, sequence: report?.sequence ?? 0 });
    return report;
  }

  /** Notes that the latest report of a device is on a damaged page, until it reports again. */
  giveUp(device: string): void {
    if (this.#givenUp.size >= devicesMax) this.#givenUp.clear();
    this.#givenUp.add(device);
  }

  isGivenUp(device: string): boolean {
    return this.#givenUp.has(device);
  }

  /** A device reports: its latest report can be read again. */
  reported(device: string): void {
    if (this.#givenUp.size > 0) this.#givenUp.delete(device);
  }

  /** Call it after a rollback: remembered reports of that batch do not exist. */
  forget(): void {
    this.#found.clear();
  }

  /** The device's newest report with a number from `from` on; null if there is none. */
  #newestFrom(device: string, from: number): ReportRow | null {
    const newest = Number.MAX_SAFE_INTEGER;
    for (const sequence of this.reader.numbers(device, newest, chunksMax, chunkOf(from))) {
      if (sequence < from) return null;
      const report = this.#at(device, sequence);
      if (report !== null) return report;
    }
    return null;
  }

  /** A report of the device by its number; null if it was removed. */
  #at(device: string, sequence: number): ReportRow | null {
    const report = sequence > 0 ? this.reader.at(sequence) : null;
    // A half-written index can name a report of another device.
    return report?.device === device ? report : null;
  }
}
