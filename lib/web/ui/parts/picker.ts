// A button that opens a list to choose from, which is searched as one types. Finds nothing itself: the caller does.

import { button, element, setAttribute, setText } from "./element.ts";
import { icon } from "./icons.ts";

export type Option = {
  readonly key: string;
  readonly words: string;
  /** Beside the words, less visible. */
  readonly note: string;
  readonly isOn: boolean;
  /** Why it cannot be chosen; empty if it can. */
  readonly refusal: string;
};

export type PickerActs = {
  /** Finds the options for a text. */
  readonly find: (text: string) => readonly Option[] | Promise<readonly Option[]>;
  /** An option was pressed. */
  readonly choose: (key: string) => void;
};

const pauseMs = 150;

export class Picker {
  readonly #words = element("span");
  readonly #open = button(
    { class: "field opens", "aria-expanded": "false" },
    icon("plus"),
    this.#words,
  );
  readonly #input: HTMLInputElement;
  readonly #list = element("ul", { class: "options" });
  readonly #none = element("p", { class: "muted small", role: "status", hidden: true });
  readonly #panel: HTMLElement;
  readonly view: HTMLElement;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listening = new AbortController();

  /** @param search what the field is for, in words */
  constructor(
    words: string,
    search: string,
    private readonly acts: PickerActs,
  ) {
    setText(this.#words, words);
    this.#input = element("input", {
      type: "search",
      placeholder: search,
      "aria-label": search,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
    });
    this.#panel = element(
      "div",
      { class: "picker-panel", role: "dialog", "aria-label": words, hidden: true },
      this.#input,
      this.#list,
      this.#none,
    );
    this.view = element("div", { class: "picker" }, this.#open, this.#panel);
    this.#open.addEventListener("click", () => this.#toggle(this.#panel.hidden !== false));
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.renew(), pauseMs);
    });
    this.view.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("pointerdown", (event) => this.#leave(event.target), {
      signal: this.#listening.signal,
    });
    this.view.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget !== null) this.#leave(relatedTarget);
    });
  }

  /** Changes the words of the button. */
  set words(words: string) {
    setText(this.#words, words);
    setAttribute(this.#panel, "aria-label", words);
  }

  /** Finds the options anew, if the list is open. */
  renew(): void {
    if (!this.#panel.hidden) void this.#find();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#listening.abort();
  }

  #toggle(isOpen: boolean): void {
    this.#panel.hidden = !isOpen;
    setAttribute(this.#open, "aria-expanded", String(isOpen));
    if (!isOpen) return;
    this.#input.value = "";
    this.#list.replaceChildren();
    this.#input.focus();
    this.renew();
  }

  #leave(target: EventTarget | null): void {
    if (!(target instanceof Node && this.view.contains(target))) this.#toggle(false);
  }

  async #find(): Promise<void> {
    const asked = ++this.#asked;
    const found = await this.acts.find(this.#input.value.trim());
    if (asked !== this.#asked) return;
    const focused = document.activeElement?.getAttribute("data-key") ?? null;
    this.#list.replaceChildren(...found.map((option) => this.#item(option)));
    this.#none.hidden = found.length > 0;
    setText(this.#none, "Nothing with this text");
    const again = this.#buttons().find((one) => one.getAttribute("data-key") === focused);
    if (focused !== null) (again ?? this.#input).focus();
  }

  #item({ key, words, note, isOn, refusal }: Option): HTMLElement {
    const view = button(
      {
        class: "option",
        "data-key": key,
        "aria-pressed": String(isOn),
        "aria-disabled": refusal === "" ? null : "true",
        title: refusal === "" ? null : refusal,
        click: () => {
          if (refusal === "") this.acts.choose(key);
        },
      },
      icon("check"),
      element("span", { class: "option-words" }, words),
      element("span", { class: "option-note" }, note),
    );
    return element("li", {}, view);
  }

  #buttons(): HTMLButtonElement[] {
    return Array.from(this.#list.querySelectorAll("button"));
  }

  #key(event: KeyboardEvent): void {
    if (this.#panel.hidden) return;
    const all: HTMLElement[] = [this.#input, ...this.#buttons()];
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (event.key === "Escape") {
      this.#toggle(false);
      this.#open.focus();
    } else if (event.key === "ArrowDown") all[Math.min(at + 1, all.length - 1)]?.focus();
    else if (event.key === "ArrowUp") all[Math.max(at - 1, 0)]?.focus();
    else if (event.key === "Enter" && at === 0) all[1]?.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
