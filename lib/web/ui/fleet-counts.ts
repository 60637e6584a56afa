// The fleet in numbers: how many are online, offline, never seen, as buttons that filter the list, and the reports a
// second.

import { button, element, setAttribute, setText } from "./element.ts";
import { count, rate } from "./formats.ts";
import type { Presence } from "./shapes.ts";
import { Sparkline } from "./sparkline.ts";
import type { StatusHistory } from "./status-history.ts";

type Filter = Presence | "";

const tiles: readonly { readonly filter: Filter; readonly words: string }[] = [
  { filter: "", words: "Registered" },
  { filter: "online", words: "Online" },
  { filter: "offline", words: "Offline" },
  { filter: "never", words: "Never seen" },
];

export class FleetCounts {
  readonly #tiles = tiles.map(({ filter, words }) => {
    const number = element("span", { class: "number" }, "–");
    const share = element("span", { class: "share" });
    const view = button(
      { class: "tile", "data-kind": filter, "aria-pressed": "false" },
      element("span", { class: "tile-name" }, words),
      element("span", { class: "tile-value" }, number, share),
    );
    view.addEventListener("click", () => this.onFilter(filter));
    return { filter, number, share, view };
  });
  readonly #parts = (["online", "offline", "never"] as const).map((name) => ({
    name,
    view: element("span", { "data-kind": name }),
  }));
  readonly #rate = element("span", { class: "number" }, "–");
  readonly #spark = new Sparkline();
  readonly view: HTMLElement;

  constructor(private readonly onFilter: (filter: Filter) => void) {
    this.view = element(
      "section",
      { class: "counts", "aria-label": "The fleet in numbers" },
      element(
        "div",
        { class: "tiles" },
        ...this.#tiles.map(({ view }) => view),
        element(
          "div",
          { class: "tile pulse" },
          element("span", { class: "tile-name" }, "Reports a second"),
          element("span", { class: "tile-value" }, this.#rate, this.#spark.view),
        ),
      ),
      element(
        "div",
        { class: "shares", "aria-hidden": "true" },
        ...this.#parts.map(({ view }) => view),
      ),
    );
  }

  show(statuses: StatusHistory): void {
    const { latest } = statuses;
    if (latest === null) return;
    const { devices, rates } = latest;
    for (const { filter, number, share } of this.#tiles) {
      const own = devices[filter === "" ? "registered" : filter];
      setText(number, count(own));
      const isPart = filter !== "" && devices.registered > 0;
      setText(share, isPart ? percent(own / devices.registered) : "");
    }
    for (const { name, view } of this.#parts) view.style.flexGrow = String(devices[name]);
    setText(this.#rate, rate(rates.reportsPerSecond));
    this.#spark.draw(statuses.rates("reportsPerSecond"));
  }

  showFilter(filter: Filter): void {
    for (const tile of this.#tiles) {
      setAttribute(tile.view, "aria-pressed", String(tile.filter === filter));
    }
  }
}

/** A share that says 0 % and 100 % only where it is so. */
function percent(share: number): string {
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share < 1 && share > 0.99) return "> 99 %";
  return `${Math.round(share * 100)} %`;
}
