// What a chart shows: fields and states of its device and of others, in a range of time; and its form in the address, so that a
// chart is kept by a reload and passed on as a link. Pure functions.

import { chartFieldsMax } from "../../api/words.ts";
import { type ChartRange, rangeIn, rangeParameters } from "./chart-range.ts";

export type ChartChoice = {
  /** Fields whose numbers are drawn, and those whose states are. */
  readonly fields: readonly string[];
  readonly states: readonly string[];
  /** Ids of other devices of which the same is drawn. */
  readonly devices: readonly string[];
  /** Whether the axes reach to the farthest numbers. */
  readonly isWhole: boolean;
  /** Null if nobody chose one. */
  readonly range: ChartRange | null;
};

/** A field or a state. */
export type Reading = { readonly kind: "field" | "state"; readonly name: string };

export const noChoice: ChartChoice = {
  fields: [],
  states: [],
  devices: [],
  isWhole: false,
  range: null,
};

/** How many curves and bands it has. */
export function sizeOf({ fields, states, devices }: ChartChoice): number {
  return (fields.length + states.length) * (1 + devices.length);
}

/** Whether it has not more than a chart may have. */
export function fits(choice: ChartChoice): boolean {
  return sizeOf(choice) <= chartFieldsMax;
}

/** The choice in the parameters of an address, which anybody may have written: no more of it than a chart may have. */
export function choiceIn(parameters: URLSearchParams): ChartChoice {
  let choice: ChartChoice = {
    ...noChoice,
    isWhole: parameters.get("y") === "whole",
    range: rangeIn(parameters),
  };
  for (const [key, name] of parameters) {
    if (key === "field" || key === "state") choice = withReading(choice, { kind: key, name });
  }
  for (const id of parameters.getAll("with")) choice = withDevice(choice, id);
  return choice;
}

/** The parameters of an address that has this choice. */
export function choiceParameters(choice: ChartChoice): [name: string, value: string][] {
  const { fields, states, devices, isWhole, range } = choice;
  const all = (key: string, values: readonly string[]) =>
    values.map((value): [string, string] => [key, value]);
  return [
    ...all("field", fields),
    ...all("state", states),
    ...all("with", devices),
    ...(range === null ? [] : rangeParameters(range)),
    ["y", isWhole ? "whole" : ""],
  ];
}

/** Whether a field or state is chosen. */
export function hasReading({ fields, states }: ChartChoice, { kind, name }: Reading): boolean {
  return (kind === "field" ? fields : states).includes(name);
}

/** With one field or state more; the same if there is no room. */
export function withReading(choice: ChartChoice, { kind, name }: Reading): ChartChoice {
  if (name === "" || hasReading(choice, { kind, name })) return choice;
  const more =
    kind === "field"
      ? { ...choice, fields: [...choice.fields, name] }
      : { ...choice, states: [...choice.states, name] };
  return fits(more) ? more : choice;
}

/** Without a field or state; the same if it is the only one. */
export function withoutReading(choice: ChartChoice, { kind, name }: Reading): ChartChoice {
  const { fields, states } = choice;
  if (fields.length + states.length === 1) return choice;
  return kind === "field"
    ? { ...choice, fields: fields.filter((one) => one !== name) }
    : { ...choice, states: states.filter((one) => one !== name) };
}

/** With one other device more; the same if there is no room. */
export function withDevice(choice: ChartChoice, id: string): ChartChoice {
  const { devices } = choice;
  if (id === "" || devices.includes(id)) return choice;
  const more = { ...choice, devices: [...devices, id] };
  return fits(more) && more.devices.length < chartFieldsMax ? more : choice;
}

/** Without an other device. */
export function withoutDevice(choice: ChartChoice, id: string): ChartChoice {
  return { ...choice, devices: choice.devices.filter((one) => one !== id) };
}
