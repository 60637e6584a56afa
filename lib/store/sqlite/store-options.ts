// The settings of the server's store. Types only.

import type { Policy } from "../../server/policy.ts";

/** The settings of a store on SQLite. */
export type StoreOptions = {
  /** Whether several devices may have the same IP with different ports. */
  readonly sharedIp: boolean;
  /** Whether a device may log in with another client key than before; `replace` if omitted. */
  readonly keyPolicy?: Policy["keyPolicy"];
  /** How many of the latest reports are searched for a repeat by key; see `ReportWriter`. */
  readonly recentReportsMax?: number;
  /** What was found damaged when the database was opened; null if omitted. */
  readonly damage?: string | null;
  /** Told once of a trouble that does not stop the server: a damaged page, a log that grows. */
  readonly onTrouble?: (words: string) => void;
};
