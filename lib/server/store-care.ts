// What a store offers besides batches: how a server opens it and what it reads, how old reports go, and what the commands do
// with it while no server of theirs runs. Types only.

import type { OperatingError } from "../operating-error.ts";
import type { AlertStore } from "./alert-store.ts";
import type { ElsewhereReads, StoreNodes } from "./nodes.ts";
import type { CommandRow, ListedDevice, ReportRow, SessionRow, StoredCommands } from "./rows.ts";
import type { Soon } from "./soon.ts";
import type { Store } from "./store-port.ts";
import type { CommandQuery, DeviceReads, ReportReads } from "./store-reads.ts";

/** A store in its place, whether a server has it open or not. */
export interface StorePlace {
  /** What it is called for people. Contains no password. */
  readonly name: string;
  /** The path beside which the server keeps its key and its control socket. */
  readonly path: string;
  /** Whether only one server at a time may write to it. */
  readonly hasOneServer: boolean;
  /** Whether a server has it open. */
  isServed(): Soon<boolean>;
  /**
   * Opens it for a server that may write; makes it if it does not exist, and brings an older one up to date.
   * @throws OperatingError if it is in use, damaged, foreign, newer, or cannot be written
   */
  open(opening: Opening): Promise<OpenStore>;
  /** All devices with their latest sessions, in the order of ids. @throws at the call, if there is no store to read */
  devices(): AsyncIterable<ListedDevice> | Iterable<ListedDevice>;
  isRegistered(id: string): Soon<boolean>;
  /** Commands, newest first. @throws as `devices` */
  commands(query: CommandQuery): Soon<readonly CommandRow[]>;
  /** A command, or null. @throws as `devices` */
  command(number: number): Soon<CommandRow | null>;
  /** Whether a registered device has a label with this key. @throws as `devices` */
  hasLabel(key: string): Soon<boolean>;
  /** All reports, oldest first. @throws as `devices`; after the last readable one, if others are damaged */
  reports(): AsyncIterable<ReportRow> | Iterable<ReportRow>;
  /**
   * The newest reports of a device, oldest first.
   * @param last how many at most
   * @param since only reports measured at or after this time, ms since 1970; 0 for all
   */
  reportsOf(
    id: string,
    last: number,
    since: number,
  ): AsyncIterable<ReportRow> | Iterable<ReportRow>;
  /** Looks for damage. */
  check(): Soon<StoreCheck>;
  /** Copies it into a new file. @throws OperatingError `target-exists`, `backup-failed` */
  backUp(file: string, progress: CareProgress): Soon<StoreCounts>;
  /**
   * Replaces it, while it is not served, with a copy that `backUp` made.
   * @param keptAs the name under which it is kept; a similar one if that is taken
   * @returns the name under which it is kept; null if there was none
   */
  restore(file: string, keptAs: string, progress: CareProgress): Soon<string | null>;
  /** Translates an error of the store's engine into words for an operator; any other error is returned unchanged. */
  explain(error: unknown): unknown;
}

/** What opening a store needs from the program around it. */
export type Opening = {
  /** Hashes the passwords of a database of the original system. */
  readonly hashPassword: (password: string) => Promise<string>;
  readonly onProgress: (done: number, total: number) => void;
  /** Told what was found and done, a sentence each. */
  readonly onNote: (words: string) => void;
  /** Told once of each trouble that does not stop the server. */
  readonly onTrouble: (words: string) => void;
  /** The wall clock, ms since 1970. */
  readonly now: () => number;
  /** What all servers of one database must have in common; a store on a network compares it. */
  readonly traits: {
    /** Whether an IP may have many devices. */
    readonly sharedIp: boolean;
    /** The fingerprint of the key that devices pin; makes the key if there is none. null for a command without a key. */
    readonly fingerprint: () => string | null;
  };
  /** What a store that can have several servers tells of this one. */
  readonly node: {
    readonly name: string;
    /** Where devices reach it; empty for a command. */
    readonly address: string;
    readonly version: string;
    /** Silence that ends the session of a device that states no interval, ms. */
    readonly offlineAfterMs: number;
    /** What devices and operators should find the same at all of them, by name; of a secret only a digest, after `#`. */
    readonly settings: Readonly<Record<string, string>>;
  };
};

