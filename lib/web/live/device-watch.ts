// Owns which reports of one device are news for a browser that watches it. Sends nothing.

import type { ReportRow } from "../../server/rows.ts";
import type { WebPorts } from "../ports.ts";
import { ToldReports } from "./foreign-reports.ts";

/** How many reports a call finds at most. */
const reportsPerCall = 100;
/** How many numbers are remembered. */
const toldMax = 1_024;

/** Reports of the device, oldest first, and whether more have come than these. */
export type WatchNews = { readonly reports: readonly ReportRow[]; readonly more: boolean };

const none: WatchNews = { reports: [], more: false };

export class DeviceWatch {
  #last: number;
  readonly #told = new ToldReports(toldMax);

  /** @param before reports with numbers up to this one are not told */
  constructor(
    private readonly ports: Pick<WebPorts, "presence" | "reports">,
    private readonly device: string,
    private readonly before: number,
  ) {
    this.#last = before;
  }

  /**
   * Finds the next news. Call it again when it has answered.
   * @param since from which number on reports may have come of any server; null if no other stores any
   */
  async next(since: number | null): Promise<WatchNews> {
    const own = this.ports.presence.get(this.device)?.lastReport ?? 0;
    if (since === null && own <= this.#last) return none;
    // A device may have moved here, so that its next numbers are lower than those of before.
    const [low, high] =
      since === null
        ? [this.#last + 1, own + 1]
        : [Math.max(this.before + 1, since), Number.MAX_SAFE_INTEGER];
    const scan = this.ports.reports.scan(this.device, { low, high }, "newest");
    const found = (await scan.next(reportsPerCall)).toReversed();
    const reports = this.#told.take(found);
    this.#last = Math.max(this.#last, own, reports.at(-1)?.sequence ?? 0);
    return { reports, more: reports.length === found.length && !scan.done };
  }
}
