// Tells a subscriber of the feed what the feed of this server does not have: the reports that other servers of the same store
// have stored. Each once, in the order of its device, a few seconds late. Keeps no report.

import type { OnFacts } from "../server/feed.ts";
import type { ElsewhereReads, ReportsOfOthers } from "../server/nodes.ts";

/** How many reports are read and told at once. */
const atOnce = 1_024;
/** How often it reads in one call at most. */
const readsMax = 32;
/** After so many calls in a row that did not come to an end it begins anew with what is new then. */
const lateMax = 30;

export class ForeignFacts {
  #reports: ReportsOfOthers;
  #isReading = false;
  /** How many calls in a row have left something. */
  #late = 0;
  #skips = 0;

  /**
   * Begins with what is not stored yet.
   * @param onFacts gets facts of kind `reported`, after those of this server or before
   */
  constructor(
    private readonly elsewhere: Pick<ElsewhereReads, "reportsOfOthers">,
    private readonly onFacts: OnFacts,
  ) {
    this.#reports = elsewhere.reportsOfOthers();
  }

  /** How often reports were left out because more came than could be read. */
  get skips(): number {
    return this.#skips;
  }

  /**
   * Tells what has come since the last call; does nothing while that one is under way. Call it about once a second.
   * @throws what the store throws; the next call goes on where this one ended
   */
  async poll(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      for (let reads = 0; reads < readsMax; reads++) {
        if (await this.#tellSome()) continue;
        this.#late = 0;
        return;
      }
      if (++this.#late >= lateMax) this.#skip();
    } finally {
      this.#isReading = false;
    }
  }

  /** Returns whether there may be more. */
  async #tellSome(): Promise<boolean> {
    const { reports, more } = await this.#reports.next(atOnce);
    if (reports.length > 0) {
      const sequences = reports.map(({ sequence }) => sequence);
      this.onFacts([{ kind: "reported", reports, sequences }]);
    }
    return more;
  }

  #skip(): void {
    this.#reports = this.elsewhere.reportsOfOthers();
    this.#late = 0;
    this.#skips++;
  }
}
