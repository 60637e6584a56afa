// A fleet in memory with a judge and clocks that a test moves: devices come, report and fall silent, and what becomes of alerts is
// written down as short lines.

import type { AlertRule } from "../../lib/alerts/alert-rule.ts";
import { Judge } from "../../lib/alerts/judge.ts";
import { readRule } from "../../lib/alerts/rule-text.ts";
import type { AlertRow } from "../../lib/server/alert-store.ts";
import { noLabels } from "../../lib/server/labels.ts";
import type { Moment } from "../../lib/server/moment.ts";
import { type PresenceWord, readSelector, type Selectable } from "../../lib/server/selector.ts";

/** A rule for tests, by its text. */
export function ruleOf(
  text: string,
  change: Partial<AlertRule> & { select?: string } = {},
): AlertRule {
  const { select, ...rest } = change;
  const read = readRule(text);
  if (!read.ok) throw new Error(`${text}: ${read.fault.expected} at ${read.fault.at}`);
  const selected = select === undefined ? null : readSelector(select);
  if (selected?.ok === false) throw new Error(`${select}: ${selected.fault.expected}`);
  return {
    ...read.value,
    name: text,
    selector: selected?.value ?? null,
    severity: "warning",
    to: [],
    repeatMs: 4 * 3_600_000,
    isEnabled: true,
    created: 0,
    ...rest,
  };
}

/** The names of the lines of `JudgedFleet.said` are `kind rule device value`. */
export class JudgedFleet {
  now: Moment = { wall: Date.UTC(2026, 10, 28), monotonic: 1_000_000 };
  readonly devices = new Map<string, Selectable>();
  judge: Judge;
  /** What a store would have of open alerts. */
  readonly stored = new Map<number, AlertRow>();
  readonly said: string[] = [];
  #rules: readonly AlertRule[] = [];
  #next = 1;

  constructor() {
    this.judge = this.#newJudge();
  }

  rules(...rules: readonly AlertRule[]): void {
    this.#rules = rules;
    this.judge.setRules(rules, this.now);
    this.wait(0);
  }

  /** A device is there, or is different. */
  set(id: string, presence: PresenceWord = "online", labels = noLabels): void {
    this.devices.set(id, { id, presence, labels });
    this.judge.changed(id, this.now);
    this.#note();
  }

  remove(id: string): void {
    this.devices.delete(id);
    this.judge.changed(id, this.now);
    this.#note();
  }

  report(id: string, message: string): void {
    this.judge.reported(id, message, this.now);
    this.#note();
  }

  /** Lets time pass, with a tick each second. */
  wait(ms: number): void {
    const end = this.now.monotonic + ms;
    do {
      const passed = Math.min(1_000, end - this.now.monotonic);
      this.now = { wall: this.now.wall + passed, monotonic: this.now.monotonic + passed };
      this.judge.tick(this.now);
      this.#note();
    } while (this.now.monotonic < end);
  }

  /** Sets the wall clock. */
  setWall(wall: number): void {
    this.now = { ...this.now, wall };
  }

  /** Ends the server and starts it again. */
  restart(downMs = 0): void {
    this.now = { wall: this.now.wall + downMs, monotonic: this.now.monotonic + downMs };
    this.judge = this.#newJudge();
    this.judge.setRules(this.#rules, this.now);
    this.judge.restore([...this.stored.values()], this.now);
    this.#note();
  }

  /** What was said since the last call. */
  heard(): string[] {
    return this.said.splice(0);
  }

  #newJudge(): Judge {
    const devices = {
      get: (id: string) => this.devices.get(id),
      all: () => [...this.devices.values()],
    };
    return new Judge(devices, this.#next, this.now.monotonic);
  }

  #note(): void {
    for (const { kind, alert } of this.judge.alerts.take()) {
      const { number, rule, device, value } = alert;
      this.said.push(`${kind} ${rule} ${device}${value === null ? "" : ` ${value}`}`);
      if (kind === "pending" || kind === "fired") this.stored.set(number, alert);
      else this.stored.delete(number);
      this.#next = Math.max(this.#next, number + 1);
    }
  }
}

/** A fleet that has run for long, with some rules. */
export function fleetWith(...rules: string[]): JudgedFleet {
  const fleet = new JudgedFleet();
  fleet.set("pi1");
  fleet.wait(3_600_000);
  fleet.rules(...rules.map((rule) => ruleOf(rule)));
  return fleet;
}
