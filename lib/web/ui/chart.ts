// Draws a series: the mean as a line, the lowest and highest as a band around it. A drag over it chooses a range; what
// that means is decided elsewhere.

import uPlot from "uplot";
import { clockTime, measure } from "./formats.ts";
import type { Series } from "./shapes.ts";
import { themeChanges } from "./theme.ts";

export type ChartActs = {
  /** A range was chosen, ms since 1970. */
  readonly onRange: (from: number, to: number) => void;
  readonly onReset: () => void;
  /** The point under the pointer, by its place in the data; null for none. */
  readonly onPoint: (words: string | null) => void;
};

type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]];

const meanSeries = 3;
/** As many points as that are marked one by one. */
const markedMax = 60;
/** A pause so much longer than usual is a gap and no line. */
const gapFactor = 8;

export class Chart {
  #plot: uPlot | null = null;
  #series: Series | null = null;
  readonly #listening = new AbortController();
  readonly #resizing: ResizeObserver;

  constructor(
    private readonly host: HTMLElement,
    private readonly acts: ChartActs,
  ) {
    this.#resizing = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
    this.#resizing.observe(host);
    // Colours on a canvas do not follow the style sheet.
    themeChanges.addEventListener("change", () => this.#rebuild(), {
      signal: this.#listening.signal,
    });
    host.addEventListener("dblclick", () => acts.onReset(), { signal: this.#listening.signal });
  }

  /** Shows a series over the whole of its range. */
  show(series: Series): void {
    const isMarked = series.times.length <= markedMax;
    const wasMarked = (this.#series?.times.length ?? 0) <= markedMax;
    this.#series = series;
    if (this.#plot === null || isMarked !== wasMarked) {
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

  #options(series: Series): uPlot.Options {
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
    const band = { stroke: "transparent", width: 0, points: { show: false } };
    return {
      ...this.#size(),
      ms: 1,
      scales: { x: { time: true, ...rangeOf(series) } },
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
      padding: [12, 8, 0, 0],
      axes: [
        { ...axis, size: 30, gap: 8, space: 72, values: timeLabels },
        {
          ...axis,
          size: yAxisPx,
          values: (_plot, splits) => splits.map((value) => measure(value)),
        },
      ],
      series: [
        {},
        { ...band },
        { ...band },
        {
          stroke: colour("--accent"),
          width: 2,
          points: { show: isMarked, size: 6, fill: colour("--accent"), width: 0 },
        },
      ],
      bands: [{ series: [2, 1], fill: colour("--band") }],
      hooks: {
        setSelect: [(plot) => this.#select(plot)],
        setCursor: [(plot) => this.#tell(plot)],
      },
    };
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
    const { idx } = plot.cursor;
    const at = idx === null || idx === undefined ? undefined : plot.data[0][idx];
    const [low, high, mean] = [1, 2, 3].map((n) => plot.data[n]?.[idx ?? -1]);
    if (at === undefined || typeof mean !== "number") {
      this.acts.onPoint(null);
      return;
    }
    const range = low === high ? "" : ` (${measure(low ?? mean)} to ${measure(high ?? mean)})`;
    this.acts.onPoint(`${dayTime(at)}  ${measure(mean)}${range}`);
  }
}

/** The colour a custom property stands for, here and now: its own text may be a function that no canvas knows. */
function resolved(of: HTMLElement, name: string): string {
  of.style.color = `var(${name})`;
  const { color } = getComputedStyle(of);
  of.style.color = "";
  return color;
}

function rangeOf({ from, to }: Series): { min: number; max: number } {
  return { min: Date.parse(from), max: Date.parse(to) };
}

/** The columns of uPlot, with an empty point in every gap. */
function columnsOf({ times, min, max, mean }: Series): Columns {
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

/** Times of day; where a day begins, its date. */
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

function dayTime(at: number): string {
  const day = new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return `${day}, ${clockTime(at)}`;
}

/** As wide as the longest label. */
function yAxisPx(_plot: uPlot, values: string[] | null): number {
  return 20 + 7.2 * Math.max(2, ...(values ?? []).map((value) => value.length));
}
