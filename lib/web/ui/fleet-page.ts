// The start page: counts, search, and the live list of all devices.

import { type DeviceOrder, type PresenceFilter, presenceFilters } from "../api/words.ts";
import { DeviceList } from "./device-list.ts";
import { button, element, setText } from "./element.ts";
import { firstSteps } from "./first-steps.ts";
import { FleetCounts } from "./fleet-counts.ts";
import { count } from "./formats.ts";
import { icon } from "./icons.ts";
import { type FleetQuery, LoadedDevices } from "./loaded-devices.ts";
import type { App, Page } from "./page.ts";
import { deviceHash, noteParameters } from "./places.ts";
import { skeleton } from "./skeleton.ts";
import type { StatusHistory } from "./status-history.ts";
import { TroubleCard } from "./trouble-card.ts";

const searchPauseMs = 150;
const filterWords: Readonly<Record<PresenceFilter, string>> = {
  online: "that are online",
  offline: "that are offline",
  silent: "that went silent",
  left: "that logged off",
  never: "that never logged in",
};
const sorts: readonly { readonly sort: DeviceOrder; readonly words: string }[] = [
  { sort: "id", words: "Device, A to Z" },
  { sort: "-id", words: "Device, Z to A" },
  { sort: "-lastSeen", words: "Last seen, newest first" },
  { sort: "lastSeen", words: "Last seen, oldest first" },
];
/** The state of the list when the page was left, restored on the way back from a device. */
const left = { hash: "", scroll: 0, active: -1, rows: 0 };

