// Shown in place of content that could not be loaded, with a button to try again.

import { button, element, setText } from "../parts/element.ts";

export class TroubleCard {
  readonly #words = element("p", { class: "muted" });
  readonly #view: HTMLElement;

  constructor(title: string, retry: () => void) {
    this.#view = element(
      "section",
      { class: "card empty", role: "alert" },
      element("h2", {}, title),
      this.#words,
      button({ click: retry }, "Try again"),
    );
  }

  /** The card, with the error message. */
  show(trouble: string): HTMLElement {
    setText(this.#words, trouble);
    return this.#view;
  }
}
