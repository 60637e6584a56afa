// The settings of the server's store. Types only.

/** The settings of a store on SQLite. */
export type StoreOptions = {
  /** How many of the latest reports are searched for a repeat by key; see `ReportWriter`. */
  readonly recentReportsMax?: number;
  /** What was found damaged when the database was opened; null if omitted. */
  readonly damage?: string | null;
  /** Told once of a trouble that does not stop the server: a damaged page, a log that grows. */
  readonly onTrouble?: (words: string) => void;
};
