// The chart of a device: buttons for its readings and for the range of time, the curve, and figures of that range.

import type { FieldJson, SeriesJson } from "../api/shapes.ts";
import { get, isGivenUp, wordsOf } from "./api.ts";
import { Chart } from "./chart.ts";
import {
  type ChartRange,
  endsOf,
  fixed,
  moved,
  presets,
  presetSince,
  zoomed,
} from "./chart-range.ts";
import { figures, figuresOf } from "./chart-figures.ts";
import { button, element, setAttribute, setText } from "./element.ts";
import { fullMoment, measure, withUnit } from "./formats.ts";
import { icon, type IconName } from "./icons.ts";
import { serverNow } from "./moments.ts";
import { atMostEvery } from "./pace.ts";
import { skeleton } from "./skeleton.ts";

const renewMs = 2_000;
const dayMinutes = 24 * 60;
const hourMs = 3_600_000;

export class ChartCard {
  readonly #presets = presets.map(({ words, spoken, minutes }) => {
    const view = button({ "aria-label": `Show ${spoken}`, "aria-pressed": "false" }, words);
    view.addEventListener("click", () => this.#go({ kind: "last", minutes }));
    return { minutes, view };
  });
  readonly #tools = element("div", { class: "chart-tools" });
  readonly #fields = element("div", { class: "fields", role: "group", "aria-label": "Reading" });
  readonly #host = element("div", { class: "plot" });
  readonly #figure = element("div", { class: "figure", role: "group", tabindex: "0" }, this.#host);
  readonly #under = element("span");
  readonly #caption = element(
    "p",
    { class: "point muted small" },
    this.#under,
    element("span", { class: "drag" }, ". Drag to zoom in, double-click to reset."),
  );
  readonly #values = figures.map((words) => ({ words, view: element("dd", {}, "–") }));
  readonly #body = element("div", { class: "chart-body" }, skeleton(1, "chart"));
  readonly #chart: Chart;
  readonly #renew = atMostEvery(renewMs, () => void this.#load());
  readonly view: HTMLElement;
  #range: ChartRange = { kind: "last", minutes: dayMinutes };
  #names = "";
  #isBegun = false;
  #field: string | null = null;
  #shown: SeriesJson | null = null;
  /** Bounds of alerts, by field. */
  #bounds: ReadonlyMap<string, readonly number[]> = new Map();
  #known = new Map<string, FieldJson>();
  #loading: AbortController | null = null;

  constructor(
    private readonly id: string,
    private readonly onRange: (range: ChartRange) => void,
  ) {
    this.#chart = new Chart(this.#host, {
      onRange: (from, to) => this.#go(fixed(from, to, serverNow())),
      onReset: () => this.#reset(),
    });
    this.#figure.addEventListener("keydown", (event) => this.#key(event));
    setAttribute(this.#figure, "aria-keyshortcuts", "+ - ArrowLeft ArrowRight 0");
    this.#tools.append(
      element(
        "div",
        { class: "segments", role: "group", "aria-label": "Range" },
        ...this.#presets.map(({ view }) => view),
      ),
      element(
        "div",
        { class: "steps", role: "group", "aria-label": "Move and zoom" },
        this.#tool("left", "Earlier", () => this.#go(moved(this.#range, -0.5, serverNow()))),
        this.#tool("right", "Later", () => this.#go(moved(this.#range, 0.5, serverNow()))),
        this.#tool("plus", "Zoom in", () => this.#go(zoomed(this.#range, 0.5, serverNow()))),
        this.#tool("minus", "Zoom out", () => this.#go(zoomed(this.#range, 2, serverNow()))),
      ),
    );
    this.view = element(
      "section",
      { class: "card chart", "aria-labelledby": "chart-title" },
      element(
        "div",
        { class: "card-head" },
        element("h2", { id: "chart-title" }, "Readings"),
        this.#tools,
      ),
      this.#fields,
      this.#body,
    );
    this.#showPresets();
  }

  get range(): ChartRange {
    return this.#range;
  }

  /** Loads the names of the readings, and the curve of the chosen one. */
  async load(): Promise<void> {
    try {
      const { fields } = await get("/devices/{id}/fields", { id: this.id });
      this.#showFields(fields);
      if (this.#field !== null) await this.#load();
    } catch (error) {
      this.#body.replaceChildren(element("p", { class: "trouble" }, wordsOf(error)));
    }
  }

  /** Called when new reports arrived. */
  renew(): void {
    if (this.#field === null) void this.load();
    else if (this.#range.kind === "last") this.#renew();
  }

  close(): void {
    this.#renew.stop();
    this.#loading?.abort();
    this.#chart.close();
  }

  #tool(name: IconName, words: string, click: () => void): HTMLButtonElement {
    return button({ class: "quiet square", "aria-label": words, title: words, click }, icon(name));
  }

  #reset(): void {
    this.#go({ kind: "last", minutes: dayMinutes });
  }

  #go(range: ChartRange): void {
    this.#isBegun = true;
    this.#range = range;
    this.#showPresets();
    this.onRange(range);
    void this.#load();
  }

  #showPresets(): void {
    const range = this.#range;
    for (const { minutes, view } of this.#presets) {
      const isOn = range.kind === "last" && range.minutes === minutes;
      setAttribute(view, "aria-pressed", String(isOn));
    }
  }

  #showFields(fields: readonly FieldJson[]): void {
    this.#known = new Map(fields.map((field) => [field.name, field]));
    if (this.#field === null || !this.#known.has(this.#field))
      this.#field = fields[0]?.name ?? null;
    const names = fields.map(({ name }) => name).join("\n");
    if (names !== this.#names) {
      this.#names = names;
      this.#fields.replaceChildren(...fields.map(({ name }) => this.#fieldButton(name)));
    }
    this.#fields.hidden = fields.length === 0;
    this.#tools.hidden = fields.length === 0;
    for (const view of this.#fields.children) {
      const name = view.getAttribute("data-field") ?? "";
      setAttribute(view, "aria-pressed", String(name === this.#field));
      const value = view.querySelector(".field-value");
      const { latest = Number.NaN, unit = null } = this.#known.get(name) ?? {};
      if (value !== null) setText(value, withUnit(measure(latest), unit));
    }
    if (this.#field === null) this.#body.replaceChildren(noNumbers());
  }

  #fieldButton(name: string): HTMLButtonElement {
    const choose = () => {
      this.#field = name;
      for (const view of this.#fields.children) {
        setAttribute(view, "aria-pressed", String(view.getAttribute("data-field") === name));
      }
      void this.#load();
    };
    return button(
      { class: "field", "data-field": name, click: choose },
      element("span", { class: "field-name" }, name),
      element("span", { class: "field-value" }),
    );
  }

  /** Draws the bounds of alerts. @param bounds by field */
  showBounds(bounds: ReadonlyMap<string, readonly number[]>): void {
    this.#bounds = bounds;
    if (this.#shown !== null) this.#show(this.#shown);
  }

  async #load(): Promise<void> {
    const field = this.#field;
    if (field === null) return;
    this.#loading?.abort();
    const own = new AbortController();
    this.#loading = own;
    const { from, to } = endsOf(this.#range, serverNow());
    const parameters = {
      id: this.id,
      field,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      points: this.#points(),
    };
    try {
      const series = await get("/devices/{id}/series", parameters, own.signal);
      if (this.#isYoung(series, to)) this.#go(presetSince(series.times[0] ?? to, to));
      else this.#show(series);
    } catch (error) {
      if (isGivenUp(error)) return;
      setText(this.#under, wordsOf(error));
    }
  }

  #show(series: SeriesJson): void {
    if (this.#host.parentElement?.parentElement !== this.#body) {
      this.#body.replaceChildren(
        this.#figure,
        this.#caption,
        element(
          "dl",
          { class: "figures" },
          ...this.#values.map(({ words, view }) =>
            element("div", {}, element("dt", {}, words), view),
          ),
        ),
      );
    }
    const unit = this.#known.get(series.field)?.unit ?? null;
    this.#shown = series;
    this.#chart.show(series, unit, this.#bounds.get(series.field));
    this.#figure.classList.toggle("bare", series.times.length === 0);
    const texts = figuresOf(series, unit);
    for (const [i, { view }] of this.#values.entries()) setText(view, texts[i] ?? "–");
    setText(this.#under, this.#rangeWords());
    const said = figures.map((words, i) => `${words} ${texts[i]}`).join(", ");
    setAttribute(this.#figure, "aria-label", `${series.field}, ${this.#rangeWords()}. ${said}.`);
  }

  /**
   * Whether to begin with a shorter range: a device whose readings began within the last hour would be a dot at the edge
   * of a day. Only asked the first time.
   */
  #isYoung({ times }: SeriesJson, now: number): boolean {
    const isFirst = !this.#isBegun;
    this.#isBegun = true;
    const [first] = times;
    return isFirst && this.#range.kind === "last" && first !== undefined && now - first < hourMs;
  }

  /** As many points as the width can show. */
  #points(): number {
    return Math.round(Math.min(800, Math.max(150, this.view.clientWidth / 1.25)));
  }

  #rangeWords(): string {
    const { from, to } = endsOf(this.#range, serverNow());
    const words = `${fullMoment(from)} to ${this.#range.kind === "last" ? "now" : fullMoment(to)}`;
    return this.#figure.classList.contains("bare") ? `No readings from ${words}` : words;
  }

  #key(event: KeyboardEvent): void {
    const now = serverNow();
    const acts: Readonly<Record<string, () => void>> = {
      "+": () => this.#go(zoomed(this.#range, 0.5, now)),
      "=": () => this.#go(zoomed(this.#range, 0.5, now)),
      "-": () => this.#go(zoomed(this.#range, 2, now)),
      ArrowLeft: () => this.#go(moved(this.#range, -0.25, now)),
      ArrowRight: () => this.#go(moved(this.#range, 0.25, now)),
      "0": () => this.#reset(),
    };
    const act = event.ctrlKey || event.metaKey ? undefined : acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
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
      element("code", {}, "temp=21.5 humidity=48"),
      " or ",
      element("code", {}, '{"temp":21.5}'),
      ".",
    ),
  );
}
