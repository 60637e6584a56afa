// What alerts are called in messages for people. Pure.

import type { AlertRow } from "../server/alert-store.ts";
import { durationToType } from "../server/duration-text.ts";
import type { AlertRule } from "./alert-rule.ts";
import { boundText } from "./rule-text.ts";

/** A device as messages have it. */
export type NamedDevice = {
  readonly id: string;
  readonly labels: ReadonlyMap<string, string>;
};

/** Alerts of one rule that are told of together. */
export type Told = { readonly alert: AlertRow; readonly device: NamedDevice };

/** From so many on only the first ones are named. */
const manyFrom = 21;
const namedOfMany = 2;

/** A device's name with its id, as `Cold room (th-01)`. */
export function deviceName({ id, labels }: NamedDevice): string {
  const name = labels.get("name");
  return name === undefined || name === id ? id : `${name} (${id})`;
}

/** One line about alerts of a rule that fire, as `3 devices are offline: a, b, c`. */
export function firingSummary(rule: AlertRule, told: readonly Told[]): string {
  const [only] = told;
  if (only !== undefined && told.length === 1) return stateOf(rule, only, deviceName(only.device));
  return `${told.length} devices ${pluralOf(rule)}: ${listed(told, isNumber(rule))}`;
}

/** One line about alerts of a rule that are over. */
export function resolvedSummary(rule: AlertRule, told: readonly Told[]): string {
  const [only] = told;
  if (only !== undefined && told.length === 1) return endOf(rule, only, deviceName(only.device));
  return `${told.length} devices ${pluralEndOf(rule)}: ${listed(told, isNumber(rule))}`;
}

function isNumber({ condition: { kind } }: AlertRule): boolean {
  return kind === "field";
}

function listed(told: readonly Told[], withValue: boolean): string {
  const shown = told.length < manyFrom ? told : told.slice(0, namedOfMany);
  const names = shown.map(({ alert, device }) => {
    const name = deviceName(device);
    return withValue && alert.value !== null ? `${name} ${alert.value}` : name;
  });
  const left = told.length - shown.length;
  return left === 0 ? names.join(", ") : `${names.join(", ")}, … and ${left} more`;
}

function stateOf({ condition }: AlertRule, { alert }: Told, name: string): string {
  switch (condition.kind) {
    case "offline":
      return `${name} is offline`;
    case "gone":
      return `${name} is gone`;
    case "no report":
      return `${name} has sent no ${reportOf(condition.field)} for ${durationToType(condition.withinMs)}`;
    case "field":
      return `${condition.field} of ${name} is ${alert.value ?? "out of bounds"} (${boundText(condition.above)})`;
    case "command failed":
      return `a command to ${name} failed`;
    case "device waits":
      return `${name} waits to be let in`;
  }
}

function pluralOf({ condition }: AlertRule): string {
  switch (condition.kind) {
    case "offline":
      return "are offline";
    case "gone":
      return "are gone";
    case "no report":
      return `have sent no ${reportOf(condition.field)} for ${durationToType(condition.withinMs)}`;
    case "field":
      return `have ${condition.field} ${boundText(condition.above)}`;
    case "command failed":
      return "did not do as they were told";
    case "device waits":
      return "wait to be let in";
  }
}

function endOf({ condition }: AlertRule, { alert }: Told, name: string): string {
  switch (condition.kind) {
    case "offline":
    case "gone":
      return `${name} is back`;
    case "no report":
      return `${name} reports again`;
    case "field":
      return `${condition.field} of ${name} is ${alert.value ?? "within bounds"} again`;
    case "command failed":
      return `${name} does as it is told again`;
    case "device waits":
      return `${name} does not wait any more`;
  }
}

function pluralEndOf({ condition }: AlertRule): string {
  switch (condition.kind) {
    case "offline":
    case "gone":
      return "are back";
    case "no report":
      return "report again";
    case "field":
      return `have ${condition.field} within bounds again`;
    case "command failed":
      return "do as they are told again";
    case "device waits":
      return "do not wait any more";
  }
}

function reportOf(field: string | null): string {
  return field === null ? "report" : `report of ${field}`;
}
