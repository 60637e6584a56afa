// The labels of a chart's axes. Pure functions.

import type uPlot from "uplot";
import { clockTime } from "../parts/formats.ts";

/** Times of day; the date at midnight. */
export function timeLabels(
  _plot: uPlot,
  splits: number[],
  _axis: number,
  _space: number,
  step: number,
): string[] {
  const isDays = step >= 86_400_000;
  return splits.map((at) => {
    const date = new Date(at);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    if (isDays || isMidnight) {
      return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    }
    return step < 60_000 ? clockTime(at) : clockTime(at).slice(0, 5);
  });
}

/** Wide enough for the longest label. */
export function yAxisPx(_plot: uPlot, values: string[] | null): number {
  return 20 + 7.2 * Math.max(2, ...(values ?? []).map((value) => value.length));
}
