// The chart of a device: what is chosen for it, its range of time, the curves and states, and figures of that range. The address
// of the page has all of that.

import type { FieldsJson } from "../../api/shapes.ts";
import { isGivenUp, wordsOf } from "../api.ts";
import { Chart } from "./chart.ts";
import {
  type ChartChoice,
  choiceIn,
  choiceParameters,
  withoutDevice,
  withReading,
} from "./chart-choice.ts";
import { ChartFields } from "./chart-fields.ts";
import { legendOf, spokenOf } from "./chart-legend.ts";
import { type ChartRange, endsOf, fixed, presetSince, usualRange } from "./chart-range.ts";
import { ChartSources, type Loaded } from "./chart-sources.ts";
import { ChartTools, keyChanges } from "./chart-tools.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { fullMoment } from "../parts/formats.ts";
import { serverNow } from "../moments.ts";
import { atMostEvery } from "../pace.ts";
import { deviceHash, noteEntries } from "../places.ts";
import { skeleton } from "../parts/skeleton.ts";

const renewMs = 2_000;
/** Of other devices no event tells that they have reported. */
const othersRenewMs = 10_000;
const hourMs = 3_600_000;

export class ChartCard {
  readonly #tools = new ChartTools((range) => this.#go(range));
  readonly #fields: ChartFields;
  readonly #sources: ChartSources;
  readonly #host = element("div", { class: "plot" });
  readonly #figure = element("div", { class: "figure", role: "group", tabindex: "0" }, this.#host);
  readonly #under = element("span");
  readonly #outside = button({ class: "plain outside", hidden: true });
  readonly #caption = element(
    "p",
    { class: "point muted small" },
    this.#under,
    element("span", { class: "drag" }, ". Drag to zoom in, double-click to reset."),
    this.#outside,
  );
  readonly #legend = element("div", { class: "legend" });
  readonly #body = element("div", { class: "chart-body" }, skeleton(1, "chart"));
  readonly #chart: Chart;
  readonly #renew = atMostEvery(renewMs, () => void this.#load());
  readonly #timer = setInterval(() => {
    if (this.#choice.devices.length > 0) this.renew();
  }, othersRenewMs);
  readonly view: HTMLElement;
  #choice: ChartChoice;
  #isBegun: boolean;
  #loaded: Loaded | null = null;
  /** Bounds of alerts, by field. */
  #bounds: ReadonlyMap<string, readonly number[]> = new Map();
  #loading: AbortController | null = null;

  /** @param parameters of the page's address */
  constructor(
    private readonly id: string,
    parameters: URLSearchParams,
    private readonly onRange: (range: ChartRange) => void,
  ) {
    this.#choice = withoutDevice(choiceIn(parameters), id);
    this.#isBegun = this.#choice.range !== null;
    this.#sources = new ChartSources(id);
    this.#fields = new ChartFields(id, this.#choice, (choice) => this.#choose(choice));
    this.#chart = new Chart(this.#host, {
      onRange: (from, to) => this.#go(fixed(from, to, serverNow())),
      onReset: () => this.#go(usualRange),
    });
    this.#figure.addEventListener("keydown", (event) => this.#key(event));
    setAttribute(this.#figure, "aria-keyshortcuts", "+ - ArrowLeft ArrowRight 0");
    this.#outside.addEventListener("click", () =>
      this.#choose({ ...this.#choice, isWhole: !this.#choice.isWhole }),
    );
    this.view = element(
      "section",
      { class: "card chart", "aria-labelledby": "chart-title" },
      element(
        "div",
        { class: "card-head" },
        element("h2", { id: "chart-title" }, "Readings"),
        this.#tools.view,
      ),
      this.#fields.view,
      this.#body,
    );
    this.#tools.show(this.range);
  }

  get range(): ChartRange {
    return this.#choice.range ?? usualRange;
  }

  /** Loads the names of the readings, and what is chosen of them. */
  async load(): Promise<void> {
    try {
      const known = await this.#sources.fields();
      this.#showKnown(known);
      if (this.#hasReadings) await this.#load();
    } catch (error) {
      this.#body.replaceChildren(element("p", { class: "trouble" }, wordsOf(error)));
    }
  }

  /** Called when new reports arrived. */
  renew(): void {
    if (!this.#hasReadings) void this.load();
    else if (this.range.kind === "last") this.#renew();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#renew.stop();
    this.#loading?.abort();
    this.#fields.close();
    this.#chart.close();
  }

  get #hasReadings(): boolean {
    return this.#choice.fields.length + this.#choice.states.length > 0;
  }

  #showKnown(known: FieldsJson): void {
    const { fields, states } = known;
    const [field] = fields;
    const [state] = states;
    // At first the one that was reported last; a state only where nothing is a number.
    if (!this.#hasReadings && (field ?? state) !== undefined) {
      const kind = field === undefined ? "state" : "field";
      const { name } = (field ?? state)!;
      this.#choice = withReading({ ...this.#choice, devices: [] }, { kind, name });
    }
    this.#fields.showChoice(this.#choice, this.#sources.names);
    this.#fields.showKnown(known);
    this.#fields.view.hidden = !this.#hasReadings;
    this.#tools.view.hidden = !this.#hasReadings;
    if (!this.#hasReadings) this.#body.replaceChildren(noNumbers());
  }

  #go(range: ChartRange): void {
    this.#isBegun = true;
    this.#choose({ ...this.#choice, range });
    this.onRange(range);
  }

  #choose(choice: ChartChoice): void {
    this.#choice = choice;
    this.#tools.show(this.range);
    this.#fields.showChoice(choice, this.#sources.names);
    noteEntries(deviceHash(this.id).slice(1), choiceParameters(choice));
    void this.#load();
  }

  /** Draws the bounds of alerts. @param bounds by field */
  showBounds(bounds: ReadonlyMap<string, readonly number[]>): void {
    this.#bounds = bounds;
    if (this.#loaded !== null) this.#show(this.#loaded);
  }

  async #load(): Promise<void> {
    if (!this.#hasReadings) return;
    this.#loading?.abort();
    const own = new AbortController();
    this.#loading = own;
    const choice = this.#choice;
    const ends = endsOf(this.range, serverNow());
    try {
      const loaded = await this.#sources.load(choice, ends, this.#points(), own.signal);
      const first = this.#youngSince(loaded);
      if (first !== null) this.#go(presetSince(first, ends.to));
      else this.#show(loaded);
      if (choice.devices.length > 0) this.#fields.showChoice(this.#choice, this.#sources.names);
    } catch (error) {
      if (isGivenUp(error)) return;
      setText(this.#under, wordsOf(error));
    }
  }

  #show(loaded: Loaded): void {
    if (this.#host.parentElement?.parentElement !== this.#body) {
      this.#body.replaceChildren(this.#figure, this.#caption, this.#legend);
    }
    this.#loaded = loaded;
    const { curves, bands, to } = loaded;
    const { isWhole } = this.#choice;
    const end = Math.min(to, serverNow());
    const shown = { ...loaded, end, isWhole, bounds: this.#bounds };
    const reports = [...curves, ...bands].reduce((sum, { points }) => sum + points.reports, 0);
    this.#figure.classList.toggle("bare", reports === 0);
    const outside = this.#chart.show(shown);
    this.#showOutside(outside);
    this.#legend.replaceChildren(legendOf(curves, bands));
    const words = this.#rangeWords(reports);
    setText(this.#under, words);
    const said = [
      ...curves.map(spokenOf),
      ...bands.map((band) => `${band.words}: ${band.points.last ?? "–"}`),
    ];
    setAttribute(this.#figure, "aria-label", `${words}. ${said.join(". ")}.`);
  }

  /** Says how many points are outside of the axes, with the button that changes that. */
  #showOutside(outside: number): void {
    const { isWhole } = this.#choice;
    this.#outside.hidden = !isWhole && outside === 0;
    const count = outside === 1 ? "1 point is" : `${outside} points are`;
    setText(
      this.#outside,
      isWhole ? "Leave far points outside" : `${count} outside: show the whole range`,
    );
    setAttribute(this.#outside, "aria-pressed", String(isWhole));
  }

  /**
   * The first reading, if the range is to begin there: a device whose readings began within the last hour would be a dot at
   * the edge of a day. Only asked the first time.
   */
  #youngSince({ curves, bands, to }: Loaded): number | null {
    const isFirst = !this.#isBegun;
    this.#isBegun = true;
    const times = [...curves, ...bands].flatMap(({ points }) => points.times.slice(0, 1));
    const first = Math.min(...times);
    return isFirst && to - first < hourMs ? first : null;
  }

  /** As many points as the width can show. */
  #points(): number {
    return Math.round(Math.min(800, Math.max(150, this.view.clientWidth / 1.25)));
  }

  #rangeWords(reports: number): string {
    const { from, to } = endsOf(this.range, serverNow());
    const words = `${fullMoment(from)} to ${this.range.kind === "last" ? "now" : fullMoment(to)}`;
    return reports === 0 ? `No readings from ${words}` : words;
  }

  #key(event: KeyboardEvent): void {
    const change = keyChanges[event.key];
    if (event.ctrlKey || event.metaKey || (change === undefined && event.key !== "0")) return;
    event.preventDefault();
    this.#tools.go(change ?? (() => usualRange));
  }
}

function noNumbers(): HTMLElement {
  return element(
    "div",
    { class: "empty" },
    element("p", {}, "No readings in the latest 100 reports"),
    element(
      "p",
      { class: "muted small" },
      "A chart is drawn of reports such as ",
      element("code", {}, "21.5"),
      ", ",
      element("code", {}, "temp=21.5 door=open"),
      " or ",
      element("code", {}, '{"temp":21.5}'),
      ".",
    ),
  );
}
