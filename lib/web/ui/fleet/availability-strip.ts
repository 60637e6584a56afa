// A strip of time: for how much of each part of it a device was logged in. Loads nothing.

import type { AvailabilityJson } from "../../api/shapes.ts";
import { element, setAttribute } from "../parts/element.ts";

export class AvailabilityStrip {
  readonly view = element("span", { class: "strip", role: "img" });
  #shown: AvailabilityJson | null | undefined;

  /** @param of the time, in words: `24 hours` */
  constructor(private readonly of: string) {}

  show(availability: AvailabilityJson | null): void {
    if (availability === this.#shown) return;
    this.#shown = availability;
    this.view.style.background = availability === null ? "" : bandsOf(availability.parts);
    const words =
      availability === null ? null : `${shareWords(availability.share)} of the last ${this.of}`;
    setAttribute(this.view, "title", words);
    setAttribute(this.view, "aria-label", words);
  }
}

/** A share in percent: `99.8 %`; says 0 % and 100 % only where that is exact. */
export function shareWords(share: number | null): string {
  if (share === null) return "Unknown";
  const percent = share * 100;
  if (share > 0 && percent < 0.1) return "< 0.1 %";
  if (share < 1 && percent > 99.9) return "> 99.9 %";
  return `${Number(percent.toFixed(percent > 10 && percent < 90 ? 0 : 1))} %`;
}

/** The parts as bands of colour; neighbours of one colour are one band. */
export function bandsOf(parts: readonly (number | null)[]): string {
  const stops: string[] = [];
  for (let begin = 0; begin < parts.length;) {
    const colour = colourOf(parts[begin] ?? null);
    let end = begin + 1;
    while (end < parts.length && colourOf(parts[end] ?? null) === colour) end++;
    const at = (place: number) => `${Number(((place / parts.length) * 100).toFixed(3))}%`;
    stops.push(`${colour} ${at(begin)} ${at(end)}`);
    begin = end;
  }
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

function colourOf(share: number | null): string {
  if (share === null) return "transparent";
  if (share === 0) return "var(--strip-none)";
  if (share > 0.98) return "var(--strip-all)";
  // In tenths, and never so much that it looks like all.
  const tenths = Math.min(8, Math.max(2, Math.round(share * 10)));
  return `color-mix(in srgb, var(--strip-all) ${tenths}0%, var(--strip-none))`;
}
