// The menu that chooses the columns of the device list, and the fields of the last reports that get one. Shows no list.

import { element, setText } from "../parts/element.ts";
import {
  type ColumnName,
  columnNames,
  type Columns,
  columnWords,
  fieldColumnsMax,
} from "./fleet-columns.ts";
import { icon } from "../parts/icons.ts";

export class ColumnMenu {
  readonly #boxes = element("div", { class: "menu-part" });
  readonly #fields = element("div", { class: "menu-part" });
  readonly #fieldWords = element("p", { class: "menu-words muted small" });
  readonly #summary = element(
    "summary",
    { class: "button", title: "Choose the columns of the list" },
    icon("columns"),
    element("span", { class: "words" }, "Columns"),
  );
  readonly view = element(
    "details",
    { class: "column-menu" },
    this.#summary,
    element("div", { class: "menu card" }, this.#boxes, this.#fieldWords, this.#fields),
  );
  readonly #listening = new AbortController();

  /**
   * @param columns those that are shown now
   * @param names the fields that the last reports have
   * @param onChange called with the new choice
   */
  constructor(
    private columns: Columns,
    private readonly names: () => readonly string[],
    private readonly onChange: (columns: Columns) => void,
  ) {
    const { signal } = this.#listening;
    this.view.addEventListener("toggle", () => {
      if (this.view.open) this.#fill();
    });
    this.view.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.view.open) return;
      event.stopPropagation();
      this.view.open = false;
      this.#summary.focus();
    });
    const closeBeside = ({ target }: Event) => {
      if (target instanceof Node && !this.view.contains(target)) this.view.open = false;
    };
    addEventListener("pointerdown", closeBeside, { signal });
  }

  /** The columns that are shown are others now. */
  show(columns: Columns): void {
    this.columns = columns;
  }

  close(): void {
    this.#listening.abort();
  }

  #fill(): void {
    this.#boxes.replaceChildren(
      ...columnNames.map((name) =>
        choice(columnWords[name], this.columns.shown.includes(name), (isOn) =>
          this.#change({ shown: this.#shownWith(name, isOn) }),
        ),
      ),
    );
    // Those that are shown stay in the menu also where no device reports them any more.
    const names = [...new Set([...this.columns.fields, ...this.names()])];
    setText(
      this.#fieldWords,
      names.length === 0
        ? "Fields of the last reports could be columns, too: none has any yet."
        : `Fields of the last report, up to ${fieldColumnsMax}`,
    );
    this.#fields.replaceChildren(
      ...names.map((name) =>
        choice(name, this.columns.fields.includes(name), (isOn) =>
          this.#change({ fields: this.#fieldsWith(name, isOn) }),
        ),
      ),
    );
    this.#bound();
  }

  /** With as many fields as there is room for, no other can be chosen. */
  #bound(): void {
    const isFull = this.columns.fields.length >= fieldColumnsMax;
    for (const box of this.#fields.querySelectorAll("input")) box.disabled = isFull && !box.checked;
  }

  #change(part: Partial<Columns>): void {
    this.columns = { ...this.columns, ...part };
    this.#bound();
    this.onChange(this.columns);
  }

  #shownWith(name: ColumnName, isOn: boolean): ColumnName[] {
    return columnNames.filter((one) => (one === name ? isOn : this.columns.shown.includes(one)));
  }

  #fieldsWith(name: string, isOn: boolean): string[] {
    const others = this.columns.fields.filter((one) => one !== name);
    return isOn ? [...others, name].slice(0, fieldColumnsMax) : others;
  }
}

function choice(words: string, isOn: boolean, onChange: (isOn: boolean) => void): HTMLElement {
  const box = element("input", { type: "checkbox" });
  box.checked = isOn;
  box.addEventListener("change", () => onChange(box.checked));
  return element("label", { class: "menu-choice" }, box, element("span", {}, words));
}
