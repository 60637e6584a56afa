// Judges which rules hold for which devices: begins, fires and ends alerts. Pure: facts and the time come in, events go out.
// Durations go by the monotonic clock; the wall clock is only written down. Tells nobody, stores nothing.

import type { AlertRow } from "../server/alert-store.ts";
import { noLabels } from "../server/labels.ts";
import type { Moment } from "../server/moment.ts";
import { isSelected, type Selectable } from "../server/selector.ts";
import type { AlertRule } from "./alert-rule.ts";
import { OpenAlerts } from "./open-alerts.ts";
import { type Condition, isBeyond } from "./rule-text.ts";
import { FieldSearches, WatchedDevice, type WatchedField, WatchedPair } from "./watched-pair.ts";

/** The devices, as they are known now. */
export interface Devices {
  get(id: string): Selectable | undefined;
  all(): Iterable<Selectable>;
}

/** Conditions that others watch. */
export type ForeignCondition = "command failed" | "device waits";

/** After a start a device must have had time to be heard, ms. */
const graceMs = 60_000;
/** How many devices one step goes through after a change of rules. */
const devicesPerStep = 5_000;

export class Judge {
  #rules: readonly AlertRule[] = [];
  readonly #devices = new Map<string, WatchedDevice>();
  /** The pairs of rules that miss reports. */
  readonly #missing = new Set<WatchedPair>();
  /** Ids of devices of which it is to be found out whether they have ever reported. */
  readonly #asked = new Set<string>();
  readonly #searches = new FieldSearches();
  /** Goes through all devices after a change of rules; null when it is done. */
  #round: Iterator<Selectable> | null = null;
  readonly alerts: OpenAlerts;

  /**
   * @param next the number of the next alert
   * @param startedAt when the server started, by the monotonic clock, ms
   */
  constructor(
    private readonly devices: Devices,
    next: number,
    private readonly startedAt: number,
  ) {
    this.alerts = new OpenAlerts(next);
  }

  /** Whether a rule needs the reports. */
  get wantsReports(): boolean {
    return this.#rules.some(({ condition: { kind } }) => kind === "field" || kind === "no report");
  }

  /** Goes on with alerts that were open at an earlier time. Call it after `setRules`, with all devices known. */
  restore(rows: readonly AlertRow[], now: Moment): void {
    for (const row of rows) {
      const rule = this.#rules.find(({ name }) => name === row.rule);
      if (rule === undefined) {
        this.alerts.endOf(row, unknownRule(row), now);
        continue;
      }
      this.alerts.goOn(this.#pairOf(rule, row.device, now), row, this.#dueAt(rule, now));
      this.changed(row.device, now);
    }
  }

  /** The rules are these now. What a rule that has changed had begun is over. */
  setRules(rules: readonly AlertRule[], now: Moment): void {
    const enabled = rules.filter(({ isEnabled }) => isEnabled);
    const before = new Map(this.#rules.map((rule) => [rule.name, rule]));
    this.#rules = enabled;
    const kept = new Map(
      enabled
        .filter((rule) => isSame(rule, before.get(rule.name)))
        .map((rule) => [rule.name, rule]),
    );
    for (const device of this.#devices.values()) {
      for (const pair of device.pairs.values()) {
        const rule = kept.get(pair.rule.name);
        if (rule === undefined) this.#forget(device, pair, now);
        else pair.rule = rule;
      }
    }
    this.#searches.clear();
    this.#round = this.devices.all()[Symbol.iterator]();
  }

  /** A device was registered, removed, relabelled, or has come or gone. */
  changed(id: string, now: Moment): void {
    const device = this.devices.get(id);
    if (device !== undefined) this.#evaluate(device, now);
    else if (this.#devices.has(id)) this.#leave(id, now);
  }

  /** A report was stored. */
  reported(id: string, message: string, now: Moment): void {
    const device = this.#devices.get(id);
    if (device === undefined) return;
    for (const pair of device.missed) this.#heard(pair, now);
    const { search, fields } = device;
    if (search === null) return;
    const { numbers } = search;
    numbers.read(message);
    for (let i = 0; i < numbers.count; i++) {
      const place = numbers.found[i] as number;
      const value = numbers.values[place] as number;
      // Nearly all reports end here.
      if (device.opened === 0 && search.isWithin(place, value)) continue;
      if (Number.isNaN(value)) continue;
      const { compared, missed } = fields[place] as WatchedField;
      for (const pair of missed) this.#heard(pair, now);
      for (const pair of compared) this.#compare(pair, value, now);
    }
  }

  /** What others watch begins to hold for a device, or does not hold any more. The device need not be registered. */
  note(kind: ForeignCondition, id: string, holds: boolean, now: Moment): void {
    const device = this.devices.get(id) ?? stranger(id);
    for (const rule of this.#rules) {
      if (rule.condition.kind !== kind) continue;
      if (holds && isMeant(rule, device)) this.#hold(this.#pairOf(rule, id, now), null, now);
      const pair = this.#devices.get(id)?.pairs.get(rule.name);
      if (!holds && pair !== undefined) this.#release(pair, null, now);
    }
  }

  /** Does what is due. Call it about every second. */
  tick(now: Moment): void {
    this.#goRound(now);
    this.alerts.fireDue(now);
    for (const pair of this.#missing) {
      if (pair.open === null && now.monotonic - pair.heardAt >= withinMs(pair.rule.condition)) {
        this.#miss(pair, now);
      }
    }
  }

  /** Ids of some devices of which `tell` is to say whether they have ever reported. */
  asked(most: number): string[] {
    const ids = [...this.#asked].slice(0, most);
    for (const id of ids) this.#asked.delete(id);
    return ids;
  }

  /** Whether a device has ever reported. */
  tell(id: string, hasReported: boolean): void {
    for (const pair of this.#devices.get(id)?.pairs.values() ?? [])
      pair.hasReported ??= hasReported;
  }

  #goRound(now: Moment): void {
    for (let i = 0; i < devicesPerStep && this.#round !== null; i++) {
      const { value, done } = this.#round.next();
      if (done === true) this.#round = null;
      else this.#evaluate(value, now);
    }
  }

  #evaluate(device: Selectable, now: Moment): void {
    const { id, presence } = device;
    for (const rule of this.#rules) {
      const pair = this.#devices.get(id)?.pairs.get(rule.name);
      const { kind } = rule.condition;
      if (!isMeant(rule, device)) {
        if (pair !== undefined) this.#forget(this.#devices.get(id), pair, now);
        continue;
      }
      if (kind === "field" || kind === "no report") this.#pairOf(rule, id, now);
      else if (kind === "offline" || kind === "gone") {
        const holds = presence === "silent" || (kind === "gone" && presence === "left");
        if (holds) this.#hold(this.#pairOf(rule, id, now), null, now);
        else if (pair !== undefined) this.#release(pair, null, now);
      }
    }
    this.#settle(id);
  }

  /** A device is not registered any more. One that waits to be let in never was. */
  #leave(id: string, now: Moment): void {
    const device = this.#devices.get(id);
    for (const pair of device?.pairs.values() ?? []) {
      if (pair.rule.condition.kind !== "device waits") this.#forget(device, pair, now);
    }
    this.#settle(id);
  }

  /** After the pairs of a device have changed. */
  #settle(id: string): void {
    const device = this.#devices.get(id);
    if (device === undefined) return;
    if (device.pairs.size === 0) this.#devices.delete(id);
    else device.compile(this.#searches);
  }

  #pairOf(rule: AlertRule, id: string, { monotonic }: Moment): WatchedPair {
    const device = this.#devices.get(id) ?? new WatchedDevice();
    this.#devices.set(id, device);
    const known = device.pairs.get(rule.name);
    if (known !== undefined) return known;
    const pair = new WatchedPair(rule, id, device, monotonic);
    device.pairs.set(rule.name, pair);
    if (rule.condition.kind === "no report") this.#missing.add(pair);
    return pair;
  }

  /** The rule does not apply to the device any more. */
  #forget(device: WatchedDevice | undefined, pair: WatchedPair, now: Moment): void {
    this.alerts.end(pair, pair.value, now);
    this.#missing.delete(pair);
    device?.pairs.delete(pair.rule.name);
  }

