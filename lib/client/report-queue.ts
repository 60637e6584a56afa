// The reports that a device has not delivered yet, in memory only: what waits is lost with the process.

import type { SpooledReport, Spool } from "./spool.ts";

/** A bounded queue of reports. */
export class ReportQueue implements Spool {
  dropped = 0;
  #reports: SpooledReport[] = [];
  #taken = 0;

  /** @param reportsMax 2 or more */
  constructor(readonly reportsMax: number) {}

  get length(): number {
    return this.#reports.length;
  }

  push(report: SpooledReport): boolean {
    const full = this.#reports.length >= this.reportsMax && this.#taken < this.#reports.length;
    if (full) {
      this.#reports.splice(this.#taken, 1);
      this.dropped++;
    }
    this.#reports.push(report);
    return full;
  }

  take(count: number): readonly SpooledReport[] {
    this.#taken = Math.min(count, this.#reports.length);
    return this.#reports.slice(0, count);
  }

  settle(reports: readonly SpooledReport[]): void {
    for (const { msgid } of reports) {
      const place = this.#reports.findIndex((report) => report.msgid === msgid);
      if (place < 0 || place >= this.#taken) continue;
      this.#reports.splice(place, 1);
      this.#taken--;
    }
  }

  putBack(): void {
    this.#taken = 0;
  }

  keep(): number {
    return 0;
  }

  close(): void {}
}
