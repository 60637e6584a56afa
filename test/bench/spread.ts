// The statistics of a comparison: what the turns of a run gave, as a median with its spread. Measures nothing.

/** What several turns gave. */
export type Spread = {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** The number of turns. */
  readonly turns: number;
};

/** The median. @returns NaN without values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The median of values, their lowest and their highest. @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  return {
    median: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
    turns: values.length,
  };
}

/**
 * The spread of the ratios within each turn. A ratio of two medians would compare different moments, and the machine may
 * be busy with other work in one of them.
 * @param ours one value per turn
 * @param theirs one value per turn, of the same turns
 * @throws RangeError if there are more values of one than of the other, or none
 */
export function ratiosOf(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length || ours.length === 0) {
    throw new RangeError(`${ours.length} values cannot be compared with ${theirs.length}`);
  }
  return spreadOf(ours.map((value, turn) => value / (theirs[turn] as number)));
}
