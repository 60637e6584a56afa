// The device list: a grid with arrow-key navigation and sortable columns. It renders the rows that are loaded.

import type { DeviceOrder } from "../api/words.ts";
import { button, element, setAttribute } from "./element.ts";
import { DeviceListRow, rowId } from "./device-list-row.ts";
import type { LoadedDevices } from "./loaded-devices.ts";
import { VirtualList } from "./virtual-list.ts";

export type DeviceListActs = {
  readonly open: (id: string) => void;
  readonly sort: (sort: DeviceOrder) => void;
};

type Head = { readonly cell: HTMLElement; readonly key: "id" | "lastSeen" };

export class DeviceList {
  readonly view: HTMLElement;
  /** The row selected by the keyboard; -1 for none. */
  active = -1;
  readonly #grid: HTMLElement;
  readonly #top: HTMLElement;
  readonly #list: VirtualList;
  readonly #heads: Head[] = [];

  constructor(
    private readonly devices: LoadedDevices,
    private readonly acts: DeviceListActs,
  ) {
    this.#top = element("div", { class: "row head", role: "row", "aria-rowindex": "1" });
    this.#top.append(
      this.#sortHead("device", "Device", "id"),
      head("presence", "Status"),
      head("transport", "Encryption"),
      head("report", "Last report"),
      this.#sortHead("seen", "Last seen", "lastSeen"),
    );
    const body = element("div", { class: "rows", role: "rowgroup" });
    this.#grid = element(
      "div",
      { class: "grid", role: "grid", tabindex: "0", "aria-label": "Devices" },
      element("div", { class: "heads", role: "rowgroup" }, this.#top),
      body,
    );
    this.#list = new VirtualList(body, {
      make: () => {
        const row = new DeviceListRow();
        const show = (place: number) =>
          row.show(place, this.devices.rows[place], place === this.active);
        return { view: row.view, show };
      },
      onSight: (_first, last) => this.devices.need(last),
      coverPx: () => Math.max(0, this.#top.getBoundingClientRect().bottom),
    });
    body.addEventListener("click", (event) => this.#click(event));
    this.view = this.#grid;
  }

  /** Renders the rows that are loaded now. */
  draw(): void {
    const { rows, total } = this.devices;
    if (this.active >= total) this.active = total - 1;
    setAttribute(this.#grid, "aria-rowcount", String(total + 1));
    setAttribute(this.#grid, "aria-busy", String(rows.length === 0 && !this.devices.isLoaded));
    const isThere = this.active >= 0;
    setAttribute(this.#grid, "aria-activedescendant", isThere ? rowId(this.active) : null);
    this.#list.count = total;
  }

  /** Marks the column the list is sorted by, and the direction. */
  showSort(sort: DeviceOrder): void {
    for (const { cell, key } of this.#heads) {
      const direction = sort.startsWith("-") ? "descending" : "ascending";
      setAttribute(cell, "aria-sort", sort.replace("-", "") === key ? direction : "none");
    }
  }

  focus(): void {
    this.#grid.focus({ preventScroll: true });
  }

  /** Handles a key pressed on the list or elsewhere on the page. Returns whether it was used. */
  onKey({ key }: KeyboardEvent): boolean {
    const last = this.devices.total - 1;
    if (last < 0) return false;
    const page = this.#list.rowsInSight;
    switch (key) {
      case "ArrowDown":
        return this.#go(Math.min(last, this.active + 1));
      case "ArrowUp":
        return this.#go(Math.max(0, this.active - 1));
      case "PageDown":
        return this.#go(Math.min(last, this.active + page));
      case "PageUp":
        return this.#go(Math.max(0, this.active - page));
      case "Home":
        return this.#go(0);
      case "End":
        return this.#go(last);
      case "Enter":
        return this.openActive();
      default:
        return false;
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

  #go(place: number): boolean {
    this.active = place;
    this.draw();
    this.#list.reveal(place);
    if (document.activeElement !== this.#grid) this.focus();
    return true;
  }

  #click(event: MouseEvent): void {
    if (!(event.target instanceof Element) || event.target.closest("a") !== null) return;
    // Selecting text in a row must not open the device.
    if (getSelection()?.isCollapsed === false) return;
    const row = event.target.closest(".row");
    const place = Number(row?.id.replace("row-", "") ?? Number.NaN);
    const device = this.devices.rows[place];
    if (device !== undefined) this.acts.open(device.id);
  }

  #sortHead(name: string, words: string, key: Head["key"]): HTMLElement {
    const cell = head(name);
    const sort = () => {
      // The first click sorts the way most useful for the column: ids from A, packets from the newest.
      const now = cell.getAttribute("aria-sort");
      if (now === "none") this.acts.sort(key === "id" ? "id" : "-lastSeen");
      else this.acts.sort(now === "ascending" ? `-${key}` : key);
    };
    cell.append(button({ class: "sort", click: sort }, words));
    this.#heads.push({ cell, key });
    return cell;
  }
}

function head(name: string, words?: string): HTMLElement {
  return element("div", { class: `cell ${name}`, role: "columnheader" }, words);
}
