// The heads of the device list: a press on one sorts by its column, a second one the other way. Sorts nothing itself.

import type { DeviceOrder } from "../../api/words.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { columnWords, fieldCells } from "./fleet-columns.ts";

/** What the list is sorted by; the field of `value` and `-value`. */
export type ListOrder = { readonly sort: DeviceOrder; readonly field: string };

type Key = "name" | "area" | "status" | "lastSeen" | "value";
/** What the first press does: the way that is most useful for the column. */
const firsts: Readonly<Record<Key, DeviceOrder>> = {
  name: "name",
  area: "area",
  status: "status",
  lastSeen: "-lastSeen",
  value: "-value",
};

type Head = { readonly cell: HTMLElement; readonly key: Key; field: string };

export class ListHeads {
  readonly view = element("div", { class: "row head", role: "row", "aria-rowindex": "1" });
  readonly #heads: Head[] = [];
  readonly #fields: readonly { readonly head: Head; readonly words: HTMLElement }[];
  #order: ListOrder = { sort: "id", field: "" };

  /** @param all the box that selects all */
  constructor(
    all: HTMLElement,
    private readonly onSort: (order: ListOrder) => void,
  ) {
    const pick = head("pick");
    pick.append(all);
    this.#fields = fieldCells("columnheader").map((cell) => {
      const words = element("span");
      return { head: this.#sorts(cell, "value", words), words };
    });
    this.view.append(
      pick,
      this.#sorted("device", "Device", "name"),
      this.#sorted("labels", columnWords.labels, "area"),
      this.#sorted("presence", columnWords.presence, "status"),
      head("transport", columnWords.transport),
      head("source", columnWords.source),
      head("report", columnWords.report),
      ...this.#fields.map(({ head: { cell } }) => cell),
      head("availability", columnWords.availability),
      this.#sorted("seen", columnWords.seen, "lastSeen"),
    );
  }

  /** Names the field columns. */
  showFields(fields: readonly string[]): void {
    for (const [i, { head: one, words }] of this.#fields.entries()) {
      const field = fields[i] ?? "";
      one.field = field;
      one.cell.hidden = field === "";
      setText(words, field);
      setAttribute(one.cell, "title", field === "" ? null : `Sort by ${field}`);
    }
    this.showSort(this.#order);
  }

  /** Marks the column the list is sorted by, and the direction. */
  showSort(order: ListOrder): void {
    this.#order = order;
    const direction = order.sort.startsWith("-") ? "descending" : "ascending";
    for (const one of this.#heads) {
      setAttribute(one.cell, "aria-sort", this.#isBy(one) ? direction : "none");
    }
  }

  #isBy({ key, field }: Head): boolean {
    const by = this.#order.sort.replace("-", "");
    if (key === "value") return by === key && field === this.#order.field;
    return by === key || (key === "name" && by === "id");
  }

  #sorted(name: string, words: string, key: Key): HTMLElement {
    return this.#sorts(head(name), key, element("span", {}, words)).cell;
  }

  #sorts(cell: HTMLElement, key: Key, words: HTMLElement): Head {
    const own: Head = { cell, key, field: "" };
    const sort = () => {
      const { sort: now } = this.#order;
      const isOwn = this.#isBy(own) && !now.endsWith("id");
      const other = now.startsWith("-") ? key : (`-${key}` as const);
      this.onSort({ sort: isOwn ? other : firsts[key], field: own.field });
    };
    cell.append(button({ class: "sort", click: sort }, words));
    this.#heads.push(own);
    return own;
  }
}

function head(name: string, words?: string): HTMLElement {
  return element(
    "div",
    { class: `cell ${name}`, role: "columnheader" },
    words !== undefined && element("span", { class: "head-words" }, words),
  );
}
