// The points of all curves of a chart over their common times, and which of them is meant by the pointer.

import uPlot from "uplot";
import { columnsOf, type Curve } from "./chart-data.ts";

/** How far from the pointer a point is still told, in pixels. */
const nearPx = 36;

/** The columns of all curves over the times of all; where a curve has no point of its own it is left as it is. */
export function dataOf(curves: readonly Curve[], from: number, to: number): uPlot.AlignedData {
  if (curves.length === 0) return [[from, to]];
  // A gap of a curve stays one where others have points.
  const expand = 2;
  return uPlot.join(
    curves.map((curve) => columnsOf(curve) as uPlot.AlignedData),
    curves.map(() => [expand, expand, expand, expand]),
  );
}

/** The point of a series that is nearest to the pointer, if it is near. */
export function nearest(plot: uPlot, series: number, at: number, time: number): number | null {
  const [times, column] = [plot.data[0], plot.data[series] ?? []];
  if (series === 0) return at;
  let [before, after] = [at, at];
  while (before >= 0 && typeof column[before] !== "number") before--;
  while (after < times.length && typeof column[after] !== "number") after++;
  const distance = (i: number) => Math.abs((times[i] ?? Infinity) - time);
  const best = distance(before) <= distance(after) ? before : after;
  const perPixel = (plot.posToVal(100, "x") - plot.posToVal(0, "x")) / 100;
  return distance(best) > nearPx * perPixel ? null : best;
}

/** The indices of points with no neighbour on either side: no line leads to them, so they need a dot. */
export function lonePoints(values: ArrayLike<number | null | undefined>): number[] {
  const own: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] !== undefined) own.push(i);
  const isNumber = (i: number | undefined) => typeof values[i ?? -1] === "number";
  return own.filter((i, at) => isNumber(i) && !isNumber(own[at - 1]) && !isNumber(own[at + 1]));
}
