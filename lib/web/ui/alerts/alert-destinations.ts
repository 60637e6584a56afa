// Who is told of alerts: listed with what became of the last message, tried, made and removed. Secrets go in and are not shown.

import type { DestinationJson } from "../../api/alert-shapes.ts";
import {
  mayChange,
  putDestination,
  removeDestination,
  testDestination,
  testWords,
  tryChange,
} from "./alert-calls.ts";
import { wordsOf } from "../api.ts";
import { button, element, setText } from "../parts/element.ts";
import { momentElement } from "../moments.ts";
import type { App } from "../page.ts";
import { field, formatSelect, formatWords } from "./silence-form.ts";

export class AlertDestinations {
  readonly #list = element("ul", { class: "alert-items", "aria-label": "Destinations" });
  readonly #hidden = element("p", { class: "muted" });
  readonly #trouble = element("p", { class: "trouble", role: "alert" });
  readonly #name = element("input", {
    id: "to-name",
    required: true,
    maxlength: 64,
    autocomplete: "off",
    placeholder: "phone",
  });
  readonly #url = element("input", {
    id: "to-url",
    type: "url",
    required: true,
    maxlength: 2048,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "https://…",
  });
  readonly #format = formatSelect("to-format", "ntfy");
  /** What became of the last test, by destination: shown until the list is loaded again. */
  readonly #tests = new Map<string, string>();
  readonly view: HTMLElement;

  /** @param onChange called when something was changed */
  constructor(
    private readonly app: App,
    private readonly onChange: () => void,
  ) {
    const form = element(
      "form",
      { class: "alert-form", "aria-label": "New destination" },
      field("to-name", "Name", this.#name),
      field("to-url", "URL", this.#url, "wide"),
      field("to-format", "As", this.#format),
      element("button", { type: "submit", class: "primary" }, "Add destination"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#add();
    });
    this.view = element(
      "section",
      { class: "card alert-destinations", "aria-labelledby": "destinations-title" },
      element("h2", { id: "destinations-title" }, "Who is told"),
      this.#hidden,
      this.#list,
      form,
      this.#trouble,
    );
  }

  /** @param destinations null if they may not be seen */
  show(destinations: readonly DestinationJson[] | null): void {
    this.#hidden.hidden = destinations !== null && destinations.length > 0;
    setText(this.#hidden, destinations === null ? "Log in to see who is told." : "Nobody yet.");
    this.#list.replaceChildren(...(destinations ?? []).map((one) => this.#item(one)));
  }

  #item({ name, url, format, last }: DestinationJson): HTMLElement {
    const result = element(
      "span",
      { class: "small alert-result", role: "status" },
      this.#tests.get(name) ?? "",
    );
    const test = button({ "aria-label": `Test ${name}` }, "Test");
    test.addEventListener("click", () => void this.#test(name, test, result));
    return element(
      "li",
      {},
      element(
        "div",
        { class: "alert-what" },
        element("strong", {}, name),
        element("span", { class: "alert-url", title: url }, url),
        element(
          "span",
          { class: "muted small" },
          formatWords[format],
          " · ",
          ...(last === null
            ? ["nothing sent yet"]
            : [`last: ${last.status}, `, momentElement(last.time)]),
        ),
        result,
      ),
      element(
        "div",
        { class: "alert-acts" },
        test,
        button(
          {
            class: "quiet danger",
            "aria-label": `Remove the destination ${name}`,
            click: () => void this.#change(() => removeDestination(name)),
          },
          "Remove",
        ),
      ),
    );
  }

  async #test(name: string, by: HTMLButtonElement, result: HTMLElement): Promise<void> {
    if (by.getAttribute("aria-disabled") === "true" || !(await mayChange(this.app))) return;
    by.setAttribute("aria-disabled", "true");
    setText(result, "Sending…");
    try {
      const tested = await testDestination(name);
      result.dataset["kind"] = tested.done ? "good" : "bad";
      setText(result, testWords(tested));
    } catch (error) {
      result.dataset["kind"] = "bad";
      setText(result, wordsOf(error));
    } finally {
      by.removeAttribute("aria-disabled");
      this.#tests.set(name, result.textContent ?? "");
    }
  }

  async #add(): Promise<void> {
    const name = this.#name.value.trim();
    const given = { url: this.#url.value.trim(), format: this.#format.value };
    if (!(await this.#change(() => putDestination(name, given)))) return;
    this.#name.value = "";
    this.#url.value = "";
  }

  async #change(change: () => Promise<void>): Promise<boolean> {
    const tell = (trouble: string) => setText(this.#trouble, trouble);
    const isChanged = await tryChange(this.app, change, tell);
    if (isChanged) this.onChange();
    return isChanged;
  }
}
