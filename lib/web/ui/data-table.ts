// A table that is filled again and again: its head stays, its rows are replaced. On a narrow screen the style sheet makes
// a small card of every row, with the names of the columns in front.

import { type Child, element } from "./element.ts";

export type Column = { readonly name: string; readonly words: string };

export class DataTable {
  readonly #body = element("tbody");
  readonly view: HTMLElement;

  constructor(
    label: string,
    private readonly columns: readonly Column[],
  ) {
    const heads = columns.map(({ name, words }) =>
      element("th", { scope: "col", class: name }, words),
    );
    this.view = element(
      "table",
      { class: "data", "aria-label": label },
      element("thead", {}, element("tr", {}, ...heads)),
      this.#body,
    );
  }

  /** Replaces the rows: for each the cells in the order of the columns. */
  fill(rows: readonly (readonly Child[])[]): void {
    this.#body.replaceChildren(...rows.map((cells) => this.#row(cells)));
  }

  /** Adds rows below. */
  add(rows: readonly (readonly Child[])[]): void {
    this.#body.append(...rows.map((cells) => this.#row(cells)));
  }

  #row(cells: readonly Child[]): HTMLElement {
    return element(
      "tr",
      {},
      ...this.columns.map(({ name, words }, i) =>
        element("td", { class: name, "data-head": words }, cells[i]),
      ),
    );
  }
}
