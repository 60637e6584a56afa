// Decides when whom is told of which alerts: together where they come together, again after a while, not while they are muted.
// Pure; writes no message and sends none.

import type { AlertChange, AlertRow } from "../server/alert-store.ts";
import { noLabels } from "../server/labels.ts";
import type { Moment } from "../server/moment.ts";
import type { AlertRule } from "./alert-rule.ts";
import type { Destination } from "./destination.ts";
import type { Devices, Judge } from "./judge.ts";
import { apiRepeatMs, type Message } from "./message-body.ts";
import type { Mutes } from "./mutes.ts";
import type { AlertEvent } from "./open-alerts.ts";

/** How long the first alert of a group waits for others, and what is between two messages of a group, ms. */
const firstWaitMs = 5_000;
const pauseMs = 30_000;
/** How often an alert is told of again at most. */
const repeatsMax = 6;

/** A message that is to be sent now. */
export type Announcement = { readonly destination: Destination; readonly message: Message };

/** What is to be stored together: the alerts as they are once it is told, and what is told. */
export type Announced = {
  readonly alerts: readonly AlertRow[];
  readonly announcements: readonly Announcement[];
};

/** The alerts of a rule of which a destination is to be told. */
type Group = {
  readonly rule: AlertRule;
  readonly destination: Destination;
  readonly firing: Map<number, AlertRow>;
  readonly resolved: Map<number, AlertRow>;
  dueAt: number;
};

export class Announcer {
  readonly #groups = new Map<string, Group>();
  /** In how many groups an alert waits, by its number. */
  readonly #waits = new Map<number, number>();
  /** When an alert was told of last, by its number; the monotonic clock, ms. */
  readonly #toldAt = new Map<number, number>();
  /** When destinations that want it were told again of what fires, by group. */
  readonly #refreshedAt = new Map<string, number>();
  /** Ends that are not told and so not stored yet, by rule and device. */
  readonly #ends = new Map<string, AlertRow>();
  #destinations: readonly Destination[] = [];

  /** @param startedAt when the server started, by the monotonic clock, ms */
  constructor(
    private readonly judge: Pick<Judge, "alerts" | "noteNotice">,
    private readonly devices: Pick<Devices, "get">,
    private readonly mutes: Pick<Mutes, "hush">,
    private readonly startedAt: number,
  ) {}

  /** The destinations are these now. Nothing waits for one that is gone. */
  setDestinations(destinations: readonly Destination[]): void {
    this.#destinations = destinations;
    const known = new Map(destinations.map((destination) => [destination.name, destination]));
    for (const [key, group] of this.#groups) {
      const destination = known.get(group.destination.name);
      if (destination !== undefined) this.#groups.set(key, { ...group, destination });
      else this.#drop(key, group);
    }
  }

