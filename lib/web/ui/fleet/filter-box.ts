// The box above the list: searches for a text or filters by a selector, and says below it where a selector is wrong. Asks
// nobody itself.

import { element, setAttribute } from "../parts/element.ts";
import { refusalOf } from "./filter-text.ts";
import { icon } from "../parts/icons.ts";

export type FilterBoxActs = {
  /** The text was changed, a moment ago. */
  readonly onText: (text: string) => void;
  /** The list is to be moved in by a key. */
  readonly onDown: (event: KeyboardEvent) => void;
  readonly onEnter: () => void;
};

const pauseMs = 150;

export class FilterBox {
  readonly input = element("input", {
    type: "search",
    id: "search",
    placeholder: "Search, or area=Kitchen",
    title:
      "A part of a name, id, label, MAC or IP; or a selector: area=Kitchen|Cellar, !area, presence=silent, id=th-*",
    "aria-label": "Search devices by name, id, label, MAC or IP, or filter them by a selector",
    "aria-keyshortcuts": "/",
    "aria-describedby": "search-trouble",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "search",
  });
  readonly view = element(
    "div",
    { class: "search" },
    icon("search"),
    this.input,
    element("kbd", {}, "/"),
  );
  readonly trouble = element("p", {
    id: "search-trouble",
    class: "search-trouble small",
    role: "status",
    hidden: true,
  });
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = "";

  constructor(private readonly acts: FilterBoxActs) {
    this.input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => acts.onText(this.text), pauseMs);
    });
    this.input.addEventListener("keydown", (event) => this.#key(event));
  }

  get text(): string {
    return this.input.value.trim();
  }

  set text(text: string) {
    clearTimeout(this.#timer);
    this.input.value = text;
  }

  /** Shows why a text was refused; null if it was not. */
  showRefusal(text: string, detail: string | null): void {
    this.trouble.hidden = detail === null;
    setAttribute(this.input, "aria-invalid", detail === null ? null : "true");
    const shown = detail === null ? "" : `${text}\n${detail}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (detail === null) return this.trouble.replaceChildren();
    const { before, at, after, words } = refusalOf(text, detail);
    const place = element("mark", {}, at === "" ? "\u00a0" : at);
    const hasPlace = before !== "" || at !== "";
    this.trouble.replaceChildren(
      ...(hasPlace ? [element("code", {}, before, place, after)] : []),
      element("span", {}, words),
    );
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.input.value !== "") {
      this.text = "";
      this.acts.onText("");
      event.preventDefault();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      this.acts.onDown(event);
    } else if (event.key === "Enter") this.acts.onEnter();
  }
}
