// The device list: a grid with arrow-key navigation and sortable columns. It renders the rows that are loaded.

import { copyText } from "../parts/copying.ts";
import { element, setAttribute } from "../parts/element.ts";
import { type Label, labelIn } from "../labels/device-labels.ts";
import { DeviceListRow, rowId } from "./device-list-row.ts";
import { type Columns, tracksOf } from "./fleet-columns.ts";
import { type ListOrder, ListHeads } from "./list-heads.ts";
import type { LoadedDevices } from "./loaded-devices.ts";
import type { Selection } from "../parts/selection.ts";
import { VirtualList } from "../parts/virtual-list.ts";

export type DeviceListActs = {
  readonly open: (id: string) => void;
  readonly sort: (order: ListOrder) => void;
  readonly filter: (label: Label) => void;
  /** An id was copied, or could not be. */
  readonly copied: (isDone: boolean) => void;
  /** The selection was changed. */
  readonly selected: () => void;
  /** All devices of the list are to be selected, or none. */
  readonly selectAll: () => void;
};

export class DeviceList {
  readonly view: HTMLElement;
  /** The row selected by the keyboard; -1 for none. */
  active = -1;
  readonly #grid: HTMLElement;
  readonly #list: VirtualList;
  readonly #all = element("input", { type: "checkbox", "aria-label": "Select all that match" });
  readonly #heads: ListHeads;
  /** The text that the list is filtered by. */
  filter = "";
  #columns: Columns = { shown: [], fields: [] };

  constructor(
    private readonly devices: LoadedDevices,
    private readonly selection: Selection,
    private readonly acts: DeviceListActs,
  ) {
    this.#heads = new ListHeads(this.#all, acts.sort);
    this.#all.addEventListener("change", () => acts.selectAll());
    const body = element("div", { class: "rows", role: "rowgroup" });
    this.#grid = element(
      "div",
      { class: "grid", role: "grid", tabindex: "0", "aria-label": "Devices" },
      element("div", { class: "heads", role: "rowgroup" }, this.#heads.view),
      body,
    );
    this.#list = new VirtualList(body, {
      make: () => {
        const row = new DeviceListRow();
        const show = (place: number) => this.#show(row, place);
        return { view: row.view, show };
      },
      onSight: (_first, last) => this.devices.need(last),
      coverPx: () => Math.max(0, this.#heads.view.getBoundingClientRect().bottom),
    });
    body.addEventListener("click", (event) => this.#click(event));
    // A press with Shift selects a range of rows, not the text between; and a box does not take the focus from the list.
    body.addEventListener("mousedown", (event) => {
      const isPick = event.target instanceof Element && event.target.closest(".pick") !== null;
      if (isPick || event.shiftKey) event.preventDefault();
    });
    this.view = this.#grid;
  }

