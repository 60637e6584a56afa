// What a measure is: a name, and a function that returns rows of the table. Knows nothing of servers.

/** The number of rounds, and the seconds of each load. */
export type Pace = { readonly rounds: number; readonly seconds: number };

/** What a measure works with. */
export type Bench = {
  /** A smoke run: everything is small and short, and the numbers mean little. */
  readonly quick: boolean;
  readonly pace: Pace;
  /** The compiled server. */
  readonly binary: string;
  /** A new empty folder on the disk, removed at the end. */
  folder(): string;
  /** Prints what is being done. */
  say(words: string): void;
};

/** A line of the table. */
export type Row = {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  /** The rate divided by that of the echo in the same turns; null if there is none. */
  readonly ratio: number | null;
  readonly target: Target | null;
  /** For a rate: the rate of the echo, and how many of the turns count. */
  readonly echo?: { readonly rate: number; readonly quiet: number; readonly turns: number };
};

/** What a row should reach, in its value or its ratio. */
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

/** Whether a row reaches its target; null without a target. */
export function isMet({ value, ratio, target }: Row): boolean | null {
  if (target === null) return null;
  const measured = target.of === "value" ? value : (ratio ?? Number.NaN);
  return target.bound === "at least" ? measured >= target.number : measured <= target.number;
}

/** A row without a ratio. */
export function row(measure: string, value: number, unit: string, target?: Target): Row {
  return { measure, value, unit, ratio: null, target: target ?? null };
}

/** A target for the value. */
export function valueTarget(bound: Target["bound"], number: number): Target {
  return { of: "value", bound, number };
}

/** A target for the ratio to the echo. */
export function ratioTarget(number: number): Target {
  return { of: "ratio", bound: "at least", number };
}

/** The median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
