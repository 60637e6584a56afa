// The tiles above the device list: how many devices there are of each status, and the rate of reports. A tile filters
// the list.

import type { StatusJson } from "../../api/server-shapes.ts";
import type { PresenceFilter } from "../../api/words.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { count, rate } from "../parts/formats.ts";
import { Sparkline } from "../parts/sparkline.ts";
import type { StatusHistory } from "../status-history.ts";

type Filter = PresenceFilter | "";

const tiles: readonly {
  readonly filter: Filter;
  readonly words: string;
  readonly mark?: string;
}[] = [
  { filter: "", words: "All devices" },
  { filter: "online", words: "Online", mark: "online" },
  { filter: "silent", words: "Went silent", mark: "silent" },
  { filter: "left", words: "Logged off", mark: "offline" },
  { filter: "never", words: "Never logged in", mark: "never" },
];
const shares = ["online", "silent", "left", "never"] as const;

export class FleetCounts {
  readonly #tiles = tiles.map(({ filter, words, mark }) => {
    const number = element("span", { class: "number" }, "–");
    const share = element("span", { class: "share" });
    const view = button(
      { class: "tile", "data-kind": filter, "aria-pressed": "false" },
      element(
        "span",
        { class: "tile-name" },
        mark !== undefined && element("span", { class: "mark", "data-kind": mark }),
        words,
      ),
      element("span", { class: "tile-value" }, number, share),
    );
    view.addEventListener("click", () => this.#choose(filter));
    return { filter, number, share, view };
  });
  readonly #shares = shares.map((name) => ({
    name,
    view: element("span", { "data-kind": name }),
  }));
  readonly #rate = element("span", { class: "number" }, "–");
  readonly #spark = new Sparkline();
  readonly #pulse = element(
    "div",
    { class: "tile pulse" },
    element("span", { class: "tile-name" }, "Reports / s"),
    element("span", { class: "tile-value" }, this.#rate, this.#spark.view),
  );
  readonly view: HTMLElement;
  #filter: Filter = "";

  constructor(private readonly onFilter: (filter: Filter) => void) {
    this.view = element(
      "section",
      { class: "counts", "aria-label": "Devices by status" },
      element("div", { class: "tiles" }, ...this.#tiles.map(({ view }) => view), this.#pulse),
      element(
        "div",
        { class: "shares", "aria-hidden": "true" },
        ...this.#shares.map(({ view }) => view),
      ),
    );
  }

  show(statuses: StatusHistory): void {
    const { latest } = statuses;
    if (latest === null) return;
    const { devices, fleet } = latest;
    for (const { filter, number, share, view } of this.#tiles) {
      const own = countOf(devices, filter);
      setText(number, count(own));
      setAttribute(view, "data-empty", own === 0 ? "" : null);
      const isPart = filter !== "" && devices.registered > 0;
      setText(share, isPart ? percent(own / devices.registered) : "");
    }
    for (const { name, view } of this.#shares) {
      const own = countOf(devices, name);
      view.hidden = own === 0;
      view.style.flexGrow = String(own);
    }
    setAttribute(this.#pulse, "title", fleet.nodes > 1 ? `Of all ${fleet.nodes} nodes` : null);
    setText(this.#rate, rate(fleet.reportsPerSecond));
    this.#spark.draw(statuses.fleetReports());
  }

  showFilter(filter: Filter): void {
    this.#filter = filter;
    for (const tile of this.#tiles) {
      setAttribute(tile.view, "aria-pressed", String(tile.filter === filter));
    }
  }

  /** A second press on a filter removes it. */
  #choose(filter: Filter): void {
    this.onFilter(filter === this.#filter ? "" : filter);
  }
}

function countOf(devices: StatusJson["devices"], filter: Filter): number {
  if (filter === "") return devices.registered;
  return filter === "left" ? devices.offline - devices.silent : devices[filter];
}

/** A rounded share; says 0 % and 100 % only where that is exact. */
function percent(share: number): string {
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share < 1 && share > 0.99) return "> 99 %";
  return `${Math.round(share * 100)} %`;
}
