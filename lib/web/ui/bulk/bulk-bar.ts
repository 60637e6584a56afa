// The bar of what can be done to the devices that are selected. It floats at the end of the window while there are any.

import { button, element, setText } from "../parts/element.ts";
import { count } from "../parts/formats.ts";
import { icon } from "../parts/icons.ts";
import { type Selection, selectedMax } from "../parts/selection.ts";

/** Something that can be done to the selected devices. */
export type SelectionAct = {
  readonly words: string;
  readonly isDangerous?: boolean;
  readonly act: () => void;
};

export class BulkBar {
  readonly #count = element("strong", {});
  readonly #all = button({ class: "quiet" });
  readonly view: HTMLElement;

  /**
   * @param acts in the order of their buttons
   * @param more selects all devices that match, and none
   */
  constructor(
    private readonly selection: Selection,
    acts: readonly SelectionAct[],
    more: { readonly all: () => void; readonly none: () => void },
  ) {
    this.#all.addEventListener("click", more.all);
    const words = "Select none";
    this.view = element(
      "section",
      { class: "bulk-bar", "aria-label": "Selected devices", hidden: true },
      element("p", { class: "bulk-count", role: "status" }, this.#count),
      this.#all,
      element(
        "div",
        { class: "bulk-acts" },
        ...acts.map(({ words: own, isDangerous, act }) =>
          button({ class: isDangerous === true ? "quiet danger" : "quiet", click: act }, own),
        ),
      ),
      button(
        { class: "quiet square", "aria-label": words, title: `${words} (Esc)`, click: more.none },
        icon("close"),
      ),
    );
  }

  /** Shows how many are selected. @param total how many match */
  draw(total: number): void {
    const { size } = this.selection;
    this.view.hidden = size === 0;
    if (size === 0) return;
    setText(this.#count, `${count(size)} selected`);
    this.#all.hidden = size >= total || total > selectedMax;
    setText(this.#all, `Select all ${count(total)} that match`);
  }
}
