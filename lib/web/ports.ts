// Owns the ports of the web side: what it needs from the server, implemented in cmd/serve.ts. Never knows the engine,
// the store or a file.

import type { Feed } from "../server/feed.ts";
import type { Notice } from "../operating-error.ts";
import type { AskResult } from "../server/asks.ts";
import type { Counters } from "../server/counters.ts";
import type { Asker, EndReason, Endpoint, Report } from "../server/operation.ts";
import type { LogDirection, LogLevel } from "../server/log.ts";

/** All that the web side gets from the server. */
export type WebPorts = {
  readonly version: string;
  /** The wall clock, ms since 1970: to be shown. */
  readonly now: () => number;
  /** The monotonic clock of the engine, ms since the process started: what is measured goes by it. */
  readonly uptimeMs: () => number;
  /** The UDP port for devices. */
  readonly devicePort: number;
  readonly devices: DeviceSource;
  readonly reports: ReportSource;
  readonly presence: PresenceSource;
  readonly operator: Operator;
  readonly activity: ActivitySource;
  readonly gauges: () => Gauges;
  /** Subscribes to what is committed; returns what ends it. */
  readonly subscribe: Feed["subscribe"];
  /** Whether the last batch could be stored. */
  readonly isStoring: () => boolean;
  /** What was found damaged in the database, in words; null if nothing was. */
  readonly damage: () => string | null;
  /** Why no old reports are removed for a while, and what to do; null if they are. */
  readonly retentionHold: () => Notice | null;
  readonly connections: ConnectionSource;
  /** Logs an error of the web side to error.log. @returns whether it means that the database is damaged where it was read */
  readonly noteError: (error: Error) => boolean;
};

/** A TCP connection that was accepted. */
export type Connection = {
  readonly descriptor: number;
  /** Names who is at the other end. */
  readonly peer: string;
  /** Whether anything was ever sent on it. */
  readonly isAnswered: boolean;
  /** How long ago that was, ms; without an answer, how long ago it was opened. */
  readonly quietMs: number;
};

/** The TCP connections of this process. */
export interface ConnectionSource {
  /** The open ones to a local port; none if the system does not tell. */
  open(port: number): readonly Connection[];
  /** Closes one, from the latest `open` and in the same turn. */
  close(connection: Connection): void;
}

/** A device and its latest session, as the roster holds it; times in ms since 1970. */
export type RosterRow = {
  readonly id: string;
  /** Number of its latest session; 0 if it has not logged in since it registered. */
  readonly session: number;
  readonly started: number;
  readonly lastSeen: number;
  /** null while the session is open. */
  readonly ended: number | null;
  readonly reason: EndReason | null;
};

/** What a device stated when it registered. */
export type RegisteredFacts = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  readonly registered: number;
  /** How many of its reports repeated one that was stored before. */
  readonly repeats: number;
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

/** A question to a device with its answer; times in ms since 1970. */
export type QuestionRow = {
  readonly number: number;
  readonly code: string;
  readonly target: string;
  readonly by: Asker;
  readonly asked: number;
  /** null without an answer, as the rest. */
  readonly answered: number | null;
  readonly answerCode: string | null;
  readonly answerTime: string | null;
  readonly answer: string | null;
};

/** Read access to the registrar and the sessions. */
export interface DeviceSource {
  /** At most `limit` devices with ids after `after`, in the order of ids. */
  roster(after: string, limit: number): readonly RosterRow[];
  /** The registration of a device, or null. */
  facts(id: string): RegisteredFacts | null;
  /** A device's sessions with numbers below `before`, newest first. */
  sessions(id: string, before: number, limit: number): readonly SessionRow[];
  /** The kept questions to a device with numbers below `before`, newest first. */
  questions(id: string, before: number, limit: number): readonly QuestionRow[];
}

/** A report with its sequence number. */
export type NumberedReport = Report & { readonly sequence: number };

/** Messages of some reports of a device, for a chart. */
export type Messages = {
  /** The sequence number of each report is `base` plus its place; the places are ascending. */
  readonly base: number;
  readonly places: Uint16Array;
  /**
   * The messages in UTF-8, in the same order, each followed by the byte 0x1f. A message that contains this byte itself
   * makes the number of such bytes greater than the number of places.
   */
  readonly bytes: Uint8Array;
};

/** A scan of reports that returns a few at a time, so that each call is short. */
export interface Scan<Row> {
  /** At most `limit` of the next reports, possibly none; `done` tells whether there can be more. */
  next(limit: number): readonly Row[];
  readonly done: boolean;
}

/** A scan of messages, like `Scan`. */
export interface MessageScan {
  next(limit: number): Messages;
  readonly done: boolean;
}

/**
 * The reports with numbers from `low` to below `high` that were measured from `from` to `to`, ms since 1970; at any time
 * if these are omitted.
 */
