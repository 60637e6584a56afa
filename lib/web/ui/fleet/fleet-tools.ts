// The tools above the device list: the filter by when a device was heard, the order where the heads have no room, and the
// columns. Asks nobody itself.

import { addressOf } from "../api.ts";
import { ColumnMenu } from "./column-menu.ts";
import { button, element, setAttribute } from "../parts/element.ts";
import { type Columns, fieldColumnsMax, storeColumns, storedColumns } from "./fleet-columns.ts";
import { askedFor, type FleetQuery, ordersOf, unheardChoices } from "./fleet-query.ts";
import type { ListOrder } from "./list-heads.ts";
import { icon } from "../parts/icons.ts";

export type FleetToolsActs = {
  readonly order: (order: ListOrder) => void;
  readonly unheard: (age: string) => void;
  readonly alerts: (alerts: FleetQuery["alerts"]) => void;
  readonly columns: (columns: Columns) => void;
  /** The fields that the last reports have. */
  readonly names: () => readonly string[];
};

export class FleetTools {
  readonly order = element("select", { class: "order", "aria-label": "Sort by" });
  readonly unheard = element(
    "select",
    { class: "unheard", "aria-label": "When devices were heard" },
    ...unheardChoices.map(({ age, words }) => element("option", { value: age }, words)),
  );
  /** Narrows the list to devices with an alert; there while one fires, and while it is pressed. */
  readonly alarmed = button(
    { class: "alarmed", "aria-label": "With an alert", title: "Only devices with an alert" },
    icon("bell"),
    element("span", { class: "words" }, "With an alert"),
  );
  readonly menu: ColumnMenu;
  /** Downloads what the list shows, all of it. */
  readonly file = element(
    "a",
    {
      class: "button file",
      download: true,
      title: "Download these devices as CSV, with a column for each label and field",
      "aria-label": "Download these devices as CSV",
    },
    icon("download"),
    element("span", { class: "words" }, "CSV"),
  );
  columns = storedColumns();
  #orders = ordersOf(this.columns.fields);
  #query: FleetQuery | null = null;
  #firing = 0;

  constructor(private readonly acts: FleetToolsActs) {
    this.menu = new ColumnMenu(this.columns, acts.names, (columns) => this.#choose(columns));
    this.order.addEventListener("change", () => {
      const chosen = this.#orders[this.order.selectedIndex];
      if (chosen !== undefined) acts.order({ sort: chosen.sort, field: chosen.field });
    });
    this.unheard.addEventListener("change", () => acts.unheard(this.unheard.value));
    this.alarmed.addEventListener("click", () =>
      acts.alerts(this.#query?.alerts === "firing" ? "" : "firing"),
    );
    this.#fillOrders();
  }

  /** Gives a field its column for as long as the page is shown: an address can have an order by one that has none here. */
  include(field: string): void {
    const { fields } = this.columns;
    if (fields.includes(field)) return;
    const others = fields.slice(0, fieldColumnsMax - 1);
    this.#take({ ...this.columns, fields: [...others, field] });
    this.menu.show(this.columns);
  }

  /** So many alerts fire. */
  showFiring(firing: number): void {
    this.#firing = firing;
    this.alarmed.hidden = firing === 0 && this.#query?.alerts !== "firing";
  }

  show(query: FleetQuery): void {
    this.#query = query;
    const isNow = (one: ListOrder) =>
      one.sort === query.sort && (one.field === "" || one.field === query.field);
    this.order.selectedIndex = this.#orders.findIndex(isNow);
    this.unheard.value = query.unheard;
    this.file.href = addressOf("/devices", { ...askedFor(query), format: "csv" });
    this.unheard.classList.toggle("on", query.unheard !== "");
    setAttribute(this.alarmed, "aria-pressed", String(query.alerts !== ""));
    this.showFiring(this.#firing);
  }

  close(): void {
    this.menu.close();
  }

  #choose(columns: Columns): void {
    storeColumns(columns);
    this.#take(columns);
    if (this.#query !== null) this.show(this.#query);
    this.acts.columns(columns);
  }

  #take(columns: Columns): void {
    this.columns = columns;
    this.#orders = ordersOf(columns.fields);
    this.#fillOrders();
  }

  #fillOrders(): void {
    this.order.replaceChildren(...this.#orders.map(({ words }) => element("option", {}, words)));
  }
}
