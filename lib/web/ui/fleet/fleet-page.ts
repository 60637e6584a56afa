// The start page: counts, the filter, the live list of all devices, and what can be done to those that are selected.

import { AddDevice } from "../door/add-device.ts";
import { copiedWords } from "../parts/copying.ts";
import type { Label } from "../labels/device-labels.ts";
import { DeviceList } from "./device-list.ts";
import { button, element, setText } from "../parts/element.ts";
import { FilterBox } from "./filter-box.ts";
import { fieldNamesOf } from "./field-text.ts";
import { toggledTerm } from "./filter-text.ts";
import { firstSteps } from "./first-steps.ts";
import type { Columns } from "./fleet-columns.ts";
import { FleetCounts } from "./fleet-counts.ts";
import { type FleetQuery, isNarrow, noneWords, parametersOf, queryIn } from "./fleet-query.ts";
import { FleetSelection } from "./fleet-selection.ts";
import { FleetTools } from "./fleet-tools.ts";
import { count } from "../parts/formats.ts";
import { LoadedDevices } from "./loaded-devices.ts";
import type { App, Page } from "../page.ts";
import { PendingCard } from "../door/pending-card.ts";
import { deviceHash, noteParameters } from "../places.ts";
import { SilenceHint } from "../alerts/silence-hint.ts";
import { skeleton } from "../parts/skeleton.ts";
import type { StatusHistory } from "../status-history.ts";
import { TroubleCard } from "../server/trouble-card.ts";

/** The state of the list when the page was left, restored on the way back from a device. */
const left = { hash: "", scroll: 0, active: -1, rows: 0 };

