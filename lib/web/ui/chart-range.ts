// The range of time a chart shows: the last hours up to now, or a fixed part the user zoomed or moved to. Pure functions.

export type ChartRange =
  | { readonly kind: "last"; readonly minutes: number }
  | { readonly kind: "fixed"; readonly from: number; readonly to: number };

export const presets = [
  { words: "10m", spoken: "the last ten minutes", minutes: 10 },
  { words: "1h", spoken: "the last hour", minutes: 60 },
  { words: "24h", spoken: "the last 24 hours", minutes: 24 * 60 },
  { words: "7d", spoken: "the last 7 days", minutes: 7 * 24 * 60 },
  { words: "30d", spoken: "the last 30 days", minutes: 30 * 24 * 60 },
] as const;

const longestPresetMinutes = Math.max(...presets.map(({ minutes }) => minutes));

const minuteMs = 60_000;
const shortestMs = 2_000;
const longestMs = 400 * 86_400_000;

/** The ends of a range, ms since 1970. */
export function endsOf(range: ChartRange, now: number): { from: number; to: number } {
  if (range.kind === "fixed") return { from: range.from, to: range.to };
  return { from: now - range.minutes * minuteMs, to: now };
}

/** The shortest preset that includes everything since a moment. */
export function presetSince(first: number, now: number): ChartRange {
  const fits = presets.find(({ minutes }) => now - first < minutes * minuteMs);
  return { kind: "last", minutes: fits?.minutes ?? longestPresetMinutes };
}

/** Zooms in on the middle (factor below 1) or out. */
export function zoomed(range: ChartRange, factor: number, now: number): ChartRange {
  const { from, to } = endsOf(range, now);
  const width = Math.min(longestMs, Math.max(shortestMs, (to - from) * factor));
  const middle = (from + to) / 2;
  return fixed(middle - width / 2, middle + width / 2, now);
}

/** Moves by a share of the width; negative is earlier. */
export function moved(range: ChartRange, share: number, now: number): ChartRange {
  const { from, to } = endsOf(range, now);
  const by = (to - from) * share;
  return fixed(from + by, to + by, now);
}

/** The range between two moments, moved back if it would end in the future. */
export function fixed(from: number, to: number, now: number): ChartRange {
  const width = Math.max(shortestMs, to - from);
  const end = Math.min(from + width, now);
  return { kind: "fixed", from: Math.round(end - width), to: Math.round(end) };
}
