// What a commit of alerts comes to, the same in all stores: one write for each row that its changes name. Stores nothing.

import { OperatingError } from "../operating-error.ts";
import {
  type AlertChange,
  type AlertRow,
  type AlertSetting,
  alertLimits,
  type DeliveryRow,
} from "../server/alert-store.ts";

/** What a commit writes. The removals come first. */
export type AlertWrites = {
  readonly removedSettings: readonly Pick<AlertSetting, "kind" | "name">[];
  readonly settings: readonly AlertSetting[];
  readonly removedAlerts: readonly number[];
  /** By number: an alert is resolved before a later one of the same rule and device takes its place. */
  readonly alerts: readonly AlertRow[];
  /** By number. */
  readonly deliveries: readonly DeliveryRow[];
  /** The highest numbers of what was put, also if it was removed again; 0 without any. */
  readonly highest: { readonly alert: number; readonly delivery: number };
};

/** How many settings are read at most. */
export const settingsMax = alertLimits.rules + alertLimits.destinations + alertLimits.mutes;

/** The writes that changes come to. */
export function writesOf(changes: readonly AlertChange[]): AlertWrites {
  const settings = new Map<string, Pick<AlertSetting, "kind" | "name"> & Partial<AlertSetting>>();
  const alerts = new Map<number, AlertRow | null>();
  const deliveries = new Map<number, DeliveryRow>();
  const highest = { alert: 0, delivery: 0 };
  for (const change of changes) {
    switch (change.kind) {
      case "put-setting": {
        const { setting } = change;
        settings.set(`${setting.kind} ${setting.name}`, setting);
        break;
      }
      case "remove-setting":
        settings.set(`${change.of} ${change.name}`, { kind: change.of, name: change.name });
        break;
      case "put-alert":
        alerts.set(change.alert.number, change.alert);
        highest.alert = Math.max(highest.alert, change.alert.number);
        break;
      case "remove-alert":
        alerts.set(change.number, null);
        break;
      case "put-delivery":
        deliveries.set(change.delivery.number, change.delivery);
        highest.delivery = Math.max(highest.delivery, change.delivery.number);
    }
  }
  const isPut = (setting: Partial<AlertSetting>): setting is AlertSetting =>
    setting.value !== undefined;
  return {
    removedSettings: [...settings.values()].filter((setting) => !isPut(setting)),
    settings: [...settings.values()].filter(isPut),
    removedAlerts: [...alerts].flatMap(([number, alert]) => (alert === null ? [number] : [])),
    alerts: byNumber([...alerts.values()].filter((alert) => alert !== null)),
    deliveries: byNumber([...deliveries.values()]),
    highest,
  };
}

/** Holds a commit to the settings that it was decided upon. @throws OperatingError `settings-changed` */
export function checkRevision(decidedUpon: number | null, now: number): void {
  if (decidedUpon !== null && decidedUpon !== now) throw settingsChanged();
}

/** The refusal of a commit that was decided upon settings as they are not any more. */
export function settingsChanged(): OperatingError {
  return new OperatingError(
    "settings-changed",
    "Others have changed rules, destinations or mutes at the same moment.",
    "Try again.",
  );
}

/** Whether a commit is one of the server that leads: it writes more than settings. */
export function needsLead({ removedAlerts, alerts, deliveries }: AlertWrites): boolean {
  return removedAlerts.length + alerts.length + deliveries.length > 0;
}

/** Whether a commit may leave more of what is over than is kept, so that some has to go. */
export function endsSome({ alerts, deliveries }: AlertWrites): {
  readonly alerts: boolean;
  readonly deliveries: boolean;
} {
  return {
    alerts: alerts.some(({ state }) => state === "resolved"),
    deliveries: deliveries.some(({ ended }) => ended !== null),
  };
}

function byNumber<Row extends { readonly number: number }>(rows: Row[]): Row[] {
  return rows.sort((a, b) => a.number - b.number);
}