  /**
   * Takes what has become of alerts.
   * @returns what can be stored at once: an end that is to be told is stored with the message
   */
  take(events: readonly AlertEvent[], now: Moment): AlertChange[] {
    const changes: AlertChange[] = [];
    for (const { kind, alert, rule } of events) {
      if (kind === "dropped") changes.push({ kind: "remove-alert", number: alert.number });
      else if (kind !== "resolved") changes.push(...this.#begun(alert));
      if (kind !== "resolved") continue;
      this.#toldAt.delete(alert.number);
      this.#forget(alert.number);
      const groups = alert.notices === 0 ? [] : this.#groupsOf(rule, now);
      for (const group of groups) this.#add(group, "resolved", alert);
      if (groups.length > 0) this.#ends.set(pairOf(alert), alert);
      if (groups.length === 0) changes.push({ kind: "put-alert", alert });
    }
    return changes;
  }

  /** Alerts that are over, whose end is told and stored a little later. */
  get ends(): readonly AlertRow[] {
    return [...this.#ends.values()];
  }

  /** What is to be told now. Call it about every second. */
  tick(now: Moment): Announced {
    for (const { alert, rule } of this.judge.alerts) {
      if (alert.state !== "firing" || this.#waits.has(alert.number)) continue;
      if (!this.#isDue(alert, rule, now) || this.#isHushed(alert, now)) continue;
      for (const group of this.#groupsOf(rule, now)) this.#add(group, "firing", alert);
    }
    const told = this.#flush(now);
    return { ...told, announcements: [...told.announcements, ...this.#refresh(now)] };
  }

  #isDue({ number, notices }: AlertRow, { repeatMs }: AlertRule, { monotonic }: Moment): boolean {
    if (notices === 0) return true;
    if (repeatMs === null || notices > repeatsMax) return false;
    return monotonic >= (this.#toldAt.get(number) ?? this.startedAt) + repeatMs;
  }

  #isHushed({ rule, device }: AlertRow, now: Moment): boolean {
    return this.mutes.hush(rule, this.#device(device), now);
  }

  #flush(now: Moment): Announced {
    const alerts = new Map<number, AlertRow>();
    const announcements: Announcement[] = [];
    for (const [key, group] of this.#groups) {
      if (group.dueAt > now.monotonic) continue;
      const { rule, destination, firing, resolved } = group;
      if (firing.size + resolved.size === 0) {
        this.#groups.delete(key);
        continue;
      }
      const told = (rows: ReadonlyMap<number, AlertRow>) =>
        [...rows.values()].map((alert) => ({ alert, device: this.#device(alert.device) }));
      announcements.push({
        destination,
        message: { rule, firing: told(firing), resolved: told(resolved) },
      });
      this.#refreshedAt.set(key, now.monotonic);
      for (const alert of [...firing.values(), ...resolved.values()]) {
        if (!this.#isLastOf(alert.number)) continue;
        if (alert.state === "resolved") this.#forgetEnd(alert);
        const row = alert.state === "resolved" ? counted(alert, now) : this.#noteNotice(alert, now);
        if (row !== null) alerts.set(row.number, row);
      }
      firing.clear();
      resolved.clear();
      group.dueAt = now.monotonic + pauseMs;
    }
    return { alerts: [...alerts.values()], announcements };
  }

  /** Of a rule and a device one alert is open: an end that waits to be told is stored when the next one begins. */
  #begun(alert: AlertRow): AlertChange[] {
    const before = this.#ends.get(pairOf(alert));
    this.#ends.delete(pairOf(alert));
    const begun = { kind: "put-alert", alert } as const;
    return before === undefined ? [begun] : [{ kind: "put-alert", alert: before }, begun];
  }

  #forgetEnd(alert: AlertRow): void {
    const key = pairOf(alert);
    if (this.#ends.get(key)?.number === alert.number) this.#ends.delete(key);
  }

  #noteNotice(alert: AlertRow, now: Moment): AlertRow | null {
    this.#toldAt.set(alert.number, now.monotonic);
    return this.judge.noteNotice(alert, now.wall);
  }

  /** Alertmanager forgets an alert of which it does not hear for a while. */
  #refresh(now: Moment): Announcement[] {
    const wanting = this.#destinations.filter(({ format }) => format === "alertmanager-api");
    if (wanting.length === 0) return [];
    const byRule = new Map<AlertRule, AlertRow[]>();
    for (const { alert, rule } of this.judge.alerts) {
      if (alert.state !== "firing" || alert.notices === 0 || this.#isHushed(alert, now)) continue;
      const rows = byRule.get(rule) ?? [];
      rows.push(alert);
      byRule.set(rule, rows);
    }
    return [...byRule].flatMap(([rule, rows]) =>
      wanting
        .filter((destination) => isTold(rule, destination) && this.#isStale(rule, destination, now))
        .map((destination) => {
          this.#refreshedAt.set(keyOf(rule, destination), now.monotonic);
          const firing = rows.map((alert) => ({ alert, device: this.#device(alert.device) }));
          return { destination, message: { rule, firing, resolved: [] } };
        }),
    );
  }

  #isStale(rule: AlertRule, destination: Destination, { monotonic }: Moment): boolean {
    const at = this.#refreshedAt.get(keyOf(rule, destination)) ?? Number.NEGATIVE_INFINITY;
    return monotonic - at >= apiRepeatMs;
  }

  #groupsOf(rule: AlertRule, { monotonic }: Moment): Group[] {
    const told = this.#destinations.filter((destination) => isTold(rule, destination));
    return told.map((destination) => {
      const key = keyOf(rule, destination);
      const known = this.#groups.get(key);
      const dueAt = known?.dueAt ?? monotonic + firstWaitMs;
      const { firing = new Map(), resolved = new Map() } = known ?? {};
      // The rule may have another severity now.
      const group: Group = { rule, destination, firing, resolved, dueAt };
      this.#groups.set(key, group);
      return group;
    });
  }

  #add(group: Group, list: "firing" | "resolved", alert: AlertRow): void {
    group[list].set(alert.number, alert);
    this.#waits.set(alert.number, (this.#waits.get(alert.number) ?? 0) + 1);
  }

  /** Takes an alert out of all groups: what they would tell of it is not true any more. */
  #forget(number: number): void {
    if (!this.#waits.delete(number)) return;
    for (const { firing } of this.#groups.values()) firing.delete(number);
  }

  #drop(key: string, { firing, resolved }: Group): void {
    for (const number of [...firing.keys(), ...resolved.keys()]) this.#isLastOf(number);
    this.#groups.delete(key);
  }

  /** An alert leaves a group. @returns whether it was the last one in which it waited */
  #isLastOf(number: number): boolean {
    const left = (this.#waits.get(number) ?? 1) - 1;
    if (left > 0) this.#waits.set(number, left);
    else this.#waits.delete(number);
    return left <= 0;
  }

  #device(id: string) {
    return this.devices.get(id) ?? ({ id, labels: noLabels, presence: "never" } as const);
  }
}

function isTold({ to }: AlertRule, { name }: Destination): boolean {
  return to.length === 0 || to.includes(name);
}

function keyOf(rule: AlertRule, { name }: Destination): string {
  return `${rule.name}\n${name}`;
}

function pairOf({ rule, device }: AlertRow): string {
  return `${rule}\n${device}`;
}

/** An alert whose end is told. */
function counted(alert: AlertRow, { wall }: Moment): AlertRow {
  return { ...alert, notified: wall, notices: alert.notices + 1 };
}
