// Draws states below the curves of a chart: a row for each, with its name above. What was reported is filled; what only held
// as far as is known is paler.

import type uPlot from "uplot";
import { type Band, type Part, partsOf } from "./chart-data.ts";

/** The height of a row with its name, in CSS pixels. */
export const rowPx = 40;
const namePx = 16;
const barPx = 18;
const textGapPx = 6;

/** Words for what is mostly not worth a look: they have no colour. */
const quiet = /^(?:false|off|closed?|no|none|idle|ok|normal|inactive|shut|dry|locked|stopped)$/i;

export type BandColours = {
  /** Of the states. */
  readonly words: readonly string[];
  readonly quiet: string;
  readonly text: string;
  readonly muted: string;
};

/** The parts of each band of a chart, found once for a range. */
export class Bands {
  readonly #rows: readonly { readonly words: string; readonly parts: readonly Part[] }[];

  constructor(bands: readonly Band[], end: number) {
    this.#rows = bands.map((band) => ({ words: band.words, parts: partsOf(band, end) }));
  }

  get heightPx(): number {
    return this.#rows.length * rowPx;
  }

  /** The states at a moment, with the names of their rows. */
  at(time: number): { readonly words: string; readonly state: string }[] {
    return this.#rows.flatMap(({ words, parts }) => {
      const part = parts.find(({ from, to }) => from <= time && time < to);
      return part === undefined ? [] : [{ words, state: stateWords(part) }];
    });
  }

  /** Draws all rows. @param top of the first one, in pixels of the canvas */
  draw(plot: uPlot, top: number, colours: BandColours, font: string): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.font = `${12 * ratio}px ${font}`;
    for (const [i, { words, parts }] of this.#rows.entries()) {
      const y = top + i * rowPx * ratio;
      ctx.fillStyle = colours.muted;
      ctx.fillText(words, bbox.left, y + (namePx / 2) * ratio, bbox.width);
      const colourOf = colourer(parts, colours);
      for (const part of parts) {
        const bar = { y: y + namePx * ratio, height: barPx * ratio };
        drawPart(plot, part, bar, part.word === null ? null : colourOf(part.word), colours);
      }
    }
    ctx.restore();
  }
}

/** @param colour null for several words in a short time */
function drawPart(
  plot: uPlot,
  part: Part,
  { y, height }: { readonly y: number; readonly height: number },
  colour: string | null,
  { muted, text }: BandColours,
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const left = Math.max(bbox.left, plot.valToPos(part.from, "x", true));
  const right = Math.min(bbox.left + bbox.width, plot.valToPos(part.to, "x", true));
  const width = Math.max(ratio, right - left - ratio);
  if (right <= left) return;
  ctx.fillStyle = colour ?? muted;
  ctx.globalAlpha = part.isHeld ? 0.12 : 0.32;
  ctx.fillRect(left, y, width, height);
  ctx.globalAlpha = part.isHeld ? 0.3 : 1;
  const edge = 3 * ratio;
  if (colour !== null) ctx.fillRect(left, y + height - edge, width, edge);
  else for (let x = left; x < left + width; x += edge) ctx.fillRect(x, y, ratio, height);
  ctx.globalAlpha = 1;
  if (part.word === null) return;
  const room = width - 2 * textGapPx * ratio;
  if (ctx.measureText(part.word).width > room) return;
  ctx.fillStyle = text;
  ctx.fillText(part.word, left + textGapPx * ratio, y + (height - edge) / 2 + ratio / 2);
}

/**
 * Gives each word of a row its colour: mostly the same whatever other words there are, so that it stays when another range
 * is shown, and never that of another word as long as there are colours.
 */
function colourer(parts: readonly Part[], { words, quiet: none }: BandColours) {
  const loud = new Set(parts.map(({ word }) => word ?? "").filter((word) => word !== ""));
  const places = placesOf(
    [...loud].filter((word) => !quiet.test(word)),
    words.length,
  );
  return (word: string) => words[places.get(word) ?? -1] ?? none;
}

/** A place for each word, one of `count`. */
export function placesOf(words: readonly string[], count: number): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const taken = new Set<number>();
  for (const word of words.toSorted()) {
    let place = 0;
    for (const sign of word) place = (place * 31 + (sign.codePointAt(0) ?? 0)) % 9_973;
    place %= count;
    while (taken.has(place) && taken.size < count) place = (place + 1) % count;
    taken.add(place);
    places.set(word, place);
  }
  return places;
}

function stateWords({ word, isHeld }: Part): string {
  if (word === null) return "several";
  return isHeld ? `${word}, as last reported` : word;
}