  /** Renders the rows that are loaded now. */
  draw(): void {
    const { rows, total } = this.devices;
    if (this.active >= total) this.active = total - 1;
    setAttribute(this.#grid, "aria-rowcount", String(total + 1));
    setAttribute(this.#grid, "aria-busy", String(rows.length === 0 && !this.devices.isLoaded));
    const isBare = !this.devices.isLabelled;
    if (isBare !== this.#grid.hasAttribute("data-bare")) {
      this.#grid.toggleAttribute("data-bare", isBare);
      this.#layOut();
      this.#list.measure();
    }
    const { size } = this.selection;
    this.#all.checked = size > 0 && size >= total;
    this.#all.indeterminate = size > 0 && size < total;
    const isThere = this.active >= 0;
    setAttribute(this.#grid, "aria-activedescendant", isThere ? rowId(this.active) : null);
    this.#list.count = total;
  }

  /** Marks the column the list is sorted by, and the direction. */
  showSort(order: ListOrder): void {
    this.#heads.showSort(order);
  }

  /** Shows other columns. */
  showColumns(columns: Columns): void {
    this.#columns = columns;
    this.#heads.showFields(columns.fields);
    this.#layOut();
    this.#list.draw();
  }

  #layOut(): void {
    const isBare = this.#grid.hasAttribute("data-bare");
    const { style } = this.#grid;
    for (const room of ["wide", "middle", "narrow"] as const) {
      style.setProperty(`--columns-${room}`, tracksOf(this.#columns, isBare, room));
    }
    const { shown, fields } = this.#columns;
    setAttribute(this.#grid, "data-columns", shown.join(" "));
    const others = Number(!isBare) + Number(shown.includes("source")) + fields.length;
    this.#grid.toggleAttribute("data-dense", others > 0);
    this.#grid.toggleAttribute("data-full", others > 2);
  }

  focus(): void {
    this.#grid.focus({ preventScroll: true });
  }

  /** Handles a key pressed on the list or elsewhere on the page. Returns whether it was used. */
  onKey({ key, shiftKey }: KeyboardEvent): boolean {
    const last = this.devices.total - 1;
    if (last < 0) return false;
    const place = this.#placeAfter(key, last);
    if (place !== null) return this.#go(place, shiftKey && key.startsWith("Arrow"));
    switch (key) {
      case " ":
        return this.#select(this.active, shiftKey);
      case "ArrowRight":
        return this.#step(1);
      case "ArrowLeft":
        return this.#step(-1);
      case "Enter":
        return this.openActive();
      default:
        return false;
    }
  }

  /** The row that a key leads to; null if it is no such key. */
  #placeAfter(key: string, last: number): number | null {
    const page = this.#list.rowsInSight;
    switch (key) {
      case "ArrowDown":
        return Math.min(last, this.active + 1);
      case "ArrowUp":
        return Math.max(0, this.active - 1);
      case "PageDown":
        return Math.min(last, this.active + page);
      case "PageUp":
        return Math.max(0, this.active - page);
      case "Home":
        return 0;
      case "End":
        return last;
      default:
        return null;
    }
  }

  /** Opens the selected device. */
  openActive(): boolean {
    const device = this.devices.rows[this.active];
    if (device === undefined) return false;
    this.acts.open(device.id);
    return true;
  }

  close(): void {
    this.#list.close();
  }

  #show(row: DeviceListRow, place: number): void {
    const device = this.devices.rows[place];
    row.show(place, device, {
      isActive: place === this.active,
      isSelected: device !== undefined && this.selection.has(device.id),
      filter: this.filter,
      fields: this.#columns.fields,
    });
  }

  /** Selects a row, or leaves it; with `isRange` all rows from the last one that was. */
  #select(place: number, isRange: boolean): boolean {
    const device = this.devices.rows[place];
    if (device === undefined) return false;
    if (isRange) this.selection.extend(this.devices.ids, device.id);
    else this.selection.toggle(device.id);
    this.acts.selected();
    return true;
  }

  /** Moves the focus along the name, the bell and the chips of the active row; before the name it is on the list. */
  #step(by: 1 | -1): boolean {
    const row = document.getElementById(rowId(this.active));
    const links = [...(row?.querySelectorAll<HTMLElement>("a, button") ?? [])];
    const stops = links.filter((link) => link.checkVisibility());
    const now = stops.findIndex((stop) => stop === document.activeElement);
    if (now + by < -1) return false;
    if (now + by < 0) this.focus();
    else stops[now + by]?.focus();
    return true;
  }

  #go(place: number, isRange = false): boolean {
    const from = this.devices.rows[this.active];
    if (isRange && from !== undefined && this.selection.size === 0) this.selection.toggle(from.id);
    this.active = place;
    if (isRange) this.#select(place, true);
    this.draw();
    this.#list.reveal(place);
    if (document.activeElement !== this.#grid) this.focus();
    return true;
  }

  #click(event: MouseEvent): void {
    const { target } = event;
    if (!(target instanceof Element) || target.closest("a") !== null) return;
    const row = target.closest(".row");
    const place = Number(row?.id.replace("row-", "") ?? Number.NaN);
    const label = labelIn(target.closest("[data-label]")?.getAttribute("data-label") ?? "");
    if (label !== null) return this.acts.filter(label);
    const id = target.closest("[data-copy]")?.getAttribute("data-copy") ?? "";
    if (id !== "") return void copyText(id).then(this.acts.copied);
    if (target.closest(".pick") !== null) {
      this.active = place;
      this.#select(place, event.shiftKey);
      return;
    }
    // Selecting text in a row must not open the device.
    if (getSelection()?.isCollapsed === false) return;
    const device = this.devices.rows[place];
    if (device !== undefined) this.acts.open(device.id);
  }
}