export type ReportRange = {
  readonly low: number;
  readonly high: number;
  readonly from?: number;
  readonly to?: number;
};

/** 65,536 consecutive sequence numbers, the first of which is `number` times as many. */
export type ReportChunk = {
  readonly number: number;
  /** Whether the times of each device's reports ascend in it, and none of its reports was removed. */
  readonly isOrdered: boolean;
  /** Changes when reports of it are removed. */
  readonly revision: number;
};

/** Read access to the reports. Sequence numbers are in the order of receipt; times may be in any order. */
export interface ReportSource {
  /** The chunks with reports that were measured from `from` to `to`, ms since 1970, in order. */
  chunks(from: number, to: number): readonly ReportChunk[];
  /** When a report was measured, ms since 1970; null if it was removed. */
  timeAt(sequence: number): number | null;
  /** When a device's reports at some places were measured, ms since 1970; NaN for each that was removed. */
  timesAt(id: string, base: number, places: Uint16Array): Float64Array;
  /** The number that the next report will get. */
  end(): number;
  /** The number of the oldest report that is kept; `end()` if there is none. */
  first(): number;
  /** How many reports are kept. */
  count(): number;
  /** One report by its number, or null. */
  at(sequence: number): NumberedReport | null;
  /** A device's newest report, or null. */
  latest(id: string): NumberedReport | null;
  /** A scan of the reports of a range, of one device or of all (null), in the order of their numbers. */
  scan(id: string | null, range: ReportRange, order: "newest" | "oldest"): Scan<NumberedReport>;
  /** A scan of one device's messages with numbers from `low` to below `high`, oldest first. */
  messages(id: string, low: number, high: number): MessageScan;
}

/** An open session, as the engine has it in memory; it is the same object as long as the session is open. */
export type LiveSession = {
  readonly id: string;
  /** When it was opened or restored, by `uptimeMs`. */
  readonly openedAt: number;
  readonly source: Endpoint;
  readonly lastSeen: number;
  readonly everySeconds: number | null;
  /** Sequence number of its last report; 0 if there is none. */
  readonly lastReport: number;
  readonly sealed: boolean;
};

export interface PresenceSource {
  get(id: string): LiveSession | undefined;
  all(): Iterator<LiveSession>;
}

/** What an operator can do to a device. */
export interface Operator {
  /** Sends a QUERY to a device and waits for its answer. */
  ask(id: string, code: string, target: string, by: Asker): Promise<AskResult>;
  /** Deregisters a device; resolves to false if it is not registered. Rejects if the storage failed. */
  remove(id: string): Promise<boolean>;
}

/** A line of Activity.log; `words` are as in the log. */
export type ActivityLine = {
  readonly time: string;
  readonly level: LogLevel;
  readonly peer: string;
  readonly direction: LogDirection;
  readonly words: string;
};

export type ActivityFilter = {
  /** A part of the peer or the words, in any case; empty for all lines. */
  readonly contains: string;
  /** Lines of this level and above. */
  readonly level: LogLevel;
  readonly limit: number;
};

export interface ActivitySource {
  /** The latest lines of the log that pass the filter, oldest first. */
  tail(filter: ActivityFilter): Promise<readonly ActivityLine[]>;
  /** Calls `onLine` for each new line until the returned function is called. */
  listen(onLine: (line: ActivityLine) => void): () => void;
}

/** How many datagrams were answered, or needed no answer, by verb, transport and outcome. */
export type TrafficCount = {
  readonly verb: string;
  readonly transport: string;
  readonly outcome: string;
  readonly count: number;
};

export type HistogramReading = {
  /** Upper bounds in seconds, ascending. `counts` has one more element, for values above the last bound. */
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  readonly sum: number;
};

/** The counters and the current state of the server. Counters only grow. */
export type Gauges = {
  /** When the server started, ms since 1970, by the wall clock as it is set now. */
  readonly started: number;
  /** A copy, so that readings can be compared. */
  readonly counters: Readonly<Counters>;
  readonly traffic: readonly TrafficCount[];
  readonly commitLatency: HistogramReading;
  readonly requestLatency: HistogramReading;
  readonly packetsWaiting: number;
  readonly packetsWaitingMax: number;
  readonly packetsShed: number;
  readonly sendsDropped: number;
  /** How many passwords were submitted for hashing or checking. */
  readonly passwords: number;
  readonly passwordsWaiting: number;
  readonly passwordsWaitingMax: number;
  readonly asks: number;
  readonly asksMax: number;
  readonly logLinesLost: number;
  readonly sealedSessions: number;
  /** Ids that two devices seem to use. */
  readonly contestedIds: readonly string[];
  readonly databaseBytes: number;
  readonly walBytes: number;
  /** That the log is larger than it should be, in words; null if it is not. */
  readonly logGrows: string | null;
};
