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

/** The range that is shown if nobody chose one. */
export const usualRange: ChartRange = { kind: "last", minutes: 24 * 60 };

/** A range as parameters of an address: `last=24h`, or `from` and `to` in ms since 1970. */
export function rangeParameters(range: ChartRange): [name: string, value: string][] {
  if (range.kind === "fixed") {
    return [
      ["from", String(range.from)],
      ["to", String(range.to)],
    ];
  }
  const preset = presets.find(({ minutes }) => minutes === range.minutes);
  return preset === undefined ? [] : [["last", preset.words]];
}

/** The range in the parameters of an address; null if there is none. */
export function rangeIn(parameters: URLSearchParams): ChartRange | null {
  const preset = presets.find(({ words }) => words === parameters.get("last"));
  if (preset !== undefined) return { kind: "last", minutes: preset.minutes };
  const [from, to] = ["from", "to"].map((name) => {
    const text = parameters.get(name) ?? "";
    return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  }) as [number, number];
  return to - from >= shortestMs && to - from <= longestMs ? { kind: "fixed", from, to } : null;
}

/** The ends of a range, ms since 1970. */
export function endsOf(range: ChartRange, now: number): { from: number; to: number } {
  if (range.kind === "fixed") return { from: range.from, to: range.to };
  const to = Math.round(now);
  return { from: to - range.minutes * minuteMs, to };
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
