// The buttons above a chart that choose its range: the last minutes, hours and days, and moving and zooming.

import { type ChartRange, moved, presets, zoomed } from "./chart-range.ts";
import { button, element, setAttribute } from "../parts/element.ts";
import { icon, type IconName } from "../parts/icons.ts";
import { serverNow } from "../moments.ts";

/** A change of a range. */
type Change = (range: ChartRange, now: number) => ChartRange;

/** What the keys of a chart do. */
export const keyChanges: Readonly<Record<string, Change>> = {
  "+": (range, now) => zoomed(range, 0.5, now),
  "=": (range, now) => zoomed(range, 0.5, now),
  "-": (range, now) => zoomed(range, 2, now),
  ArrowLeft: (range, now) => moved(range, -0.25, now),
  ArrowRight: (range, now) => moved(range, 0.25, now),
};

export class ChartTools {
  readonly #presets = presets.map(({ words, spoken, minutes }) => {
    const view = button({ "aria-label": `Show ${spoken}`, "aria-pressed": "false" }, words);
    view.addEventListener("click", () => this.go(() => ({ kind: "last", minutes })));
    return { minutes, view };
  });
  readonly view = element(
    "div",
    { class: "chart-tools" },
    element(
      "div",
      { class: "segments", role: "group", "aria-label": "Range" },
      ...this.#presets.map(({ view }) => view),
    ),
    element(
      "div",
      { class: "steps", role: "group", "aria-label": "Move and zoom" },
      this.#tool("left", "Earlier", (range, now) => moved(range, -0.5, now)),
      this.#tool("right", "Later", (range, now) => moved(range, 0.5, now)),
      this.#tool("plus", "Zoom in", (range, now) => zoomed(range, 0.5, now)),
      this.#tool("minus", "Zoom out", (range, now) => zoomed(range, 2, now)),
    ),
  );
  #range: ChartRange = { kind: "last", minutes: 0 };

  /** @param onRange called with another range that was chosen */
  constructor(private readonly onRange: (range: ChartRange) => void) {}

  /** Marks the range that is shown. */
  show(range: ChartRange): void {
    this.#range = range;
    for (const { minutes, view } of this.#presets) {
      const isOn = range.kind === "last" && range.minutes === minutes;
      setAttribute(view, "aria-pressed", String(isOn));
    }
  }

  /** Chooses another range. */
  go(change: Change): void {
    this.onRange(change(this.#range, serverNow()));
  }

  #tool(name: IconName, words: string, change: Change): HTMLButtonElement {
    const click = () => this.go(change);
    return button({ class: "quiet square", "aria-label": words, title: words, click }, icon(name));
  }
}
