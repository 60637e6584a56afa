// Draws a chart: of each curve the mean as a line, and the lowest and highest reading as a band around it; an axis for each unit;
// states below. Dragging selects a range, which is reported to the caller; the chart does not zoom by itself.

import uPlot from "uplot";
import { type BandColours, Bands } from "./chart-bands.ts";
import { timeLabels, yAxisPx } from "./chart-axes.ts";
import { type Band, type Curve, limitsOf, outsideOf, swatchOf } from "./chart-data.ts";
import { drawBounds, drawOutside, rangeWith } from "./chart-marks.ts";
import { dataOf, lonePoints, nearest } from "./chart-points.ts";
import { ChartTip, type TipLine } from "./chart-tip.ts";
import { measure, withUnit } from "../parts/formats.ts";
import { themeChanges } from "../theme.ts";

export type ChartActs = {
  /** A range was selected by dragging, ms since 1970. */
  readonly onRange: (from: number, to: number) => void;
  /** The chart was double-clicked. */
  readonly onReset: () => void;
};

/** What is drawn. */
export type Shown = {
  /** ms since 1970. */
  readonly from: number;
  readonly to: number;
  /** Until when states hold: `to`, or now. */
  readonly end: number;
  readonly curves: readonly Curve[];
  readonly bands: readonly Band[];
  /** Whether the axes reach to the farthest numbers. */
  readonly isWhole: boolean;
  /** Numbers at which alerts begin, by field. */
  readonly bounds: ReadonlyMap<string, readonly number[]>;
};

/** How many colours there are for curves. */
const coloursMax = 8;
/** Up to this many points, each is drawn as a dot. */
const markedMax = 60;
/** So many axes have labels, on a narrow screen and on others. */
const axesMax = { narrow: 2, wide: 4 } as const;
const narrowPx = 520;
/** The height of the time axis. */
const timePx = 30;

export class Chart {
  #plot: uPlot | null = null;
  readonly #tip = new ChartTip();
  #shown: Shown | null = null;
  #bands = new Bands([], 0);
  /** The ends of each axis. */
  #ends: ReadonlyMap<string, readonly [low: number, high: number]> = new Map();
  /** What the plot is made for; another one needs another plot. */
  #made = "";
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

  /** Shows curves and states over a whole range. @returns how many points are outside of the axes */
  show(shown: Shown): number {
    this.#shown = shown;
    const { curves, bands, from, to, end, isWhole } = shown;
    this.#bands = new Bands(bands, end);
    this.#ends = new Map(scalesOf(curves).map((scale) => [scale, this.#endsOf(scale, isWhole)]));
    const { width } = this.#size();
    const made = JSON.stringify([
      curves.map(({ words, scale, unit, colour }) => [words, scale, unit, colour]),
      bands.length,
      isMarked(curves),
      width < narrowPx,
    ]);
    if (this.#plot === null || made !== this.#made) {
      this.#made = made;
      this.#rebuild();
    } else this.#plot.setData(dataOf(curves, from, to));
    return curves.reduce((sum, curve) => {
      const [low, high] = this.#ends.get(curve.scale) ?? [0, 0];
      return sum + outsideOf(curve, low, high);
    }, 0);
  }

  #endsOf(scale: string, isWhole: boolean): [low: number, high: number] {
    const own = this.#shown?.curves.filter((curve) => curve.scale === scale) ?? [];
    const { low, high } = limitsOf(own, isWhole) ?? { low: 0, high: 1 };
    return rangeWith(low, high, this.#boundsOf(scale));
  }

  close(): void {
    this.#listening.abort();
    this.#resizing.disconnect();
    this.#plot?.destroy();
  }

