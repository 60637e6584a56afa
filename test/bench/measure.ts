// What a measure is: a name, and a function that returns rows of the table. Knows nothing of servers.

import type { Spread } from "./spread.ts";

/** The number of rounds, and the seconds of each load. */
export type Pace = { readonly rounds: number; readonly seconds: number };

/** What a measure works with. */
export type Bench = {
  /** A smoke run: everything is small and short, and the numbers mean little. */
  readonly quick: boolean;
  readonly pace: Pace;
  /** The compiled server. */
  readonly binary: string;
  /** The compiled client. */
  readonly client: string;
  /** A new empty folder on the disk, removed at the end. */
  folder(): string;
  /** Prints what is being done. */
  say(words: string): void;
};

/** A line of the table. */
export type Row = {
  readonly measure: string;
  /** Null if it could not be measured; the remark says why. */
  readonly value: number | null;
  readonly unit: string;
  /** A comparison within the turns of the run. */
  readonly ratio?: Ratio;
  /** CPU time of the process per acknowledged request, µs. */
  readonly cpuUs?: number;
  readonly target?: Target;
  readonly remark?: string;
};

/** How two things compare: the spread over the turns, and what is divided by what. */
export type Ratio = { readonly spread: Spread; readonly of: string };

/** What a row should reach, in its value or in the median of its ratio. */
export type Target = {
  readonly of: "value" | "ratio";
  readonly bound: "at least" | "at most";
  readonly number: number;
};

/** A measure, or several that share an expensive setup. */
export type Measure = {
  readonly name: string;
  readonly says: string;
  run(bench: Bench): Promise<Row[]>;
};

/** Whether a row reaches its target; null without a target, or if it could not be measured. */
export function isMet({ value, ratio, target }: Row): boolean | null {
  const measured = target?.of === "ratio" ? ratio?.spread.median : value;
  if (target === undefined || measured === undefined || measured === null) return null;
  return target.bound === "at least" ? measured >= target.number : measured <= target.number;
}

/** A row of a value alone. */
export function row(measure: string, value: number, unit: string, target?: Target): Row {
  return { measure, value, unit, ...(target !== undefined && { target }) };
}

/** A target for the value. */
export function valueTarget(bound: Target["bound"], number: number): Target {
  return { of: "value", bound, number };
}

/** A target for the ratio. */
export function ratioTarget(bound: Target["bound"], number: number): Target {
  return { of: "ratio", bound, number };
}
