// The reports of a device, newest first, in pages; the first page is live. Links download the reports of the chart's
// range as a file.

import type { ReportJson } from "../../api/shapes.ts";
import { addressOf, get, isGivenUp, wordsOf } from "../api.ts";
import { type ChartRange, endsOf } from "../chart/chart-range.ts";
import { DataTable } from "../parts/data-table.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";
import { momentElement, serverNow } from "../moments.ts";
import { atMostEvery } from "../pace.ts";
import { clockTime, dayTime, fullMoment, isSameDay } from "../parts/formats.ts";
import { clockWords, waitedWords } from "./report-times.ts";
import { skeleton } from "../parts/skeleton.ts";

/** Reports in a page; fewer on a phone, where each takes two lines. */
const perPage = matchMedia("(max-width: 720px)").matches ? 10 : 20;
const columns = [
  { name: "received", words: "Received" },
  { name: "said", words: "Message" },
  { name: "code", words: "Code" },
  { name: "stated", words: "Device time" },
];

export class ReportTable {
  readonly #table = new DataTable("Reports", columns);
  readonly #place = element("div", {}, skeleton(5, "lines"));
  readonly #newer = button({ click: () => this.#turn(-1) }, "Newer");
  readonly #older = button({ click: () => this.#turn(1) }, "Older");
  readonly #where = element("span", { class: "muted", role: "status" });
  readonly #pager = element("div", { class: "pager" }, this.#newer, this.#older, this.#where);
  readonly #csv = element("a", { class: "button", download: true }, icon("download"), "CSV");
  readonly #ndjson = element("a", { class: "button", download: true }, icon("download"), "NDJSON");
  readonly #files = element(
    "div",
    {
      class: "exports",
      role: "group",
      "aria-label": "Download the reports of the chart's range",
    },
    this.#csv,
    this.#ndjson,
  );
  readonly #renew = atMostEvery(1_000, () => void this.load());
  readonly view: HTMLElement;
  /** The cursors of the pages up to the current one; the first page has none. */
  #cursors: (string | null)[] = [null];
  #next: string | null = null;
  #shown = "";
  #loading: AbortController | null = null;

  constructor(private readonly id: string) {
    this.view = element(
      "section",
      { class: "card reports", "aria-labelledby": "reports-title" },
      element(
        "div",
        { class: "card-head" },
        element("h2", { id: "reports-title" }, "Reports"),
        this.#files,
      ),
      this.#place,
      this.#pager,
    );
    this.#showPager();
  }

  /** Sets the range of the download links. */
  showRange(range: ChartRange): void {
    const { from, to } = endsOf(range, serverNow());
    const until = range.kind === "last" ? "" : ` until ${fullMoment(to)}`;
    for (const [link, format] of [
      [this.#csv, "csv"],
      [this.#ndjson, "ndjson"],
    ] as const) {
      const ends =
        range.kind === "last"
          ? { from: `${range.minutes}m` }
          : { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      link.href = addressOf("/devices/{id}/reports", { id: this.id, ...ends, format });
      link.title = `Download the reports since ${fullMoment(from)}${until} as ${link.textContent}`;
      setAttribute(link, "aria-label", link.title);
    }
  }

  /** Called when new reports arrived: the first page is loaded again. */
  renew(): void {
    if (this.#cursors.length === 1) this.#renew();
  }

  /** Loads the current page of reports. */
  async load(): Promise<void> {
    this.#loading?.abort();
    const own = new AbortController();
    this.#loading = own;
    const cursor = this.#cursors.at(-1) ?? null;
    try {
      const given = { id: this.id, limit: perPage, cursor };
      const page = await get("/devices/{id}/reports", given, own.signal);
      this.#next = page.next;
      this.#show(page.reports);
    } catch (error) {
      if (isGivenUp(error)) return;
      this.#shown = "";
      this.#place.replaceChildren(element("p", { class: "trouble" }, wordsOf(error)));
    }
    this.#showPager();
  }

  close(): void {
    this.#renew.stop();
    this.#loading?.abort();
  }

  #turn(by: 1 | -1): void {
    if (by === 1 && this.#next !== null) this.#cursors.push(this.#next);
    else if (by === -1 && this.#cursors.length > 1) this.#cursors.pop();
    else return;
    this.#next = null;
    void this.load();
  }

  #show(reports: readonly ReportJson[]): void {
    const shown = reports.map(({ sequence }) => sequence).join();
    if (shown === this.#shown && shown !== "") return;
    this.#shown = shown;
    this.#files.hidden = reports.length === 0 && this.#cursors.length === 1;
    if (reports.length === 0) {
      this.#place.replaceChildren(element("p", { class: "empty muted" }, "No reports yet."));
      return;
    }
    this.#table.fill(
      reports.map(({ received, at, message, code, time }) => [
        receivedView(received, at),
        element("span", { class: "text" }, message),
        code,
        statedView(time, at),
      ]),
    );
    if (this.#place.firstChild !== this.#table.view) this.#place.replaceChildren(this.#table.view);
  }

  #showPager(): void {
    const page = this.#cursors.length;
    this.#pager.hidden = page === 1 && this.#next === null;
    // Hiding a focused button would lose the focus.
    setAttribute(this.#newer, "aria-disabled", page === 1 ? "true" : null);
    setAttribute(this.#older, "aria-disabled", this.#next === null ? "true" : null);
    setText(this.#where, page === 1 ? "Newest, live" : `Page ${page}`);
  }
}

/** The time of day, with the date if that is not today, how long ago, and how long the report had waited until then. */
function receivedView(received: string, measured: string): HTMLElement {
  const at = Date.parse(received);
  const words = isSameDay(at, serverNow()) ? clockTime(at) : dayTime(at);
  const waited = waitedWords(at, Date.parse(measured));
  const title = `measured ${fullMoment(Date.parse(measured))}`;
  return element(
    "span",
    { class: "when" },
    element("time", { datetime: received, title: fullMoment(at) }, words),
    momentElement(received),
    waited !== "" && element("span", { class: "waited muted", title }, waited),
  );
}

/** The device's own time as it sent it; what is wrong with it on hover. */
function statedView(time: string, measured: string): HTMLElement {
  const title = clockWords(time, Date.parse(measured));
  return element("span", title === "" ? {} : { class: "off", title }, time);
}