  #heard(pair: WatchedPair, now: Moment): void {
    pair.heardAt = now.monotonic;
    pair.hasReported = true;
    if (pair.open !== null) this.#release(pair, null, now);
  }

  #miss(pair: WatchedPair, now: Moment): void {
    if (pair.hasReported === true) this.#hold(pair, null, now);
    else if (pair.hasReported === null) this.#asked.add(pair.device);
  }

  #compare(pair: WatchedPair, value: number, now: Moment): void {
    const { condition } = pair.rule;
    if (condition.kind !== "field") return;
    const { above, until } = condition;
    if (pair.open === null) {
      if (isBeyond(above, value) && pair.isCurrent) this.#hold(pair, value, now);
      return;
    }
    if (isBeyond(above, value)) {
      pair.value = value;
      return;
    }
    const isOver = pair.open.state === "pending" || until === null || isBeyond(until, value);
    if (isOver) this.#release(pair, value, now);
  }

  #hold(pair: WatchedPair, value: number | null, now: Moment): void {
    this.alerts.hold(pair, value, this.#dueAt(pair.rule, now), now);
  }

  #release(pair: WatchedPair, value: number | null, now: Moment): void {
    if (pair.open === null) return;
    this.alerts.end(pair, value, now);
    const { kind } = pair.rule.condition;
    if (kind === "field" || kind === "no report") return;
    this.#devices.get(pair.device)?.pairs.delete(pair.rule.name);
    this.#settle(pair.device);
  }

  /** Notes that an alert was told of. @returns its row now; null if it is not open any more */
  noteNotice({ rule, device }: AlertRow, wall: number): AlertRow | null {
    const pair = this.#devices.get(device)?.pairs.get(rule);
    return pair === undefined ? null : this.alerts.noteNotice(pair, wall);
  }

  /** When what begins to hold now fires. */
  #dueAt({ condition: { kind }, forMs }: AlertRule, { monotonic }: Moment): number {
    const isAbsence = kind === "offline" || kind === "gone" || kind === "no report";
    return Math.max(monotonic + forMs, isAbsence ? this.startedAt + graceMs : 0);
  }
}

function withinMs(condition: Condition): number {
  return condition.kind === "no report" ? condition.withinMs : Infinity;
}

function isMeant({ selector }: AlertRule, device: Selectable): boolean {
  return selector === null || isSelected(selector, device);
}

/** Whether what a rule has begun goes on under another one of its name. */
function isSame(rule: AlertRule, before: AlertRule | undefined): boolean {
  if (before === undefined || rule.selector?.text !== before.selector?.text) return false;
  const of = ({ condition, forMs }: AlertRule) => JSON.stringify([condition, forMs]);
  return of(rule) === of(before);
}

/** A device that is not registered. */
function stranger(id: string): Selectable {
  return { id, labels: noLabels, presence: "never" };
}

/** Stands for the rule of an alert whose rule is gone: nobody is told. */
function unknownRule({ rule: name }: AlertRow): AlertRule {
  const condition = { kind: "offline" } as const;
  const of = {
    selector: null,
    severity: "info",
    to: [],
    repeatMs: null,
    isEnabled: false,
    created: 0,
  } as const;
  return { name, condition, forMs: 0, ...of };
}
