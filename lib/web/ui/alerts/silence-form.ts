// The first alert: one form makes a destination and a rule that tells when a device falls silent, sends a test message, and says
// what became of it.

import { putDestination, putRule, mayChange, testDestination, testWords } from "./alert-calls.ts";
import { wordsOf } from "../api.ts";
import { element, setText } from "../parts/element.ts";
import type { App } from "../page.ts";

const times = [
  { value: "5m", words: "5 minutes" },
  { value: "10m", words: "10 minutes" },
  { value: "1h", words: "1 hour" },
] as const;
/** The usual forms of messages, by what people call them. */
export const formatWords = {
  ntfy: "ntfy (phone)",
  text: "Slack, Mattermost, Discord (/slack)",
  json: "JSON",
  alertmanager: "Alertmanager's webhook",
  "alertmanager-api": "Alertmanager itself (/api/v2/alerts)",
} as const;
export type FormatName = keyof typeof formatWords;

export class SilenceForm {
  readonly #url = element("input", {
    id: "silence-url",
    type: "url",
    required: true,
    maxlength: 2048,
    placeholder: "https://ntfy.sh/a-topic-of-your-own",
    autocomplete: "off",
    spellcheck: "false",
  });
  readonly #format = formatSelect("silence-format", "ntfy");
  readonly #time = element(
    "select",
    { id: "silence-time" },
    ...times.map(({ value, words }) =>
      element("option", { value, selected: value === "10m" }, words),
    ),
  );
  readonly #submit = element("button", { type: "submit", class: "primary" }, "Tell me");
  readonly #result = element("p", { class: "alert-result", role: "status" });
  readonly view: HTMLElement;

  /** @param onDone called when the rule is made */
  constructor(
    private readonly app: App,
    private readonly onDone: () => void,
  ) {
    const form = element(
      "form",
      { class: "alert-form" },
      field("silence-url", "Send to", this.#url, "wide"),
      field("silence-format", "As", this.#format),
      field("silence-time", "When silent for", this.#time),
      this.#submit,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#url.addEventListener("input", () => this.#guess());
    this.view = element(
      "section",
      { class: "card silence", "aria-labelledby": "silence-title" },
      element("h2", { id: "silence-title" }, "Tell me when a device falls silent"),
      element(
        "p",
        { class: "muted" },
        "A message to your phone or chat, and another when the device is back. With ntfy: install the app, subscribe to a topic that nobody guesses, and put its address here.",
      ),
      form,
      this.#result,
    );
  }

  /** Most hosts tell what they take. */
  #guess(): void {
    const url = this.#url.value;
    if (/ntfy/.test(url)) this.#format.value = "ntfy";
    else if (/slack|discord|mattermost/.test(url)) this.#format.value = "text";
    else if (/\/api\/v2\/alerts\/?$/.test(url)) this.#format.value = "alertmanager-api";
  }

  async #send(): Promise<void> {
    if (this.#submit.getAttribute("aria-disabled") === "true") return;
    if (!(await mayChange(this.app))) return;
    this.#submit.setAttribute("aria-disabled", "true");
    this.#result.dataset["kind"] = "";
    setText(this.#result, "Sending a test message…");
    try {
      await putDestination("me", { url: this.#url.value.trim(), format: this.#format.value });
      const tested = await testDestination("me");
      await putRule("silent devices", { rule: `offline for ${this.#time.value}`, to: ["me"] });
      this.#result.dataset["kind"] = tested.done ? "good" : "bad";
      setText(this.#result, `${testWords(tested)}. ${tested.done ? "Look at your phone." : ""}`);
      this.onDone();
    } catch (error) {
      this.#result.dataset["kind"] = "bad";
      setText(this.#result, wordsOf(error));
    } finally {
      this.#submit.removeAttribute("aria-disabled");
    }
  }
}

/** A choice of the form of messages. */
export function formatSelect(id: string, chosen: FormatName): HTMLSelectElement {
  return element(
    "select",
    { id },
    ...Object.entries(formatWords).map(([value, words]) =>
      element("option", { value, selected: value === chosen }, words),
    ),
  );
}

/** A field with its label. */
export function field(id: string, words: string, input: HTMLElement, kind = ""): HTMLElement {
  return element(
    "div",
    { class: `alert-field ${kind}` },
    element("label", { for: id }, words),
    input,
  );
}
