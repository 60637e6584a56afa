// What is drawn over the curves of a chart: lines at the bounds of alerts, and marks where numbers are beyond the axis.

import uPlot from "uplot";
import type { Curve } from "./chart-data.ts";

/** The half width and the height of a mark, in CSS pixels. */
const markPx = { half: 4, height: 6 } as const;

/** The range of the numbers, and of the bounds that are not far from them: a far one would flatten the line. */
export function rangeWith(from: number, to: number, bounds: readonly number[]): [number, number] {
  const span = Math.max(to - from, Math.abs(to) / 10, 1e-9);
  const near = bounds.filter((bound) => bound > from - 2 * span && bound < to + 2 * span);
  const [least, most] = uPlot.rangeNum(Math.min(from, ...near), Math.max(to, ...near), 0.1, true);
  return [least ?? from, most ?? to];
}

/** A dashed line at each bound that is in the range. */
export function drawBounds(
  plot: uPlot,
  scale: string,
  bounds: readonly number[],
  colour: string,
): void {
  const { ctx, bbox } = plot;
  const [min, max] = endsOf(plot, scale);
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const bound of bounds) {
    if (bound < min || bound > max) continue;
    const y = Math.round(plot.valToPos(bound, scale, true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** A mark at the edge for each point that reaches beyond it. */
export function drawOutside(plot: uPlot, { points, scale }: Curve, colour: string): void {
  const { ctx, bbox } = plot;
  const [low, high] = endsOf(plot, scale);
  ctx.save();
  ctx.fillStyle = colour;
  for (const [i, time] of points.times.entries()) {
    const x = plot.valToPos(time, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    if ((points.max[i] ?? low) > high) mark(ctx, x, bbox.top, 1);
    if ((points.min[i] ?? high) < low) mark(ctx, x, bbox.top + bbox.height, -1);
  }
  ctx.restore();
}

/** A triangle with its tip at the edge. @param down 1 if the plot is below the tip, else -1 */
function mark(ctx: CanvasRenderingContext2D, x: number, edge: number, down: 1 | -1): void {
  const [half, height] = [markPx.half * devicePixelRatio, markPx.height * devicePixelRatio];
  ctx.beginPath();
  ctx.moveTo(x, edge);
  ctx.lineTo(x - half, edge + down * height);
  ctx.lineTo(x + half, edge + down * height);
  ctx.fill();
}

function endsOf(plot: uPlot, scale: string): [low: number, high: number] {
  const { min, max } = plot.scales[scale] ?? {};
  return [min ?? 0, max ?? 0];
}
