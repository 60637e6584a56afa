// The labels of a device on its page: as chips that can be taken away, and a field for another one. The name is not among them.

import { wordsOf } from "../api.ts";
import { labelIn, type Labels, labelsOf, labelText } from "./device-labels.ts";
import { button, element, setText } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";
import { changeLabels, type LabelChange, labelTrouble } from "./label-change.ts";
import { removableChip } from "./label-chips.ts";
import type { App } from "../page.ts";

export class LabelEditor {
  readonly #chips = element("ul", { class: "chips wrapped", "aria-label": "Labels" });
  readonly #more = button({ class: "quiet add-label" }, icon("plus"), "Label");
  readonly #text = element("input", {
    placeholder: "area=Kitchen",
    "aria-label": "Another label, as area=Kitchen",
    "aria-describedby": "label-trouble",
    title: "key=value; unit.temp=°C is the unit of a number without one",
    maxlength: 97,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "done",
  });
  readonly #form = element(
    "form",
    { class: "label-form", hidden: true },
    this.#text,
    element("button", { type: "submit" }, "Add"),
    button({ class: "quiet", click: () => this.#end() }, "Cancel"),
  );
  readonly #trouble = element("p", { id: "label-trouble", class: "trouble small", role: "alert" });
  readonly view = element(
    "div",
    { class: "label-editor", hidden: true },
    this.#chips,
    this.#more,
    this.#form,
    this.#trouble,
  );
  #shown = "";

  /** @param onLabels called with the labels after a change */
  constructor(
    private readonly app: App,
    private readonly id: string,
    private readonly onLabels: (labels: Labels) => void,
  ) {
    this.#more.addEventListener("click", () => this.#begin());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#add();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.#end();
    });
  }

  show(labels: Labels): void {
    this.view.hidden = false;
    const all = labelsOf(labels);
    const shown = all.map(labelText).join("\n");
    if (shown === this.#shown) return;
    this.#shown = shown;
    const hadFocus = this.#chips.contains(document.activeElement);
    this.#chips.replaceChildren(
      ...all.map((label) => removableChip(label, () => void this.#change({ remove: [label.key] }))),
    );
    // The button that had the focus is gone.
    if (hadFocus) this.#more.focus();
  }

  #begin(): void {
    this.#more.hidden = true;
    this.#form.hidden = false;
    this.#text.focus();
  }

  #end(): void {
    this.#form.hidden = true;
    this.#more.hidden = false;
    this.#text.value = "";
    setText(this.#trouble, "");
    this.#more.focus();
  }

  async #add(): Promise<void> {
    const text = this.#text.value.trim();
    if (text === "") return this.#end();
    const label = labelIn(text);
    if (label === null) {
      setText(this.#trouble, "Write key=value, as in area=Kitchen.");
      return this.#text.focus();
    }
    // The field stays: one who sets a label often sets another.
    if (await this.#change({ set: { [label.key]: label.value } })) this.#text.value = "";
    this.#text.focus();
  }

  /** Resolves to whether it was changed. */
  async #change(change: LabelChange): Promise<boolean> {
    setText(this.#trouble, "");
    try {
      const labels = await changeLabels(this.app, this.id, change);
      if (labels === null) return false;
      this.onLabels(labels);
      return true;
    } catch (error) {
      setText(this.#trouble, labelTrouble(wordsOf(error)));
      return false;
    }
  }
}
