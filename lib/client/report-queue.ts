// The reports a device has not delivered yet: bounded, in order. Full, it drops the oldest: of a device that was away
// the fresh readings are worth more. What is being sent is never dropped.

import type { Request } from "./requests.ts";

/** A bounded queue of reports. */
export class ReportQueue {
  /** Reports dropped since the start. */
  dropped = 0;
  #reports: Request[] = [];
  #headIsOut = false;

  /** @param reportsMax 2 or more */
  constructor(readonly reportsMax: number) {}

  get length(): number {
    return this.#reports.length;
  }

  /**
   * Puts a report at the end.
   * @returns whether another one had to go for it
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

  /** The report to send now, which stays at the head until `settle` or `putBack`; null where there is none. */
  take(): Request | null {
    const head = this.#reports[0];
    if (head === undefined) return null;
    this.#headIsOut = true;
    return head;
  }

  /** Removes the head: it was delivered, or refused for good. */
  settle(): void {
    this.#reports.shift();
    this.#headIsOut = false;
  }

  /** Leaves the head where it is; it is sent again later. */
  putBack(): void {
    this.#headIsOut = false;
  }
}
