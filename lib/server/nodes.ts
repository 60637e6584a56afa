// The servers of one store, its nodes: what they tell and ask each other. A store in a file has one. Types, and that one.

import type { AskResult } from "./asks.ts";
import type { Asker, ReportRow, RosterRow, SessionRow } from "./rows.ts";

/** A sealed packet of a device to another one, which is logged in at another node. */
export type Relayed = { readonly from: string; readonly to: string; readonly packet: Uint8Array };

/** The nodes as the engine sees them. */
export interface Nodes {
  /** The name of this node: that of the sessions that it heard last. Empty if there is no other. */
  readonly own: string;
  /** Until when no other node ends sessions of this one, by the monotonic clock, ms. */
  readonly sureUntil: number;
  /** Looks how devices are in the store: another node may hear them now. The shell then tells the engine. */
  compare(ids: readonly string[]): void;
  /** Passes a packet on to another node. It may get lost on the way, as a datagram. */
  relay(node: string, relayed: Relayed): void;
}

/** The one server of a store. */
export const alone: Nodes = { own: "", sureUntil: Infinity, compare: () => {}, relay: () => {} };

/** How busy a node is. */
export type NodeLoad = {
  /** Sessions that it hears, and how many of them are sealed. */
  readonly sessions: number;
  readonly sealed: number;
  /** Datagrams received, and reports stored, a second. */
  readonly received: number;
  readonly reports: number;
};

/** A node as it is listed. */
export type NodeRow = NodeLoad & {
  readonly name: string;
  /** Where devices reach it, as `host:port`. */
  readonly address: string;
  readonly version: string;
  /** How long ago it last showed that it lives, by the clock of the store, ms. */
  readonly silentMs: number;
  /** Whether it lives. */
  readonly lives: boolean;
};

/** A device as it is in the store, with the node that heard its latest session last, and its commands. */
export type PlacedRow = RosterRow & {
  readonly node: string;
  /** The numbers of its open commands, ascending, separated by commas. */
  readonly openCommands: string;
};

/** A question of the operator, to a device of another node. */
export type NodeQuestion = {
  readonly id: string;
  readonly code: string;
  readonly target: string;
  readonly by: Asker;
};

/** What a node does when others tell or ask it something. */
export type NodeHandlers = {
  readonly load: () => NodeLoad;
  /** The ids of all sessions in memory, to be compared with the store. */
  readonly sessionIds: () => Iterable<string>;
  /** Devices as another node has left them; null for each that is not registered. */
  readonly onChanged: (devices: ReadonlyMap<string, PlacedRow | null>) => void;
  /** Sessions of a node that is gone, which this one has ended as `offline`. */
  readonly onEnded: (sessions: readonly SessionRow[]) => void;
  readonly onRelayed: (relayed: Relayed) => void;
  readonly onAsked: (question: NodeQuestion) => Promise<AskResult>;
};

/** The nodes of a store that can have several. */
export interface StoreNodes extends Nodes {
  /** When it last showed that it lives, by the monotonic clock, ms. */
  readonly shownAt: number;
  /** Begins to listen to the others; returns what ends it. */
  start(handlers: NodeHandlers): () => void;
  /** Tells the others that devices have changed: registered, labelled, removed, logged in, moved to this node, ended. */
  tell(ids: Iterable<string>): void;
  /** All nodes, by name. */
  list(): Promise<readonly NodeRow[]>;
  /** The living node, other than this one, at which a device is logged in; null if there is none. */
  nodeOf(id: string): Promise<string | null>;
  /** Asks a device of another node. */
  ask(node: string, question: NodeQuestion): Promise<AskResult>;
}

/** A look at the sessions of a node. */
export type HeardLook = {
  readonly node: string;
  /** Those of devices with ids after this one. */
  readonly after: string;
  /** The mark of an earlier look: what was written before it is left out. null: nothing is. */
  readonly since: string | null;
  /** How many sessions are examined at most. */
  readonly limit: number;
};

/** What a look found. */
export type HeardFound = {
  readonly sessions: readonly (readonly [device: string, session: number, lastSeen: number])[];
  /** The last id examined; null if there are no more. */
  readonly last: string | null;
  /** Tells in a later look what was written since. */
  readonly mark: string;
};

/** The reports that other nodes store, each once: all that come after it began, and of a device in the order of their numbers. */
export interface ReportsOfOthers {
  /**
   * Some of the next ones, at most so many, by number; `more`: there may be more already. Call it again when it has answered.
   * @throws what the store throws; nothing is lost by that
   */
  next(limit: number): Promise<{ readonly reports: readonly ReportRow[]; readonly more: boolean }>;
}

/** What a node reads of devices that others hear, of which it has no session in memory. */
export interface ElsewhereReads {
  /** The open sessions of some devices, in the same order; null for each that has none. */
  openSessions(ids: readonly string[]): Promise<readonly (SessionRow | null)[]>;
  /** Examines some open sessions of a node, in the order of ids, for what has changed in them. */
  heard(look: HeardLook): Promise<HeardFound>;
  /** Begins to follow the reports of other nodes, with those that are not stored yet. */
  reportsOfOthers(): ReportsOfOthers;
}
