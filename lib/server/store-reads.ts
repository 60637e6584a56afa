// What a store reads for operators: the roster, devices, sessions, questions and reports, a page at a time.
// A store behind a network answers later, so whoever reads awaits it, and reads in bulk. A read that begins after a step's
// result has come sees what the step stored. Types only.

import type {
  CommandRow,
  DeviceRow,
  QuestionRow,
  ReportRow,
  RosterRow,
  SessionRow,
} from "./rows.ts";
import type { Soon } from "./soon.ts";

/** Read access to the registrar and the sessions. */
export interface DeviceReads {
  /** At most `limit` devices with ids after `after`, in the order of ids; none only if there are no more. */
  roster(after: string, limit: number): Soon<readonly RosterRow[]>;
  /** The registration of a device, or null. */
  facts(id: string): Soon<DeviceRow | null>;
  /** The registrations of some devices, in the same order; null for each that is not registered. */
  factsOf(ids: readonly string[]): Soon<readonly (DeviceRow | null)[]>;
  /** A device's sessions with numbers below `before`, newest first. */
  sessions(id: string, before: number, limit: number): Soon<readonly SessionRow[]>;
  /** The latest sessions of some devices, newest first and at most `limit` of each, in the same order. */
  sessionsOf(ids: readonly string[], limit: number): Soon<readonly (readonly SessionRow[])[]>;
  /** The kept questions to a device with numbers below `before`, newest first. */
  questions(id: string, before: number, limit: number): Soon<readonly QuestionRow[]>;
  /** Commands, newest first. */
  commands(query: CommandQuery): Soon<readonly CommandRow[]>;
  /** A command, or null. */
  command(number: number): Soon<CommandRow | null>;
}

/** Which commands are listed. */
export type CommandQuery = {
  /** Of this device, or of all (null). */
  readonly device: string | null;
  readonly state: "open" | "ended" | "all";
  /** Only numbers below this one; Infinity for all. */
  readonly before: number;
  readonly limit: number;
};

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

/** A scan of reports that returns a few at a time, so that each call is short. The next call waits for the one before. */
export interface Scan<Row> {
  /** At most `limit` of the next reports, possibly none; `done` tells whether there can be more. */
  next(limit: number): Soon<readonly Row[]>;
  readonly done: boolean;
}

/** A scan of messages, like `Scan`. */
export interface MessageScan {
  next(limit: number): Soon<Messages>;
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
  /**
   * Whether the times of each device's reports ascend in it, and none of its reports was removed; of those with numbers below
   * `finalBelow`.
   */
  readonly isOrdered: boolean;
  /** Changes when reports of it are removed. */
  readonly revision: number;
  /**
   * Reports with lower numbers than this are stored already, or never will be. Absent if no number below the end of all
   * reports is still to come.
   */
  readonly finalBelow?: number;
};

/**
 * Read access to the reports. Sequence numbers are in the order of receipt; times may be in any order. Where several servers
 * store reports, a number may come a little later than higher ones: a list that began before does not have it.
 */
export interface ReportReads {
  /** The chunks with reports that were measured from `from` to `to`, ms since 1970, in order. */
  chunks(from: number, to: number): Soon<readonly ReportChunk[]>;
  /**
   * When a device's reports at some places were measured, ms since 1970; NaN for each that was removed. The number of each
   * is `base` plus its place.
   */
  timesAt(id: string, base: number, places: Uint16Array): Soon<Float64Array>;
  /**
   * Where times begin among a device's reports at some places of an ordered chunk.
   * @param times ascending, ms since 1970; not so many that a call is long
   * @returns for each of `times` the index of the first place whose report was measured then or later, the number of
   *   places if there is none; null if it cannot be told because a report was removed
   */
  firstsFrom(
    id: string,
    base: number,
    places: Uint16Array,
    times: Float64Array,
  ): Soon<readonly number[] | null>;
  /** Above the numbers of all reports that are stored. */
  end(): Soon<number>;
  /** The number of the oldest report that is kept; `end()` if there is none. */
  first(): Soon<number>;
  /** How many reports are kept. */
  count(): Soon<number>;
  /** Whether other servers may store reports, too: what they store, nobody tells this one. */
  isShared(): boolean;
  /** Some reports by their numbers, in the same order; null for each that was removed. */
  reportsAt(sequences: readonly number[]): Soon<readonly (ReportRow | null)[]>;
  /**
   * The newest reports of some devices, in the same order; null for each that has none. Those of devices that have been silent
   * for very long may cost a few milliseconds each.
   */
  latestOf(ids: readonly string[]): Soon<readonly (ReportRow | null)[]>;
  /** A scan of the reports of a range, of one device or of all (null), in the order of their numbers. */
  scan(id: string | null, range: ReportRange, order: "newest" | "oldest"): Scan<ReportRow>;
  /** A scan of one device's messages with numbers from `low` to below `high`, oldest first. */
  messages(id: string, low: number, high: number): MessageScan;
}
