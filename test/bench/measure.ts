// What a measure is: a name, and a function that gives rows of the table. Knows no server.

/** How long and how often. */
export type Pace = { readonly rounds: number; readonly seconds: number };

/** What a measure has to work with. */
export type Bench = {
  /** A smoke run: everything small and short, the numbers mean little. */
  readonly quick: boolean;
  readonly pace: Pace;
  /** The compiled server. */
  readonly binary: string;
  /** A new empty folder on the disk, removed at the end. */
  folder(): string;
  /** Says what is being done. */
  say(words: string): void;
};

/** A line of the table. */
export type Row = {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  /** Its share of the rate of the echo in the same turns; null where that means nothing. */
  readonly ratio: number | null;
  readonly target: Target | null;
  /** Of a rate: that of the echo, and how many turns counted of how many. */
  readonly echo?: { readonly rate: number; readonly quiet: number; readonly turns: number };
};

/** What a row is to reach, by its value or by its ratio. */
export type Target = {
  readonly of: "value" | "ratio";
  readonly bound: "at least" | "at most";
  readonly number: number;
};

/** A measure, or several that share what is dear to set up. */
export type Measure = {
  readonly name: string;
  readonly says: string;
  run(bench: Bench): Promise<Row[]>;
};

/** Whether a row reaches its target; null where it has none. */
export function isMet({ value, ratio, target }: Row): boolean | null {
  if (target === null) return null;
  const measured = target.of === "value" ? value : (ratio ?? Number.NaN);
  return target.bound === "at least" ? measured >= target.number : measured <= target.number;
}

/** A row without a ratio. */
export function row(measure: string, value: number, unit: string, target?: Target): Row {
  return { measure, value, unit, ratio: null, target: target ?? null };
}

/** A target of the value. */
export function valueTarget(bound: Target["bound"], number: number): Target {
  return { of: "value", bound, number };
}

/** A target of the ratio to the echo. */
export function ratioTarget(number: number): Target {
  return { of: "ratio", bound: "at least", number };
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
