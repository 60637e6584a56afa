// A table whose head stays while its rows are replaced. On a narrow screen the style sheet lays each row out in two lines.

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

  /** Replaces all rows; each is its cells in the order of the columns. */
  fill(rows: readonly (readonly Child[])[]): void {
    this.#body.replaceChildren(...rows.map((cells) => this.#row(cells)));
  }

  /** Adds rows at the end. */
  add(rows: readonly (readonly Child[])[]): void {
    this.#body.append(...rows.map((cells) => this.#row(cells)));
  }

  #row(cells: readonly Child[]): HTMLElement {
    return element(
      "tr",
      {},
      ...this.columns.map(({ name }, i) => element("td", { class: name }, cells[i])),
    );
  }
}
