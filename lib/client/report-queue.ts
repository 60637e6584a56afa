// The reports that a device has not delivered yet, in order. The queue is bounded; when full it drops the oldest
// report, because after an outage the newest readings are worth more. It never drops the report that is being sent.

import type { Request } from "./requests.ts";

/** A bounded queue of reports. */
export class ReportQueue {
  /** Number of reports dropped since the start. */
  dropped = 0;
  #reports: Request[] = [];
  #headIsOut = false;

  /** @param reportsMax 2 or more */
  constructor(readonly reportsMax: number) {}

  get length(): number {
    return this.#reports.length;
  }

  /**
   * Appends a report.
   * @returns whether another report was dropped for it
   */
  push(report: Request): boolean {
    const full = this.#reports.length >= this.reportsMax;
    if (full) {
      this.#reports.splice(this.#headIsOut ? 1 : 0, 1);
      this.dropped++;
    }
    this.#reports.push(report);
    return full;
  }

  /** The report to send next, or null. It stays at the head, safe from dropping, until `settle` or `putBack`. */
  take(): Request | null {
    const head = this.#reports[0];
    if (head === undefined) return null;
    this.#headIsOut = true;
    return head;
  }

  /** Removes the head, which was delivered or finally refused. */
  settle(): void {
    this.#reports.shift();
    this.#headIsOut = false;
  }

  /** Marks the head as not being sent; it stays at the head and is sent again later. */
  putBack(): void {
    this.#headIsOut = false;
  }
}