/** A store that this process serves. */
export interface OpenStore extends Store {
  readonly reads: DeviceReads & ReportReads;
  readonly remover: ReportRemover;
  readonly alerts: AlertStore;
  /** What was found at the opening with which the server runs on. */
  readonly warnings: readonly OperatingError[];
  /** What was found damaged since, in words; null if nothing was. */
  readonly damage: string | null;
  /** Why nothing can be stored now, as far as is known; null if it can. */
  readonly loss: StoreLoss | null;
  /** The servers of this store; null if it can have only one. */
  readonly nodes: StoreNodes | null;
  /** Reads of devices that other servers hear; null as `nodes`. */
  readonly elsewhere: ElsewhereReads | null;
  /** All open sessions that this server heard last. */
  openSessions(): Soon<readonly SessionRow[]>;
  /** The open commands of all devices, and how long the store has been in service. */
  openCommands(): Soon<StoredCommands>;
  /** Notes an error of a read. @returns whether it means that the store is damaged where it was read */
  noteError(error: unknown): boolean;
  /** Looks whether all is still in place; called about once a second. */
  watch(): void;
  size(): StoreSize;
  /** Writes what is left, and lets another server open it. */
  close(): Soon<void>;
}

/** Why a store cannot be used. `away`: it does not answer. `taken`: another server has this one's name, until this one restarts. */
export type StoreLoss = { readonly kind: "away" | "taken"; readonly why: string };

/** How much room a store takes. */
export type StoreSize = {
  readonly bytes: number;
  /** Of what is written, and not in its place yet. */
  readonly logBytes: number;
  /** That the log is larger than it should be, in words; null if it is not. */
  readonly logGrows: string | null;
};

/** How many reports a pass would remove, of how many. */
export type RemovalCount = { readonly old: number; readonly all: number };

/** Removes old reports, a few milliseconds at a time; `RetentionSchedule` says when. */
export interface ReportRemover {
  /** Whether the last call left something to remove or to count. */
  readonly isBehind: boolean;
  /** Removes some of the reports received before a time, ms since 1970; returns how many. */
  step(before: number): number;
  /** Ends the pass or the count under way. */
  abandon(): void;
  /** Counts some of what a pass would remove, up to the time given first; null as long as not all is counted. */
  count(before: number): RemovalCount | null;
  /** When the report that was stored last was received, ms since 1970; null if there is none. */
  newest(): number | null;
}

/** Receives the progress of a long operation. */
export type CareProgress = {
  readonly onProgress: (done: number, total: number) => void;
  /** Called when all is copied and the check begins, which can take as long again. */
  readonly onChecking: () => void;
};

/** What a copy contains. */
export type StoreCounts = {
  readonly devices: number;
  readonly sessions: number;
  readonly reports: number;
};

/** The result of a check. */
export type StoreCheck = {
  readonly schema: number;
  readonly served: boolean;
  readonly bytes: number;
  readonly logBytes: number;
  /** Unused room inside, which will be used again. */
  readonly freeBytes: number;
  /** Space on the disk that this user can use. */
  readonly diskFreeBytes: number;
  /** null, here and in the next two, if the rows cannot be counted. */
  readonly devices: number | null;
  readonly sessions: number | null;
  readonly reports: number | null;
  /** Devices that an earlier release registered under an id that no device may have. */
  readonly reservedIds: readonly string[];
  /** What is damaged, one sentence each; empty if nothing is. */
  readonly damage: readonly string[];
  /** Files that a killed command left. */
  readonly leftovers: readonly { readonly path: string; readonly bytes: number }[];
  /** For a store on another machine: what was found whole, and who checks the rest; its log and its disk are unknown. */
  readonly elsewhere?: { readonly verified: string; readonly also: string };
  /** Other names of the same data, which an interrupted restore left. */
  readonly secondNames: readonly string[];
};
