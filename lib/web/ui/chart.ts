// Draws a series: the mean as a line, and the lowest and highest reading as a band around it. Dragging selects a range,
// which is reported to the caller; the chart does not zoom by itself.

import type { SeriesJson } from "../api/shapes.ts";
import uPlot from "uplot";
import { element } from "./element.ts";
import { clockTime, dayTime, measure, withUnit } from "./formats.ts";
import { themeChanges } from "./theme.ts";

export type ChartActs = {
  /** A range was selected by dragging, ms since 1970. */
  readonly onRange: (from: number, to: number) => void;
  /** The chart was double-clicked. */
  readonly onReset: () => void;
};

type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]];

const meanSeries = 3;
/** Up to this many points, each is drawn as a dot. */
const markedMax = 60;
/** No line is drawn across a pause this many times longer than the median step. */
const gapFactor = 8;

export class Chart {
  #plot: uPlot | null = null;
  /** The values at the pointer. */
  readonly #tip = element("p", { class: "tip", hidden: true });
  #series: SeriesJson | null = null;
  #unit: string | null = null;
  #bounds: readonly number[] = [];
  readonly #listening = new AbortController();
  readonly #resizing: ResizeObserver;

  constructor(
    private readonly host: HTMLElement,
    private readonly acts: ChartActs,
  ) {
    this.#resizing = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
    this.#resizing.observe(host);
    // A canvas does not follow the style sheet: it is drawn again.
    themeChanges.addEventListener("change", () => this.#rebuild(), {
      signal: this.#listening.signal,
    });
    host.addEventListener("dblclick", () => acts.onReset(), { signal: this.#listening.signal });
  }

  /**
   * Shows a series over its whole range.
   * @param unit of its numbers; null if they have none
   * @param bounds numbers at which an alert begins
   */
  show(series: SeriesJson, unit: string | null, bounds: readonly number[] = []): void {
    const isMarked = series.times.length <= markedMax;
    const wasMarked = (this.#series?.times.length ?? 0) <= markedMax;
    this.#series = series;
    const isOther = unit !== this.#unit || String(bounds) !== String(this.#bounds);
    this.#unit = unit;
    this.#bounds = bounds;
    if (this.#plot === null || isMarked !== wasMarked || isOther) {
      this.#rebuild();
      return;
    }
    this.#plot.batch(() => {
      this.#plot?.setData(columnsOf(series), false);
      this.#plot?.setScale("x", rangeOf(series));
    });
  }

  close(): void {
    this.#listening.abort();
    this.#resizing.disconnect();
    this.#plot?.destroy();
  }