  #rebuild(): void {
    const shown = this.#shown;
    if (shown === null) return;
    this.#plot?.destroy();
    const isBare = shown.curves.length === 0;
    // The rows of states are below the curves, or in their place.
    this.host.style.setProperty("--rows", `${this.#bands.heightPx}px`);
    this.host.classList.toggle("only-states", isBare);
    this.#plot = new uPlot(
      this.#options(shown),
      dataOf(shown.curves, shown.from, shown.to),
      this.host,
    );
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.host.clientWidth), height: this.host.clientHeight || 280 };
  }

  #options({ curves, bands }: Shown): uPlot.Options {
    const { fontFamily } = getComputedStyle(this.host);
    const colour = (name: string) => resolved(this.host, name);
    const colours = coloursOf(colour);
    const axis = {
      stroke: colour("--muted"),
      font: `12px ${fontFamily}`,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    const time = { ...axis, size: timePx, gap: 8, space: 72, values: timeLabels };
    const drawn = curves.map((curve) => colours.words[curve.colour] ?? colours.muted);
    const rest = this.#axes(curves, axis, drawn);
    const isBare = curves.length === 0;
    const rows = { ...axis, scale: "x", side: 2 as const, values: () => [], grid: { show: false } };
    const room = isBare || bands.length === 0 ? [] : [{ ...rows, size: this.#bands.heightPx + 8 }];
    const isRight = rest.length > 1;
    return {
      ...this.#size(),
      ms: 1,
      scales: {
        x: { time: true, range: () => [this.#shown?.from ?? 0, this.#shown?.to ?? 1] },
        y: { range: () => [0, 1] },
        ...Object.fromEntries(
          curves.map(({ scale }) => {
            const range = (): [number, number] => [...(this.#ends.get(scale) ?? [0, 1])];
            return [scale, { range }];
          }),
        ),
      },
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, setScale: false },
        points: {
          size: (_plot, of) => (of > 0 && of % 3 === 0 ? 8 : 0),
          fill: (_plot, of) => drawn[Math.floor((of - 1) / 3)] ?? colours.muted,
          stroke: colour("--surface"),
        },
        dataIdx: nearest,
        y: false,
      },
      padding: [12, isRight ? 0 : 20, 0, 0],
      axes: [time, ...(rest.length === 0 ? [{ show: false }] : rest), ...room],
      series: [{}, ...curves.flatMap((curve, i) => this.#series(curve, i, curves, drawn))],
      bands: curves.map((_, i) => ({
        series: [3 * i + 2, 3 * i + 1],
        fill: faint(drawn[i] ?? "", curves.length === 1 ? 0.2 : 0.12),
      })),
      hooks: {
        init: [(plot) => plot.over.append(this.#tip.view)],
        draw: [(plot) => this.#drawMore(plot, colours, colour("--bad"), fontFamily)],
        setSelect: [(plot) => this.#select(plot)],
        setCursor: [(plot) => this.#tell(plot)],
      },
    };
  }

  #boundsOf(scale: string): number[] {
    const { curves = [], bounds } = this.#shown ?? {};
    const fields = new Set(curves.filter((one) => one.scale === scale).map(({ field }) => field));
    return [...fields].flatMap((field) => bounds?.get(field) ?? []);
  }

  /** An axis for each unit, on the left and on the right in turn; in the colour of its curve if that is its only one. */
  #axes(curves: readonly Curve[], axis: uPlot.Axis, colours: readonly string[]): uPlot.Axis[] {
    const most = this.#size().width < narrowPx ? axesMax.narrow : axesMax.wide;
    const scales = scalesOf(curves).slice(0, most);
    return scales.map((scale, i): uPlot.Axis => {
      const own = curves.filter((curve) => curve.scale === scale);
      const stroke = own.length === 1 && curves.length > 1 ? colours[curves.indexOf(own[0]!)] : "";
      const unit = own[0]?.unit ?? null;
      return Object.assign({}, axis, {
        scale,
        side: i % 2 === 0 ? 3 : 1,
        stroke: stroke || (axis.stroke as string),
        size: yAxisPx,
        grid: i === 0 ? axis.grid! : { show: false },
        values: (_plot: uPlot, splits: number[]) =>
          splits.map((value) => withUnit(measure(value), unit)),
      });
    });
  }

  #series(
    { scale }: Curve,
    i: number,
    curves: readonly Curve[],
    colours: readonly string[],
  ): uPlot.Series[] {
    const stroke = colours[i] ?? "";
    const marked = isMarked(curves);
    // The edges of the band are drawn too: a single high reading is a band one pixel wide.
    const edge = { scale, stroke: faint(stroke, 0.5), width: 1, points: { show: false } };
    const points = {
      show: marked,
      size: 6,
      fill: stroke,
      width: 0,
      filter: (plot: uPlot) => (marked ? null : lonePoints(plot.data[3 * i + 3] ?? [])),
    };
    return [edge, { ...edge }, { scale, stroke, width: 2, points }];
  }

  #drawMore(plot: uPlot, colours: BandColours, bad: string, font: string): void {
    const { curves = [] } = this.#shown ?? {};
    for (const scale of scalesOf(curves)) drawBounds(plot, scale, this.#boundsOf(scale), bad);
    for (const curve of curves) drawOutside(plot, curve, colours.words[curve.colour] ?? bad);
    const { top, height } = plot.bbox;
    const below = top + height + timePx * devicePixelRatio;
    this.#bands.draw(plot, curves.length === 0 ? top : below, colours, font);
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
    const { left = -1, idxs = [] } = plot.cursor;
    let time = plot.posToVal(left, "x");
    const states = this.#bands.at(time);
    const lines: TipLine[] = [];
    for (const [i, curve] of (this.#shown?.curves ?? []).entries()) {
      const { words, unit } = curve;
      const at = idxs[3 * i + 3] ?? -1;
      const [low, high, mean] = [1, 2, 3].map((n) => plot.data[3 * i + n]?.[at]);
      if (typeof mean !== "number") continue;
      if (states.length === 0) time = plot.data[0][at] ?? time;
      const isReach = low !== high;
      const reach = `mean, ${measure(low ?? mean)} to ${withUnit(measure(high ?? mean), unit)}`;
      const value = withUnit(measure(mean), unit);
      lines.push({ words, value, reach: isReach ? reach : "", swatch: swatchOf(curve) });
    }
    for (const { words, state } of states)
      lines.push({ words, value: state, reach: "", swatch: null });
    this.#tip.show(plot, left, time, lines);
  }
}

function coloursOf(colour: (name: string) => string): BandColours {
  const words = Array.from({ length: coloursMax }, (_, i) => colour(`--series-${i + 1}`));
  return {
    words,
    quiet: colour("--muted"),
    text: colour("--text"),
    muted: colour("--muted"),
  };
}

/** The axes of curves with points, in their order. */
function scalesOf(curves: readonly Curve[]): string[] {
  const drawn = curves.filter(({ points }) => points.times.length > 0);
  return [...new Set(drawn.map(({ scale }) => scale))];
}

function isMarked(curves: readonly Curve[]): boolean {
  return curves.every(({ points }) => points.times.length <= markedMax);
}

/** The computed colour of a custom property: a canvas does not understand `light-dark()`. */
function resolved(of: HTMLElement, name: string): string {
  of.style.color = `var(${name})`;
  const { color } = getComputedStyle(of);
  of.style.color = "";
  return color;
}

/** A computed colour with an opacity. */
function faint(colour: string, opacity: number): string {
  return colour.replace(/^rgb\((.*)\)$/, `rgb($1 / ${opacity})`).replaceAll(",", "");
}
