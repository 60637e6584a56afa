// Owns the alerts of the store in memory. Keeps nothing when the process ends.

import {
  type AlertChange,
  alertLimits,
  type AlertQuery,
  type AlertRow,
  type AlertSetting,
  type AlertStore,
  type DeliveryRow,
} from "../../server/alert-store.ts";
import {
  type AlertWrites,
  checkRevision,
  endsSome,
  settingsMax,
  writesOf,
} from "../alert-writes.ts";
import { type UndoLog, UndoMap } from "./undo-map.ts";

export class MemoryAlerts implements AlertStore {
  readonly #settings: UndoMap<string, AlertSetting>;
  readonly #alerts: UndoMap<number, AlertRow>;
  /** The numbers of the alerts that are not resolved, by rule and device. */
  readonly #open: UndoMap<string, number>;
  readonly #deliveries: UndoMap<number, DeliveryRow>;
  /** The highest number given to an alert and to a message, and how often settings were changed. */
  readonly #marks: UndoMap<"alert" | "delivery" | "settings", number>;

  constructor(private readonly log: UndoLog) {
    this.#settings = new UndoMap(log);
    this.#alerts = new UndoMap(log);
    this.#open = new UndoMap(log);
    this.#deliveries = new UndoMap(log);
    this.#marks = new UndoMap(log);
  }

  settings(): readonly AlertSetting[] {
    const names = [...this.#settings.keys()].sort().slice(0, settingsMax);
    return names.map((name) => this.#settings.get(name) as AlertSetting);
  }

  settingsRevision(): number {
    return this.#mark("settings");
  }

  open(): readonly AlertRow[] {
    return this.#sorted(this.#alerts, isOpen).slice(0, alertLimits.openAlerts);
  }

  waiting(): readonly DeliveryRow[] {
    const waiting = this.#sorted(this.#deliveries, ({ ended }) => ended === null);
    return waiting.slice(0, alertLimits.waitingDeliveries);
  }

  lastTried(): readonly DeliveryRow[] {
    const tried = this.#sorted(this.#deliveries, ({ ended, tries }) => ended !== null || tries > 0);
    const last = new Map(tried.map(({ destination, number }) => [destination, number]));
    return tried.filter(({ destination, number }) => last.get(destination) === number);
  }

  next(): { readonly alert: number; readonly delivery: number } {
    return { alert: this.#mark("alert") + 1, delivery: this.#mark("delivery") + 1 };
  }

  alerts({ state, rule, device, before, limit }: AlertQuery): readonly AlertRow[] {
    const found = this.#sorted(
      this.#alerts,
      (row) =>
        row.number < before &&
        (state === null || (state === "open" ? isOpen(row) : row.state === state)) &&
        (rule === null || row.rule === rule) &&
        (device === null || row.device === device),
    );
    return found.reverse().slice(0, limit);
  }

  commit(changes: readonly AlertChange[], revision: number | null = null): void {
    checkRevision(revision, this.settingsRevision());
    try {
      this.#write(writesOf(changes));
    } catch (error) {
      this.log.undoAll();
      throw error;
    } finally {
      this.log.clear();
    }
  }

  lead(): boolean {
    return true;
  }

  #write(writes: AlertWrites): void {
    const { removedSettings, settings, removedAlerts, alerts, deliveries, highest } = writes;
    for (const { kind, name } of removedSettings) this.#settings.delete(`${kind} ${name}`);
    for (const setting of settings) this.#settings.set(`${setting.kind} ${setting.name}`, setting);
    for (const number of removedAlerts) this.#remove(number);
    for (const alert of alerts) this.#put(alert);
    for (const delivery of deliveries) this.#deliveries.set(delivery.number, delivery);
    const isEnded = ({ ended }: DeliveryRow) => ended !== null;
    const { resolvedAlerts, endedDeliveries } = alertLimits;
    const ends = endsSome(writes);
    if (ends.alerts) this.#keepNewest(this.#alerts, (row) => !isOpen(row), resolvedAlerts);
    if (ends.deliveries) this.#keepNewest(this.#deliveries, isEnded, endedDeliveries);
    this.#marks.set("alert", Math.max(this.#mark("alert"), highest.alert));
    this.#marks.set("delivery", Math.max(this.#mark("delivery"), highest.delivery));
    if (settings.length + removedSettings.length > 0) {
      this.#marks.set("settings", this.#mark("settings") + 1);
    }
  }

  #put(alert: AlertRow): void {
    const { number, rule, device } = alert;
    this.#remove(number);
    this.#alerts.set(number, alert);
    if (!isOpen(alert)) return;
    if (this.#open.has(placeOf(alert))) {
      throw new Error(`rule ${rule} has an open alert for ${device} already`);
    }
    this.#open.set(placeOf(alert), number);
  }

  #remove(number: number): void {
    const alert = this.#alerts.get(number);
    if (alert === undefined) return;
    this.#alerts.delete(number);
    if (isOpen(alert)) this.#open.delete(placeOf(alert));
  }

  #keepNewest<Row extends { readonly number: number }>(
    rows: UndoMap<number, Row>,
    isOver: (row: Row) => boolean,
    max: number,
  ): void {
    const over = this.#sorted(rows, isOver);
    for (const { number } of over.slice(0, Math.max(0, over.length - max))) rows.delete(number);
  }

  #sorted<Row extends { readonly number: number }>(
    rows: ReadonlyMap<number, Row>,
    isWanted: (row: Row) => boolean,
  ): Row[] {
    return [...rows.values()].filter(isWanted).sort((a, b) => a.number - b.number);
  }

  #mark(of: "alert" | "delivery" | "settings"): number {
    return this.#marks.get(of) ?? 0;
  }
}

function isOpen({ state }: AlertRow): boolean {
  return state !== "resolved";
}

/** What an open alert has alone. */
function placeOf({ rule, device }: AlertRow): string {
  return `${rule}\0${device}`;
}