export class FleetPage implements Page {
  readonly title = "Fleet";
  readonly topics = ["devices", "reports", "seen", "status"] as const;
  readonly search = element("input", {
    type: "search",
    id: "search",
    placeholder: "Search by device id",
    "aria-label": "Search devices by any part of their id",
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "search",
  });
  readonly #order = element(
    "select",
    { "aria-label": "Sort by" },
    ...sorts.map(({ sort, words }) => element("option", { value: sort }, words)),
  );
  readonly #found = element("p", { class: "found muted", role: "status" });
  readonly #tools = element("div", { class: "tools" });
  readonly #counts = new FleetCounts((presence) => this.#ask({ presence }));
  readonly #place = element("div", { class: "place" });
  #first: HTMLElement = element("div");
  readonly #waiting = skeleton(8, "rows");
  readonly #noneWords = element("p", { class: "muted" });
  readonly #none = this.#nothing();
  readonly #trouble = new TroubleCard(
    "The devices could not be loaded",
    () => void this.#devices.load(),
  );
  readonly #devices: LoadedDevices;
  readonly #list: DeviceList;
  readonly view: HTMLElement;
  #query: FleetQuery;
  #searchTimer: ReturnType<typeof setTimeout> | undefined;
  #isRestored = false;

  constructor(
    app: App,
    private readonly statuses: StatusHistory,
    parameters: URLSearchParams,
  ) {
    this.#query = queryOf(parameters);
    this.#devices = new LoadedDevices(this.#query, () => this.#draw());
    this.#list = new DeviceList(this.#devices, {
      open: (id) => app.go(deviceHash(id)),
      sort: (sort) => this.#ask({ sort }),
    });
    this.search.value = this.#query.q;
    this.search.addEventListener("input", () => {
      clearTimeout(this.#searchTimer);
      this.#searchTimer = setTimeout(
        () => this.#ask({ q: this.search.value.trim() }),
        searchPauseMs,
      );
    });
    this.search.addEventListener("keydown", (event) => this.#searchKey(event));
    this.#order.addEventListener("change", () =>
      this.#ask({ sort: this.#order.value as DeviceOrder }),
    );
    this.#tools.append(
      element("div", { class: "search" }, icon("search"), this.search, element("kbd", {}, "/")),
      this.#order,
      this.#found,
    );
    this.view = element(
      "div",
      { class: "page fleet" },
      element("h1", { class: "unseen" }, "Fleet"),
      this.#counts.view,
      this.#tools,
      this.#place,
    );
    this.#showQuery();
    this.#draw();
  }

  readonly receiver: Page["receiver"] = {
    hello: ({ devicePort }) => {
      this.#first = firstSteps(devicePort);
      void this.#devices.load(this.#isBack() ? left.rows : undefined);
    },
    devices: (event) => this.#devices.takeChanges(event),
    reports: (event) => this.#devices.takeReports(event),
    seen: (event) => this.#devices.takeSeen(event),
    status: ({ devices }) => {
      this.#devices.takeCount(devices.registered);
      this.#counts.show(this.statuses);
    },
  };

  onShown(): void {
    this.#counts.show(this.statuses);
  }

  onKey(event: KeyboardEvent): boolean {
    // Enter on a button or link activates that instead.
    if (event.key === "Enter" && event.target instanceof HTMLElement) {
      if (event.target.closest("button, a") !== null) return false;
    }
    return this.#list.onKey(event);
  }

  close(): void {
    clearTimeout(this.#searchTimer);
    Object.assign(left, {
      hash: this.#hash(),
      scroll: scrollY,
      active: this.#list.active,
      rows: this.#devices.rows.length,
    });
    this.#devices.close();
    this.#list.close();
  }

  #ask(part: Partial<FleetQuery>): void {
    this.#query = { ...this.#query, ...part };
    this.#list.active = -1;
    this.#isRestored = true;
    this.#showQuery();
    this.#devices.ask(this.#query);
    const { q, presence, sort } = this.#query;
    noteParameters("/", { q, presence, sort: sort === "id" ? "" : sort });
  }

  #showQuery(): void {
    this.#counts.showFilter(this.#query.presence);
    this.#list.showSort(this.#query.sort);
    this.#order.value = this.#query.sort;
  }

  #draw(): void {
    const { isLoaded, rows, total, trouble } = this.#devices;
    const { q, presence } = this.#query;
    const isFiltered = q !== "" || presence !== "";
    const hasRows = rows.length > 0;
    let shown: HTMLElement = this.#list.view;
    if (!hasRows && trouble !== null) shown = this.#trouble.show(trouble);
    else if (!isLoaded && !hasRows) shown = this.#waiting;
    else if (isLoaded && !hasRows) shown = isFiltered ? this.#none : this.#first;
    if (shown === this.#none) this.#showNone();
    if (this.#place.firstChild !== shown) this.#place.replaceChildren(shown);
    this.#tools.hidden = shown === this.#first;
    this.#place.classList.toggle("old", !isLoaded && hasRows);
    const noun = total === 1 ? "device" : "devices";
    setText(this.#found, isLoaded && total > 0 ? `${count(total)} ${noun}` : "");
    this.#list.draw();
    if (isLoaded) this.#restore();
  }

  /** After coming back from a device, restores selection and scroll position. */
  #restore(): void {
    if (this.#isRestored) return;
    const isBack = this.#isBack();
    this.#isRestored = true;
    if (!isBack) return;
    this.#list.active = left.active;
    this.#list.draw();
    // The list gets its height in the next frame.
    requestAnimationFrame(() => requestAnimationFrame(() => scrollTo(0, left.scroll)));
    if (left.active >= 0) this.#list.focus();
  }

  #isBack(): boolean {
    return !this.#isRestored && left.hash === this.#hash();
  }

  #hash(): string {
    return Object.values(this.#query).join("\n");
  }

  #nothing(): HTMLElement {
    const all = () => {
      this.search.value = "";
      this.#ask({ q: "", presence: "" });
    };
    return element(
      "section",
      { class: "card empty" },
      element("h2", {}, "No matching devices"),
      this.#noneWords,
      button({ click: all }, "Show all devices"),
    );
  }

  #showNone(): void {
    const { q, presence } = this.#query;
    const which = presence === "" ? "" : ` ${filterWords[presence]}`;
    const text =
      q === "" ? `There are no devices${which}.` : `No devices${which} have “${q}” in their id.`;
    setText(this.#noneWords, text);
  }

  #searchKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.search.value !== "") {
      this.search.value = "";
      this.#ask({ q: "" });
      event.preventDefault();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      this.#list.onKey(event);
    } else if (event.key === "Enter" && this.#devices.total === 1) {
      this.#list.active = 0;
      this.#list.openActive();
    }
  }
}

function queryOf(parameters: URLSearchParams): FleetQuery {
  const presence = parameters.get("presence");
  const sort = parameters.get("sort");
  return {
    q: parameters.get("q") ?? "",
    presence: presenceFilters.find((one) => one === presence) ?? "",
    sort: sorts.find((one) => one.sort === sort)?.sort ?? "id",
  };
}
