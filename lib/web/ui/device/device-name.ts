// The title of a device's page: its name, changed in place, and its id below. A device without a name has its id as the title.

import { wordsOf } from "../api.ts";
import { copiedWords, copyText } from "../parts/copying.ts";
import { type Labels, nameOf } from "../labels/device-labels.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";
import { changeLabels, labelTrouble } from "../labels/label-change.ts";
import type { App } from "../page.ts";

export class DeviceName {
  readonly #title = element("h1", {});
  readonly #pencil = button({ class: "quiet square pencil" }, icon("pencil"));
  readonly #copy = button(
    { class: "quiet square pencil", title: "Copy the id", "aria-label": "Copy the id" },
    icon("copy"),
  );
  readonly #line = element("div", { class: "name-line" }, this.#title, this.#pencil, this.#copy);
  readonly #text = element("input", {
    class: "name-text",
    maxlength: 64,
    placeholder: "e.g. Cold room",
    "aria-label": "Name",
    "aria-describedby": "name-trouble",
    autocomplete: "off",
  });
  readonly #trouble = element("p", { id: "name-trouble", class: "trouble", role: "alert" });
  readonly #form = element(
    "form",
    { class: "name-form", hidden: true },
    this.#text,
    element("button", { type: "submit", class: "primary" }, "Save"),
    button({ class: "quiet", click: () => this.#end() }, "Cancel"),
  );
  readonly #id = element("p", { class: "muted mono device-id", hidden: true });
  readonly view = element(
    "div",
    { class: "device-name" },
    this.#line,
    this.#form,
    this.#trouble,
    this.#id,
  );
  #name = "";

  /** @param onLabels called with the labels after a change */
  constructor(
    private readonly app: App,
    private readonly id: string,
    private readonly onLabels: (labels: Labels) => void,
  ) {
    this.#pencil.hidden = true;
    this.#pencil.addEventListener("click", () => this.#begin());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
    this.#copy.addEventListener("click", () => {
      const tell = (isDone: boolean) => app.announce(copiedWords(isDone));
      void copyText(id).then(tell);
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.#end();
    });
    setText(this.#title, id);
  }

  show(labels: Labels): void {
    this.#name = labels["name"] ?? "";
    const title = nameOf({ id: this.id, labels });
    setText(this.#title, title);
    setText(this.#id, this.id);
    this.#id.hidden = title === this.id;
    const words = this.#name === "" ? "Give it a name" : "Rename";
    this.#pencil.title = words;
    setAttribute(this.#pencil, "aria-label", words);
    this.#pencil.hidden = false;
  }

  /** Shows that there is no such device, whose name nobody can change. */
  showGone(): void {
    this.#end();
    setText(this.#title, this.id);
    this.#id.hidden = true;
    this.#pencil.hidden = true;
  }

  #begin(): void {
    this.#text.value = this.#name;
    this.#line.hidden = true;
    this.#form.hidden = false;
    this.#text.focus();
    this.#text.select();
  }

  #end(): void {
    if (this.#form.hidden) return;
    this.#form.hidden = true;
    this.#line.hidden = false;
    setText(this.#trouble, "");
    this.#pencil.focus();
  }

  async #save(): Promise<void> {
    const name = this.#text.value.trim();
    if (name === this.#name) return this.#end();
    setText(this.#trouble, "");
    try {
      const change = name === "" ? { remove: ["name"] } : { set: { name } };
      const labels = await changeLabels(this.app, this.id, change);
      if (labels === null) return;
      this.onLabels(labels);
      this.#end();
    } catch (error) {
      setText(this.#trouble, labelTrouble(wordsOf(error)));
      this.#text.focus();
    }
  }
}
