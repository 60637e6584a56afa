// Owns which reports of other servers of the same store are news for the live events: no event tells them, so the newest ones
// are read again and again, and those that were told are remembered. Sends nothing.

import type { ReportRow } from "../../server/rows.ts";
import type { WebPorts } from "../ports.ts";

/** How much later than one with a higher number a report may come and is told, ms. */
const lateMs = 5_000;
const reportsPerCall = 200;
/** How many numbers are remembered. */
const toldMax = 8_192;

/** Reports that are news. */
export type ForeignNews = {
  readonly reports: readonly ReportRow[];
  /** Whether more have come than are told. */
  readonly more: boolean;
};

/** The numbers of reports that were told. Forgets the oldest. */
export class ToldReports {
  readonly #numbers = new Set<number>();

  constructor(private readonly max: number) {}

  /** Those of some reports that were not told; they are told then. */
  take(reports: readonly ReportRow[]): ReportRow[] {
    const fresh = reports.filter(({ sequence }) => !this.#numbers.has(sequence));
    for (const { sequence } of fresh) this.#numbers.add(sequence);
    for (const oldest of this.#numbers) {
      if (this.#numbers.size <= this.max) break;
      this.#numbers.delete(oldest);
    }
    return fresh;
  }
}

export class ForeignReports {
  /** Above all numbers at some moments of the last seconds, oldest first. */
  #ends: { readonly at: number; readonly end: number }[] = [];
  #told = new ToldReports(toldMax);
  #found: readonly ReportRow[] = [];

  constructor(private readonly ports: Pick<WebPorts, "presence" | "reports" | "uptimeMs">) {}

  /** Begins anew. @param end reports with lower numbers are not told; null: those that are stored at the next call */
  begin(end: number | null): void {
    this.#ends = end === null ? [] : [{ at: this.ports.uptimeMs(), end }];
    this.#found = [];
    this.#told = new ToldReports(toldMax);
  }

  /** From which number on reports may be news; null if no other server stores any. */
  get since(): number | null {
    return this.#ends[0]?.end ?? null;
  }

  /** Reads the newest reports, if there is another server. Call it again when it has answered. */
  async read(): Promise<void> {
    const { reports, uptimeMs } = this.ports;
    this.#found = [];
    if (!reports.isShared()) {
      if (this.#ends.length > 0) this.begin(null);
      return;
    }
    const at = uptimeMs();
    const before = this.#ends.at(-1)?.at ?? at;
    this.#ends.push({ at, end: await reports.end() });
    // Since the call before, reports have come that were late by then.
    while ((this.#ends[1]?.at ?? Infinity) <= before - lateMs) this.#ends.shift();
    const low = this.since ?? 0;
    const scan = reports.scan(null, { low, high: Number.MAX_SAFE_INTEGER }, "newest");
    this.#found = (await scan.next(reportsPerCall)).toReversed();
  }

  /**
   * What is news of that which was read: the newest report of each device.
   * @param own news of this server's sessions, which are told before; those that were told already are left out
   */
  take(own: readonly ReportRow[]): ForeignNews {
    if (this.since === null) return { reports: own, more: false };
    const told = this.#told.take(own);
    const others = this.#told.take(this.#found.filter((report) => !this.#isOwn(report)));
    const newest = new Map(others.map((report) => [report.device, report]));
    return { reports: [...told, ...newest.values()], more: others.length >= reportsPerCall };
  }

  /** Whether a report is of a session here: of these the last one is told. */
  #isOwn({ device, sequence }: ReportRow): boolean {
    return (this.ports.presence.get(device)?.lastReport ?? 0) >= sequence;
  }
}
