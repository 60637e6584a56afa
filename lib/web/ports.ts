// Owns the ports of the web side: what it needs from the server, implemented in cmd/serve.ts. Never knows the engine,
// the store or a file.

import type { AlertOperations } from "../alerts/alert-operations.ts";
import type { AlertStatus } from "../alerts/alert-runner.ts";
import type { Firing } from "../alerts/firing.ts";
import type { BridgeState } from "../server/bridge-state.ts";
import type { OpenCommands } from "../fleet/open-commands.ts";
import type { PresenceSource } from "../fleet/live-session.ts";
import type { Notice } from "../operating-error.ts";
import type { AskResult } from "../server/asks.ts";
import type { DoorAction, DoorResult } from "../server/door/door-action.ts";
import type { Reached } from "../server/door/ready-line.ts";
import type { Counters } from "../server/counters.ts";
import type { ElsewhereReads, NodeRow } from "../server/nodes.ts";
import type { CancelResult, QueueResult } from "../server/commands/commanding.ts";
import type { Ordered } from "../server/commands/command-rules.ts";
import type { Asker, CommandRow } from "../server/rows.ts";
import type { LabelChange } from "../server/labels.ts";
import type { LabelResult } from "../server/operator.ts";
import type { Soon } from "../server/soon.ts";
import type { Loss } from "../server/health.ts";
import type { StoreSize } from "../server/store-care.ts";
import type { DeviceReads, ReportReads } from "../server/store-reads.ts";
import type { LogDirection, LogLevel } from "../server/log.ts";

/** All that the web side gets from the server. */
export type WebPorts = {
  readonly version: string;
  /** The name of this server among those of its store; empty if it is the only one. */
  readonly node: string;
  /** All servers of the store, by name; none if it is a file, which has one. */
  readonly nodes: () => Soon<readonly NodeRow[]>;
  /** The wall clock, ms since 1970: to be shown. */
  readonly now: () => number;
  /** The monotonic clock of the engine, ms since the process started: what is measured goes by it. */
  readonly uptimeMs: () => number;
  /** The UDP port for devices. */
  readonly devicePort: number;
  readonly devices: DeviceReads;
  readonly reports: ReportReads;
  /** The sessions that this server hears. */
  readonly presence: PresenceSource;
  /** Reads of devices that other servers of the store hear; null if it is a file. */
  readonly elsewhere: ElsewhereReads | null;
  readonly operator: OperatorCalls;
  readonly commands: CommandCalls;
  /** They take what is committed. */
  readonly openCommands: OpenCommands;
  readonly alerts: WebAlerts;
  readonly door: DoorCalls;
  readonly activity: ActivitySource;
  readonly gauges: () => Gauges;
  /** Whether the last batch could be stored, or the store has recovered since. */
  readonly isStoring: () => boolean;
  /**
   * Why the store cannot be relied on now, in words; null if it can. `unsure`: this server could not show that it lives, so
   * other servers of the store may have taken its devices over.
   */
  readonly loss: () => Loss | null;
  /** What was found damaged in the database, in words; null if nothing was. */
  readonly damage: () => string | null;
  /** Why no old reports are removed for a while, and what to do; null if they are. */
  readonly retentionHold: () => Notice | null;
  /** How the bridge to an MQTT broker is; null without one. */
  readonly bridge: () => BridgeState | null;
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
  /**
   * The open ones to a local port; none if the system does not tell.
   * @param least if the process has fewer open files than this, none is looked for
   */
  open(port: number, least: number): readonly Connection[];
  /** Closes one, from the latest `open` and in the same turn. */
  close(connection: Connection): void;
}

/** The alerts. */
export type WebAlerts = {
  readonly operations: AlertOperations;
  /** How many fire, at whichever server. */
  firing(): Soon<number>;
  /** Those that fire; of another server's alerts the newest 5,000, as they are stored. */
  fires(): Soon<readonly Firing[]>;
  /** How those of this server are doing. */
  status(): AlertStatus;
};

/** The door: who may register. */
export type DoorCalls = {
  act(action: DoorAction): Promise<DoorResult>;
  /** Unpredictable bytes, for a join token. */
  random(count: number): Uint8Array;
  /** The fingerprint of a client's key, as `SHA256:…`. */
  fingerprint(key: Uint8Array): string;
  /** Where devices reach this server, by the name of its machine. */
  readonly reached: Reached;
  /** Whether several devices may have one IP. */
  readonly sharedIp: boolean;
};

/** Commands to devices. */
export type CommandCalls = {
  queue(ordered: Ordered): Promise<QueueResult>;
  cancel(number: number): Promise<CancelResult>;
  /** An open command as it is now: what becomes of it is written down with a delay. */
  current(row: CommandRow): CommandRow;
};

/** What an operator can do to a device. */
export interface OperatorCalls {
  /** Sends a QUERY to a device and waits for its answer. */
  ask(id: string, code: string, target: string, by: Asker): Promise<AskResult>;
  /** Changes the labels of a device: all changes or none. */
  label(id: string, changes: readonly LabelChange[]): Promise<LabelResult>;
  /** Deregisters a device; resolves to false if it is not registered. Rejects if the storage failed. */
  remove(id: string): Promise<boolean>;
}

/** A line of Activity.log or error.log; `words` are as in the log. */
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
  /** From the queueing of commands to the answers of their devices. */
  readonly commandTimes: HistogramReading;
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
  /** Open sessions in memory, and how many of them are sealed. */
  readonly sessions: number;
  readonly sealedSessions: number;
  /** Ids that two devices seem to use. */
  readonly contestedIds: readonly string[];
  readonly size: StoreSize;
};
