// What a store keeps for alerts: settings, alerts, messages that wait for delivery. It is no part of the batches of devices: an
// ACK never waits for it. Types only.

import type { Soon } from "./soon.ts";

/** What an operator has set: a rule, a destination, a mute. `value` is in JSON and may contain secrets. */
export type AlertSetting = {
  readonly kind: "rule" | "destination" | "mute";
  readonly name: string;
  readonly value: string;
};

/** `pending`: its condition holds, but not for long enough; `firing`: it has been told of; `resolved`: it is over. */
export type AlertState = "pending" | "firing" | "resolved";

/**
 * An alert of a rule for a device, which have at most one that is not resolved. Times are wall times, ms since 1970: they are
 * shown, and decide nothing. No name has a NUL; other texts may.
 */
export type AlertRow = {
  /** Increases; never used twice. */
  readonly number: number;
  /** Names of a rule and of a device, which may be gone. */
  readonly rule: string;
  readonly device: string;
  readonly state: AlertState;
  /** The number that was out of bounds last; null if the rule has none. */
  readonly value: number | null;
  /** When the condition began to hold. */
  readonly since: number;
  readonly fired: number | null;
  readonly resolved: number | null;
  /** When it was last told of; null if never. */
  readonly notified: number | null;
  /** How often it was told of. */
  readonly notices: number;
};

/** A message for a destination. */
export type DeliveryRow = {
  /** Increases; never used twice. The messages of a destination are delivered in this order. */
  readonly number: number;
  readonly destination: string;
  /** What is sent, as the destination wants it. */
  readonly body: string;
  readonly created: number;
  readonly tries: number;
  /** What the last try has shown, in words for people; empty before the first one. */
  readonly status: string;
  /** When it was delivered or given up; null while it waits. */
  readonly ended: number | null;
};

/** One change. A row that is put replaces that of the same name or number; of several changes to one row the last one counts. */
export type AlertChange =
  | { readonly kind: "put-setting"; readonly setting: AlertSetting }
  | {
      readonly kind: "remove-setting";
      readonly of: AlertSetting["kind"];
      readonly name: string;
    }
  | { readonly kind: "put-alert"; readonly alert: AlertRow }
  /** A pending alert that never fired leaves nothing. */
  | { readonly kind: "remove-alert"; readonly number: number }
  | { readonly kind: "put-delivery"; readonly delivery: DeliveryRow };

/**
 * How many of each are kept. The store keeps the newest of those that are over; whoever adds others sees to it that there are
 * not more, and no more are read than these.
 */
export const alertLimits = {
  rules: 64,
  destinations: 16,
  mutes: 64,
  openAlerts: 20_000,
  resolvedAlerts: 20_000,
  waitingDeliveries: 10_000,
  endedDeliveries: 1_000,
} as const;

/** Which alerts are listed. */
export type AlertQuery = {
  /** `open`: pending or firing; null: all. */
  readonly state: AlertState | "open" | null;
  readonly rule: string | null;
  readonly device: string | null;
  /** Only alerts with lower numbers; Infinity for all. */
  readonly before: number;
  readonly limit: number;
};

/** The alerts of a store. */
export interface AlertStore {
  /** All settings, by kind and name. */
  settings(): Soon<readonly AlertSetting[]>;
  /** Grows with each commit of any server of the store that changes a setting. Costs little: ask with each `lead`. */
  settingsRevision(): Soon<number>;
  /** All alerts that are not resolved, in the order of their numbers. */
  open(): Soon<readonly AlertRow[]>;
  /** All messages that wait, in the order of their numbers. */
  waiting(): Soon<readonly DeliveryRow[]>;
  /** Of each destination the last message that was tried, delivered or given up, and is kept, in the order of their numbers. */
  lastTried(): Soon<readonly DeliveryRow[]>;
  /** Above the numbers of all alerts and of all messages that there ever were. */
  next(): Soon<{ readonly alert: number; readonly delivery: number }>;
  /** Alerts, newest first. */
  alerts(query: AlertQuery): Soon<readonly AlertRow[]>;
  /**
   * Stores changes in one transaction: they are on the disk when it returns. Removes those with the lowest numbers of what is
   * over and more than `alertLimits` allow. Changes of settings are stored by any server of the store, a commit with others
   * only by the one that leads. Meanwhile a store in a file serves no device: who has thousands of changes divides them.
   * @param revision the `settingsRevision` that it was decided upon; null for any
   * @throws OperatingError `not-leading` if another server leads, `settings-changed` if settings have changed since that revision;
   *   or what the store throws. Nothing was stored then, unless the store is behind a network that failed: the same commit can be
   *   sent again
   */
  commit(changes: readonly AlertChange[], revision?: number | null): Soon<void>;
  /**
   * Whether this is the server of the store that judges and tells: always, if a store can have only one. Takes that over from
   * a server that gave no sign of life for some seconds. Ask every few seconds: no commit is stored once another one leads.
   * @throws what the store throws: then it is not known
   */
  lead(): Soon<boolean>;
}
