// What a field of a device's last report is shown as: its number with the unit, or its state. Renders nothing.

import { finderOf, numbersIn, unitIn } from "../../../fleet/numbers-in-messages.ts";
import { stateFinderOf, statesIn } from "../../../fleet/states-in-messages.ts";
import type { DeviceJson } from "../../api/shapes.ts";
import { measure, withUnit } from "../parts/formats.ts";

type Reported = Pick<DeviceJson, "lastReport" | "labels">;

/** How many devices are looked at for the names of their fields, and how many names are told. */
const looksMax = 500;
const namesMax = 40;

/** Makes a function that gives the text of a field; empty for a device whose last report has it not. */
export function fieldTextOf(field: string): (device: Reported) => string {
  const number = finderOf(field);
  const state = stateFinderOf(field);
  return ({ lastReport, labels }) => {
    if (lastReport === null) return "";
    const { message } = lastReport;
    const value = number(message);
    if (Number.isNaN(value)) return state(message) ?? "";
    const unit = unitIn(message, field) ?? labels[`unit.${field.toLowerCase()}`] ?? null;
    return withUnit(measure(value), unit);
  };
}

/** The names of the fields in the last reports of some devices, those that most have first. */
export function fieldNamesOf(devices: readonly Reported[]): string[] {
  const counts = new Map<string, number>();
  for (const { lastReport } of devices.slice(0, looksMax)) {
    if (lastReport === null) continue;
    const found = [...numbersIn(lastReport.message), ...statesIn(lastReport.message)];
    for (const name of new Set(found.map(([one]) => one))) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const names = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return names.slice(0, namesMax).map(([name]) => name);
}