export class FleetPage implements Page {
  readonly title = "Fleet";
  readonly topics = ["devices", "reports", "seen", "status", "pending", "alerts"] as const;
  readonly #box = new FilterBox({
    onText: (text) => this.#ask({ text }),
    onDown: (event) => void this.#list.onKey(event),
    onEnter: () => this.#openOnly(),
  });
  readonly search = this.#box.input;
  readonly #choices = new FleetTools({
    order: (order) => this.#ask(order),
    unheard: (unheard) => this.#ask({ unheard }),
    alerts: (alerts) => this.#ask({ alerts }),
    columns: (columns) => this.#showColumns(columns),
    names: () => fieldNamesOf(this.#devices.rows),
  });
  readonly #found = element("p", { class: "found muted", role: "status" });
  readonly #tools = element("div", { class: "tools" });
  readonly #counts = new FleetCounts((presence) => this.#ask({ presence }));
  readonly #place = element("div", { class: "place" });
  /** Known when the stream has begun. */
  #first: HTMLElement | null = null;
  readonly #waiting = skeleton(8, "rows");
  readonly #noneWords = element("p", { class: "muted" });
  readonly #none = this.#nothing();
  readonly #trouble = new TroubleCard(
    "The devices could not be loaded",
    () => void this.#devices.load(),
  );
  readonly #devices: LoadedDevices;
  readonly #selection: FleetSelection;
  readonly #list: DeviceList;
  readonly #hint = new SilenceHint();
  readonly #pending: PendingCard;
  readonly #adding: AddDevice;
  readonly view: HTMLElement;
  #query: FleetQuery;
  #isRestored = false;

  constructor(
    app: App,
    private readonly statuses: StatusHistory,
    parameters: URLSearchParams,
  ) {
    this.#query = queryIn(parameters);
    this.#devices = new LoadedDevices(this.#query, () => this.#draw());
    this.#selection = new FleetSelection(app, this.#devices, () => this.#draw());
    this.#pending = new PendingCard(app);
    this.#adding = new AddDevice(app);
    this.#list = new DeviceList(this.#devices, this.#selection.chosen, {
      open: (id) => app.go(deviceHash(id)),
      sort: (order) => this.#ask(order),
      filter: (label) => this.#filterBy(label),
      copied: (isDone) => app.announce(copiedWords(isDone)),
      selected: () => this.#draw(),
      selectAll: () => void this.#selection.toggleAll(),
    });
    this.#box.text = this.#query.text;
    this.#tools.append(
      this.#box.view,
      this.#choices.unheard,
      this.#choices.alarmed,
      this.#choices.order,
      this.#choices.menu.view,
      this.#choices.file,
      this.#found,
      this.#adding.button(),
      this.#box.trouble,
    );
    this.view = element(
      "div",
      { class: "page fleet" },
      element("h1", { class: "unseen" }, "Fleet"),
      this.#counts.view,
      this.#adding.notice,
      this.#pending.view,
      this.#hint.view,
      this.#tools,
      this.#place,
      this.#selection.bar.view,
    );
    const { sort, field } = this.#query;
    if (sort.endsWith("value") && field !== "") this.#choices.include(field);
    this.#list.showColumns(this.#choices.columns);
    this.#devices.showColumns(this.#choices.columns);
    this.#showQuery();
    this.#draw();
    void this.#devices.loadEarly();
  }

  readonly receiver: Page["receiver"] = {
    hello: ({ devicePort }) => {
      this.#first = firstSteps(devicePort, this.#adding.below());
      this.#adding.load();
      void this.#pending.begin();
      void this.#hint.load();
      void this.#devices.load(this.#isBack() ? left.rows : undefined);
    },
    devices: (event) => {
      this.#selection.chosen.drop(event.removed);
      this.#devices.takeChanges(event);
      this.#adding.noteDevices();
    },
    reports: (event) => this.#devices.takeReports(event),
    seen: (event) => this.#devices.takeSeen(event),
    pending: (event) => {
      this.#pending.take(event);
      this.#adding.load();
    },
    alerts: (event) => this.#devices.takeAlerts(event),
    status: ({ devices, alerts }) => {
      this.#choices.showFiring(alerts.firing);
      this.#devices.takeCount(devices.registered);
      this.#counts.show(this.statuses);
    },
  };

  onShown(): void {
    this.#counts.show(this.statuses);
  }

  onKey(event: KeyboardEvent): boolean {
    if (event.key === "Escape" && this.#selection.chosen.size > 0) {
      this.#selection.clear();
      return true;
    }
    // Enter on a button or link activates that instead.
    const { key, target } = event;
    if ((key === "Enter" || key === " ") && target instanceof HTMLElement) {
      if (target.closest("button, a") !== null) return false;
    }
    return this.#list.onKey(event);
  }

  close(): void {
    this.#box.close();
    Object.assign(left, {
      hash: this.#hash(),
      scroll: scrollY,
      active: this.#list.active,
      rows: this.#devices.rows.length,
    });
    this.#devices.close();
    this.#pending.close();
    this.#adding.close();
    this.#choices.close();
    this.#list.close();
  }

  #ask(part: Partial<FleetQuery>): void {
    // Who is filtered out would be changed unseen.
    if (part.sort === undefined) this.#selection.chosen.clear();
    this.#query = { ...this.#query, ...part };
    this.#list.active = -1;
    this.#isRestored = true;
    this.#showQuery();
    this.#devices.ask(this.#query);
    noteParameters("/", parametersOf(this.#query));
  }

  /** Who loses the column that the list is sorted by sees no order any more. */
  #showColumns(columns: Columns): void {
    this.#list.showColumns(columns);
    this.#devices.showColumns(columns);
    const { sort, field } = this.#query;
    if (sort.endsWith("value") && !columns.fields.includes(field)) {
      this.#ask({ sort: "id", field: "" });
    }
  }

  #showQuery(): void {
    this.#counts.showFilter(this.#query.presence);
    this.#list.showSort(this.#query);
    this.#choices.show(this.#query);
  }

  #draw(): void {
    const { isLoaded, rows, total, trouble, refusal } = this.#devices;
    this.#box.showRefusal(this.#query.text, refusal);
    const hasRows = rows.length > 0;
    let shown: HTMLElement = this.#list.view;
    if (!hasRows && trouble !== null) shown = this.#trouble.show(trouble);
    else if (!isLoaded && !hasRows) shown = this.#waiting;
    else if (!hasRows) shown = isNarrow(this.#query) ? this.#none : (this.#first ?? this.#waiting);
    if (shown === this.#none) setText(this.#noneWords, noneWords(this.#query));
    if (this.#place.firstChild !== shown) this.#place.replaceChildren(shown);
    this.#tools.hidden = shown === this.#first;
    this.#place.classList.toggle("old", !isLoaded && hasRows);
    const noun = total === 1 ? "device" : "devices";
    setText(this.#found, isLoaded && total > 0 ? `${count(total)} ${noun}` : "");
    this.#list.filter = this.#devices.text;
    this.#list.draw();
    this.#selection.bar.draw(total);
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
      this.#box.text = "";
      this.#ask({ text: "", presence: "", unheard: "", alerts: "" });
    };
    return element(
      "section",
      { class: "card empty" },
      element("h2", {}, "No matching devices"),
      this.#noneWords,
      button({ click: all }, "Show all devices"),
    );
  }

  /** Opens the device that is the only one found. */
  #openOnly(): void {
    if (this.#devices.total !== 1) return;
    this.#list.active = 0;
    this.#list.openActive();
  }

  #filterBy(label: Label): void {
    const text = toggledTerm(this.#query.text, label);
    this.#box.text = text;
    this.#ask({ text });
  }
}
