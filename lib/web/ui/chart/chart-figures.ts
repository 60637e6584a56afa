// The figures below a chart: what the series comes to over the whole range.

import type { ChartJson } from "../../api/shapes.ts";
import { count, measure, withUnit } from "../parts/formats.ts";

/** The names of the figures, in the order of `figuresOf`. */
export const figures = ["Latest", "Lowest", "Mean", "Highest", "Reports"] as const;

/** The figures of a series as text. @param unit of its numbers; null if they have none */
export function figuresOf(
  { mean, min, max, count: counts, reports, last }: ChartJson["series"][number],
  unit: string | null,
): string[] {
  let [sum, number] = [0, 0];
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, value] of mean.entries()) {
    const own = counts[i] ?? 1;
    sum += value * own;
    number += own;
    lowest = Math.min(lowest, min[i] ?? value);
    highest = Math.max(highest, max[i] ?? value);
  }
  const measures = [last ?? Number.NaN, lowest, sum / number, highest];
  return [...measures.map((value) => withUnit(measure(value), unit)), count(reports)];
}
