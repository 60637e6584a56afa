// The data of a chart: its curves with gaps where nothing was measured, the bands of its states, and the limits of its axes. Pure
// functions; draws nothing.

import type { ChartJson, StateSeriesJson } from "../../api/shapes.ts";

/** A curve as it is drawn. */
export type Curve = {
  /** Its name, in words. */
  readonly words: string;
  readonly field: string;
  readonly unit: string | null;
  /** The axis that it belongs to: its unit, or its field without one. */
  readonly scale: string;
  /** The number of its colour, from 0 on. */
  readonly colour: number;
  readonly points: ChartJson["series"][number];
};

/** The class of the swatch of a curve. */
export function swatchOf({ colour }: Curve): string {
  return `series-${colour + 1}`;
}

/** A state as it is drawn. */
export type Band = { readonly words: string; readonly points: StateSeriesJson };

/** A column of numbers: null is a gap. */
type Column = (number | null)[];
export type Columns = [times: number[], min: Column, max: Column, mean: Column];

/** Nothing is drawn across a pause this many times longer than the median step. */
const gapFactor = 8;

function medianStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? time));
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

/** The columns of a curve, with an empty point in every gap. */
export function columnsOf({ points: { times, min, max, mean } }: Curve): Columns {
  const usual = medianStep(times);
  const columns: Columns = [[], [], [], []];
  for (const [i, time] of times.entries()) {
    const before = times[i - 1];
    if (before !== undefined && usual > 0 && time - before > usual * gapFactor) {
      columns[0].push(Math.round((time + before) / 2));
      for (const column of [columns[1], columns[2], columns[3]]) column.push(null);
    }
    columns[0].push(time);
    columns[1].push(min[i] ?? null);
    columns[2].push(max[i] ?? null);
    columns[3].push(mean[i] ?? null);
  }
  return columns;
}

/** A part of a band: a word that was reported, or that held as far as is known. */
export type Part = {
  readonly from: number;
  readonly to: number;
  /** Null: several in a short time. */
  readonly word: string | null;
  /** Whether nothing was reported meanwhile for longer than usual. */
  readonly isHeld: boolean;
};

/** The parts of a band. @param end of the range, or now if that is earlier; ms since 1970 */
export function partsOf({ points }: Band, end: number): Part[] {
  const { times, state, changes, words, last } = points;
  const usual = medianStep(times);
  const parts: Part[] = [];
  const add = (from: number, to: number, word: string | null, isHeld: boolean) => {
    const before = parts.at(-1);
    if (before?.word === word && before.isHeld === isHeld && before.to === from) {
      parts[parts.length - 1] = { ...before, to };
    } else if (to > from) parts.push({ from, to, word, isHeld });
  };
  for (const [i, from] of times.entries()) {
    const to = times[i + 1] ?? Math.max(from, end);
    const first = words[state[i] ?? -1] ?? null;
    const many = (changes[i] ?? 0) > 1;
    const isLast = i === times.length - 1;
    const isGap = usual > 0 && to - from > usual * gapFactor;
    const until = isGap ? from + usual : to;
    add(from, until, many ? null : first, false);
    const after = isLast && (changes[i] ?? 0) > 0 ? last : first;
    if (isGap) add(until, to, many && !isLast ? null : after, true);
  }
  return parts;
}

/** The lowest and the highest number to show. */
export type Limits = { readonly low: number; readonly high: number };

/** Of the points of a curve, this share at either end does not decide on the limits. */
const tailShare = 0.05;
/** Numbers count as far away if they are beyond the others by more than so many times the span of those. */
const farSpans = 1.5;
const decidingMin = 12;

/**
 * The limits of an axis, which a few far numbers do not decide on: they would flatten all others. In a curve that mostly has
 * one number, what differs from it is what matters, so nothing is far.
 * @param isWhole whether the farthest numbers decide, too
 */
export function limitsOf(curves: readonly Curve[], isWhole: boolean): Limits | null {
  const ends = curves
    .filter(({ points }) => points.min.length > 0)
    .map(({ points: { min, max } }) => endsOf(min, max, isWhole));
  if (ends.length === 0) return null;
  return { low: least(ends.map(({ low }) => low)), high: most(ends.map(({ high }) => high)) };
}

/** How many points of a curve reach beyond an axis. */
export function outsideOf({ points: { min, max } }: Curve, low: number, high: number): number {
  return min.filter((from, i) => from < low || (max[i] ?? from) > high).length;
}

function endsOf(lows: readonly number[], highs: readonly number[], isWhole: boolean): Limits {
  const whole = { low: least(lows), high: most(highs) };
  if (isWhole || lows.length < decidingMin) return whole;
  const low = quantile(lows, tailShare);
  const high = quantile(highs, 1 - tailShare);
  const reach = farSpans * (high - low);
  if (reach <= 0) return whole;
  return {
    low: least(lows.filter((one) => one >= low - reach)),
    high: most(highs.filter((one) => one <= high + reach)),
  };
}

function least(values: readonly number[]): number {
  return values.reduce((found, value) => Math.min(found, value), Number.POSITIVE_INFINITY);
}

function most(values: readonly number[]): number {
  return values.reduce((found, value) => Math.max(found, value), Number.NEGATIVE_INFINITY);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
}
