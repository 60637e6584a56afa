// The numbers and states at the pointer, beside it.

import type uPlot from "uplot";
import { element } from "../parts/element.ts";
import { dayTime } from "../parts/formats.ts";

/** A line of the tip. */
export type TipLine = {
  readonly words: string;
  readonly value: string;
  /** How far the numbers of the point reach; empty if it is one. */
  readonly reach: string;
  /** The class of its swatch; null without. */
  readonly swatch: string | null;
};

export class ChartTip {
  readonly view = element("div", { class: "tip", hidden: true });

  /** @param left of the pointer in the plot, in pixels; negative if it is not there */
  show(plot: uPlot, left: number, time: number, lines: readonly TipLine[]): void {
    this.view.hidden = left < 0 || lines.length === 0;
    if (this.view.hidden) return;
    const isOne = lines.length === 1;
    this.view.replaceChildren(
      ...lines.map(({ words, value, reach, swatch }) =>
        element(
          "p",
          {},
          isOne || swatch === null ? null : element("span", { class: `swatch ${swatch}` }),
          isOne ? null : element("span", { class: "tip-name" }, words),
          element("strong", {}, value),
          reach === "" ? null : element("span", { class: "tip-reach" }, reach),
        ),
      ),
      element("time", {}, dayTime(time)),
    );
    // Beside the pointer, on the side with more room, and inside the plot.
    const room = plot.over.clientWidth;
    const width = this.view.offsetWidth;
    const wanted = left > room / 2 ? left - width - 14 : left + 14;
    const x = Math.max(0, Math.min(wanted, room - width));
    this.view.style.transform = `translate(${Math.round(x)}px, 8px)`;
  }
}
