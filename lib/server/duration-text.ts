// Words for durations, for the log, the banner and warnings; and the form in which a person types one.

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

const typedForm = /^(\d{1,9})(ms|s|m|h|d)$/;
const typedUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads a duration as a person types it: `500ms`, `60s`, `5m`, `1h`, `90d`; ms, or null for any other text. */
export function typedDuration(text: string): number | null {
  const [, digits = "", unit] = typedForm.exec(text) ?? [];
  return unit === undefined ? null : Number(digits) * typedUnits[unit as keyof typeof typedUnits];
}

/** A duration as a person types it, in the largest unit that divides it. @param ms 0 or more, whole */
export function durationToType(ms: number): string {
  for (const unit of ["d", "h", "m", "s"] as const)
    if (ms > 0 && ms % typedUnits[unit] === 0) return `${ms / typedUnits[unit]}${unit}`;
  return `${ms}ms`;
}