  #rebuild(): void {
    const series = this.#series;
    if (series === null) return;
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(series), columnsOf(series), this.host);
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.host.clientWidth), height: this.host.clientHeight || 280 };
  }

  #options(series: SeriesJson): uPlot.Options {
    const style = getComputedStyle(this.host);
    const colour = (name: string) => resolved(this.host, name);
    const font = `12px ${style.fontFamily}`;
    const isMarked = series.times.length <= markedMax;
    const axis = {
      stroke: colour("--muted"),
      font,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    // The edges of the band are drawn too: a single high reading is a band one pixel wide.
    const band = { stroke: colour("--band-edge"), width: 1, points: { show: false } };
    return {
      ...this.#size(),
      ms: 1,
      scales: {
        x: { time: true, ...rangeOf(series) },
        y: { range: (_plot, low, high) => rangeWith(low, high, this.#bounds) },
      },
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, setScale: false },
        points: {
          size: (_plot, of) => (of === meanSeries ? 8 : 0),
          fill: colour("--accent"),
          stroke: colour("--surface"),
        },
        y: false,
      },
      padding: [12, 20, 0, 0],
      axes: [
        { ...axis, size: 30, gap: 8, space: 72, values: timeLabels },
        {
          ...axis,
          size: yAxisPx,
          values: (_plot, splits) => splits.map((value) => this.#words(value)),
        },
      ],
      series: [
        {},
        { ...band },
        { ...band },
        {
          stroke: colour("--accent"),
          width: 2,
          points: {
            show: isMarked,
            size: 6,
            fill: colour("--accent"),
            width: 0,
            filter: (plot) => (isMarked ? null : lonePoints(plot.data[meanSeries] ?? [])),
          },
        },
      ],
      bands: [{ series: [2, 1], fill: colour("--band") }],
      hooks: {
        init: [(plot) => plot.over.append(this.#tip)],
        draw: [(plot) => drawBounds(plot, this.#bounds, colour("--bad"))],
        setSelect: [(plot) => this.#select(plot)],
        setCursor: [(plot) => this.#tell(plot)],
      },
    };
  }

  #words(value: number): string {
    return withUnit(measure(value), this.#unit);
  }

  #select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const from = plot.posToVal(left, "x");
    const to = plot.posToVal(left + width, "x");
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.acts.onRange(from, to);
  }

  #tell(plot: uPlot): void {
    const { idx, left = -1 } = plot.cursor;
    const at = idx === null || idx === undefined ? undefined : plot.data[0][idx];
    const [low, high, mean] = [1, 2, 3].map((n) => plot.data[n]?.[idx ?? -1]);
    if (at === undefined || typeof mean !== "number") {
      this.#tip.hidden = true;
      return;
    }
    const isRange = low !== high;
    const range = ` mean, ${measure(low ?? mean)} to ${this.#words(high ?? mean)}`;
    this.#tip.replaceChildren(
      element("strong", {}, this.#words(mean)),
      isRange ? range : "",
      element("span", { class: "muted" }, dayTime(at)),
    );
    this.#tip.hidden = left < 0;
    // Beside the pointer, on the side with more room, and inside the plot.
    const room = plot.over.clientWidth;
    const width = this.#tip.offsetWidth;
    const wanted = left > room / 2 ? left - width - 14 : left + 14;
    const x = Math.max(0, Math.min(wanted, room - width));
    this.#tip.style.transform = `translate(${Math.round(x)}px, 8px)`;
  }
}

/** The computed colour of a custom property: a canvas does not understand `light-dark()`. */
function resolved(of: HTMLElement, name: string): string {
  of.style.color = `var(${name})`;
  const { color } = getComputedStyle(of);
  of.style.color = "";
  return color;
}

function rangeOf({ from, to }: SeriesJson): { min: number; max: number } {
  return { min: Date.parse(from), max: Date.parse(to) };
}

/** The indices of points with no neighbour on either side: no line leads to them, so they need a dot. */
function lonePoints(values: ArrayLike<number | null | undefined>): number[] {
  const lone: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const isAlone = (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null;
    if (isAlone && (values[i] ?? null) !== null) lone.push(i);
  }
  return lone;
}

/** The columns for uPlot, with an empty point in every gap. */
function columnsOf({ times, min, max, mean }: SeriesJson): Columns {
  const usual = medianStep(times);
  const columns: Columns = [[], [], [], []];
  for (const [i, time] of times.entries()) {
    const before = times[i - 1];
    if (before !== undefined && usual > 0 && time - before > usual * gapFactor) {
      columns[0].push(Math.round((time + before) / 2));
      columns[1].push(null);
      columns[2].push(null);
      columns[3].push(null);
    }
    columns[0].push(time);
    columns[1].push(min[i] ?? null);
    columns[2].push(max[i] ?? null);
    columns[3].push(mean[i] ?? null);
  }
  return columns;
}

function medianStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? time));
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

/** Times of day; the date at midnight. */
function timeLabels(
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
function yAxisPx(_plot: uPlot, values: string[] | null): number {
  return 20 + 7.2 * Math.max(2, ...(values ?? []).map((value) => value.length));
}

/** The range of the numbers, and of the bounds that are not far from them: a far one would flatten the line. */
function rangeWith(
  low: number | null,
  high: number | null,
  bounds: readonly number[],
): [number, number] {
  const [from, to] = [low ?? 0, high ?? 1];
  const span = Math.max(to - from, Math.abs(to) / 10, 1e-9);
  const near = bounds.filter((bound) => bound > from - 2 * span && bound < to + 2 * span);
  const [least, most] = uPlot.rangeNum(Math.min(from, ...near), Math.max(to, ...near), 0.1, true);
  return [least ?? from, most ?? to];
}

/** A dashed line at each bound that is in the range. */
function drawBounds(plot: uPlot, bounds: readonly number[], colour: string): void {
  const { ctx, bbox, scales } = plot;
  const { min = 0, max = 0 } = scales["y"] ?? {};
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const bound of bounds) {
    if (bound < (min ?? 0) || bound > (max ?? 0)) continue;
    const y = Math.round(plot.valToPos(bound, "y", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
