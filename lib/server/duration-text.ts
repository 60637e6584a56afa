// Words for durations, for the log, the banner and warnings. Never parses one.

const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/**
 * Formats a duration exactly, in the largest unit that divides it: `90 d`, `36 h`, `10 min`.
 * @param ms 0 or more
 */
export function exactDuration(ms: number): string {
  for (const [unitMs, name] of units)
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs} ${name}`;
  return `${ms} ms`;
}

/**
 * Formats a duration roughly, rounded to a unit of which it has at least two: `200 d`, `3 h`, `75 s`.
 * @param ms 0 or more
 */
export function roughDuration(ms: number): string {
  for (const [unitMs, name] of units)
    if (ms >= 2 * unitMs) return `${Math.round(ms / unitMs)} ${name}`;
  return `${Math.round(ms / 1_000)} s`;
}
