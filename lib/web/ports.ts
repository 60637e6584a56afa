// What the web side needs of the server: small ports, filled in cmd/serve.ts. Knows no engine, no store and no file.

import type { AskResult } from "../server/asks.ts";
import type { EndReason, Endpoint, Report } from "../server/operation.ts";
import type { LogDirection, LogLevel } from "../server/log.ts";

/** Everything the web side is given. */
export type WebPorts = {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The UDP port that devices speak to. */
  readonly devicePort: number;
  readonly devices: DeviceSource;
  readonly reports: ReportSource;
  readonly presence: PresenceSource;
  readonly operator: Operator;
  readonly activity: ActivitySource;
  readonly gauges: () => Gauges;
  /** Whether the last batch could be stored. */
  readonly isStoring: () => boolean;
  /** Files that the process has open, connections included; null where the system does not tell. */
  readonly openFiles: () => number | null;
  /** Writes an error of the web side to error.log. */
  readonly noteError: (error: Error) => void;
};

/** A device and its latest session, as the roster holds it; times in ms since 1970. */
export type RosterRow = {
  readonly id: string;
  /** Number of its latest session; 0 where it never logged in. */
  readonly session: number;
  readonly started: number;
  readonly lastSeen: number;
  /** null while it is open. */
  readonly ended: number | null;
  readonly reason: EndReason | null;
};

/** What a device registered with. */
export type RegisteredFacts = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  readonly registered: number;
};

export type SessionRow = {
  readonly session: number;
  readonly started: number;
  readonly lastSeen: number;
  readonly ended: number | null;
  readonly reason: string | null;
  readonly ip: string;
  readonly port: number;
};

/** The registrar and the sessions, to read. */
export interface DeviceSource {
  /** Devices after an id, in the order of ids. */
  roster(after: string, limit: number): readonly RosterRow[];
  facts(id: string): RegisteredFacts | null;
  /** A device's sessions with numbers below `before`, newest first. */
  sessions(id: string, before: number, limit: number): readonly SessionRow[];
}

/** A report with its number. */
export type NumberedReport = Report & { readonly sequence: number };

/** Messages of some reports of a device: what a curve needs of them. */
export type Messages = {
  /** The numbers of the reports: this and a place each, ascending. */
  readonly base: number;
  readonly places: Uint16Array;
  /** The messages in UTF-8, in the same order, each ended by a 0x1f. Where one holds such a byte, there are more ends. */
  readonly bytes: Uint8Array;
};

/** Reports of a range, taken a few at a time; each take is short work. */
export interface Scan<Row> {
  /** Some of the next reports, perhaps none. */
  next(limit: number): readonly Row[];
  readonly done: boolean;
}

/** Messages of a range, as `Scan`. */
export interface MessageScan {
  next(limit: number): Messages;
  readonly done: boolean;
}

/** The reports, to read. Sequence numbers grow with the time of receipt. */
export interface ReportSource {
  /**
   * The number of the first report received at or after a time; behind the last one where there is none.
   * @param low with `high`: looked for between the two only; soonest found half way
   */
  sequenceAt(ms: number, low?: number, high?: number): number;
  /** The number that is behind the last report. */
  end(): number;
  /** The number of the oldest report that is kept. */
  first(): number;
  at(sequence: number): NumberedReport | null;
  latest(id: string): NumberedReport | null;
  /** Reports with numbers from `low` to below `high`, of one device or of all (null). */
  scan(
    id: string | null,
    low: number,
    high: number,
    order: "newest" | "oldest",
  ): Scan<NumberedReport>;
  /** The messages of one device alone, oldest first. */
  messages(id: string, low: number, high: number): MessageScan;
}

/** A session that is open, as the engine holds it; the object stays the same while it is open. */
export type LiveSession = {
  readonly id: string;
  readonly started: number;
  readonly source: Endpoint;
  readonly lastSeen: number;
  readonly everySeconds: number | null;
  /** Number of its last report, or 0. */
  readonly lastReport: number;
  readonly sealed: boolean;
};

export interface PresenceSource {
  readonly size: number;
  get(id: string): LiveSession | undefined;
  all(): Iterator<LiveSession>;
}

/** What an operator can do to a device. */
export interface Operator {
  ask(id: string, code: string, target: string): Promise<AskResult>;
  /** Takes a device out of the registrar; false where there is none. Rejects where the storage failed. */
  remove(id: string): Promise<boolean>;
}

/** A line of Activity.log; the words as the log shows them. */
export type ActivityLine = {
  readonly time: string;
  readonly level: LogLevel;
  readonly peer: string;
  readonly direction: LogDirection;
  readonly words: string;
};

export type ActivityFilter = {
  /** A part of the peer or the words, any case; empty for all. */
  readonly contains: string;
  /** Lines of this level and above. */
  readonly level: LogLevel;
  readonly limit: number;
};

export interface ActivitySource {
  /** The end of the log, oldest first. */
  tail(filter: ActivityFilter): Promise<readonly ActivityLine[]>;
  /** Calls for each new line until the returned function is called. */
  listen(onLine: (line: ActivityLine) => void): () => void;
}

/** Counts of datagrams that were answered, or that need no answer. */
export type TrafficCount = {
  readonly verb: string;
  readonly transport: string;
  readonly outcome: string;
  readonly count: number;
};

export type HistogramReading = {
  /** Upper bounds in seconds, ascending; what is above the last one is counted in `counts` behind it. */
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  readonly sum: number;
};

/** What the server counts and how it stands. Counts only grow. */
export type Gauges = {
  readonly started: number;
  readonly datagrams: number;
  readonly replies: number;
  readonly malformed: number;
  readonly refused: number;
  readonly busy: number;
  readonly silenced: number;
  readonly reports: number;
  readonly reportsRepeated: number;
  readonly batches: number;
  readonly batchesFailed: number;
  readonly traffic: readonly TrafficCount[];
  readonly commitLatency: HistogramReading;
  readonly requestLatency: HistogramReading;
  readonly packetsWaiting: number;
  readonly packetsWaitingMax: number;
  readonly packetsShed: number;
  readonly sendsDropped: number;
  /** Passwords that were ever given to be hashed or checked. */
  readonly passwords: number;
  readonly passwordsWaiting: number;
  readonly passwordsWaitingMax: number;
  readonly asks: number;
  readonly asksMax: number;
  readonly logLinesLost: number;
  readonly sealedSessions: number;
  readonly databaseBytes: number;
  readonly walBytes: number;
};
