// How rules, destinations and mutes are stored: as JSON. What another release wrote and this one cannot read is left alone.

import type { AlertSetting } from "../server/alert-store.ts";
import { readSelector, type Selector } from "../server/selector.ts";
import { type AlertRule, severities } from "./alert-rule.ts";
import { type Destination, formats, urlFault } from "./destination.ts";
import type { Mute } from "./mutes.ts";
import { type Condition, readRule, ruleText } from "./rule-text.ts";

export type Settings = {
  readonly rules: readonly AlertRule[];
  readonly destinations: readonly Destination[];
  readonly mutes: readonly Mute[];
  /** Those that cannot be read, as `rule NAME`. */
  readonly unread: readonly string[];
};

/** The settings in rows of the store. */
export function settingsIn(rows: readonly AlertSetting[]): Settings {
  const rules: AlertRule[] = [];
  const destinations: Destination[] = [];
  const mutes: Mute[] = [];
  const unread: string[] = [];
  for (const { kind, name, value } of rows) {
    try {
      const stored = JSON.parse(value) as Record<string, unknown>;
      if (kind === "rule") rules.push(ruleIn(name, stored));
      else if (kind === "destination") destinations.push(destinationIn(name, stored));
      else mutes.push(muteIn(name, stored));
    } catch {
      unread.push(`${kind} ${name}`);
    }
  }
  return { rules, destinations, mutes, unread };
}

/** Whether a rule with a condition of a kind stands. */
export function hasRule({ rules }: Pick<Settings, "rules">, kind: Condition["kind"]): boolean {
  return rules.some(({ condition, isEnabled }) => isEnabled && condition.kind === kind);
}

/** A rule as a row of the store. */
export function ruleSetting(rule: AlertRule): AlertSetting {
  const { name, selector, severity, to, repeatMs, isEnabled, created } = rule;
  const select = selector?.text ?? null;
  const value = { rule: ruleText(rule), select, severity, to, repeatMs, isEnabled, created };
  return { kind: "rule", name, value: JSON.stringify(value) };
}

/** A destination as a row of the store. */
export function destinationSetting({ name, url, format, headers }: Destination): AlertSetting {
  return { kind: "destination", name, value: JSON.stringify({ url, format, headers }) };
}

/** A mute as a row of the store. */
export function muteSetting({ name, rule, selector, until, lengthMs, note }: Mute): AlertSetting {
  const select = selector?.text ?? null;
  return { kind: "mute", name, value: JSON.stringify({ rule, select, until, lengthMs, note }) };
}

type Stored = Readonly<Record<string, unknown>>;

function ruleIn(name: string, stored: Stored): AlertRule {
  const read = readRule(text(stored["rule"]));
  if (!read.ok) throw new Error("no rule");
  return {
    ...read.value,
    name,
    selector: selectorIn(stored["select"]),
    severity: oneOf(severities, stored["severity"]),
    to: list(stored["to"]).map(text),
    repeatMs: stored["repeatMs"] === null ? null : number(stored["repeatMs"]),
    isEnabled: stored["isEnabled"] === true,
    created: number(stored["created"]),
  };
}

function destinationIn(name: string, stored: Stored): Destination {
  const url = text(stored["url"]);
  const format = oneOf(formats, stored["format"]);
  if (urlFault(url, format) !== null) throw new Error("no URL");
  const headers = list(stored["headers"]).map((header) => {
    const [key, value] = list(header);
    return [text(key), text(value)] as const;
  });
  return { name, url, format, headers };
}

function muteIn(name: string, stored: Stored): Mute {
  return {
    name,
    rule: stored["rule"] === null ? null : text(stored["rule"]),
    selector: selectorIn(stored["select"]),
    until: number(stored["until"]),
    lengthMs: number(stored["lengthMs"]),
    note: text(stored["note"]),
  };
}

function selectorIn(stored: unknown): Selector | null {
  if (stored === null) return null;
  const read = readSelector(text(stored));
  if (!read.ok) throw new Error("no selector");
  return read.value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new Error("no text");
  return value;
}

function number(value: unknown): number {
  if (typeof value !== "number") throw new Error("no number");
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error("no list");
  return value as readonly unknown[];
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word {
  const word = words.find((one) => one === value);
  if (word === undefined) throw new Error("no such word");
  return word;
}
