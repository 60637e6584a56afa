// The interface between the agent and what keeps its reports until they are delivered: memory (`ReportQueue`) or a file
// that survives the device's end. Types only.

/** A report as it is sent. Text and msgid stay the same for ever, so that the server recognises a repeat. */
export type SpooledReport = { readonly msgid: bigint; readonly text: string };

/** The reports that are not delivered yet, in order. When full it drops the oldest one: after an outage the newest count. */
export type Spool = {
  /** Number of reports that wait, with those that are taken. */
  readonly length: number;
  /** The most reports that may wait. */
  readonly reportsMax: number;
  /** Number of reports dropped since the start. */
  readonly dropped: number;
  /**
   * Appends a report.
   * @returns whether another report was dropped for it; never one that is taken
   */
  push(report: SpooledReport): boolean;
  /** The oldest `count` reports, and no others, are taken: they stay, safe from dropping, until `settle` or `putBack`. */
  take(count: number): readonly SpooledReport[];
  /** Removes reports that were taken, and are delivered or finally refused. */
  settle(reports: readonly SpooledReport[]): void;
  /** Marks all reports as not taken. */
  putBack(): void;
  /** Writes what can be written. @returns how many of the waiting reports are there at the next start */
  keep(): number;
  /** Keeps what it can, and releases what it holds. */
  close(): void;
};
