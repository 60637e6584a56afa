// The form that makes a join token: for how many devices, how long, and what they get. What is wrong with one, the server says.

import { labelsIn } from "../labels/device-labels.ts";
import type { AskedToken, Door } from "./door.ts";
import { element, setText } from "../parts/element.ts";
import { labelTrouble } from "../labels/label-change.ts";
import { labelField } from "../labels/label-field.ts";
import { field } from "../alerts/silence-form.ts";

const uses = ["1", "2", "5", "10", "20", "50", "100", "1000", "unlimited"] as const;
const times = [
  { value: "1h", words: "1 hour" },
  { value: "24h", words: "24 hours" },
  { value: "7d", words: "7 days" },
  { value: "30d", words: "30 days" },
  { value: "never", words: "ever" },
] as const;

/** A token that was made. `words`: what it is for, as in `for 1 device, for 24 hours`. */
export type MadeToken = { readonly number: number; readonly token: string; readonly words: string };

export class JoinTokenForm {
  readonly #uses = choice(
    "token-uses",
    uses.map((value) => ({ value, words: usesWords(value) })),
    "1",
  );
  readonly #for = choice("token-for", times, "24h");
  readonly #labels = labelField("token-labels", "token-trouble");
  readonly #ids = textField("token-ids", "all, or th-*|pi1");
  readonly #note = textField("token-note", "for yourself", 120);
  readonly #approve = element("input", { id: "token-approve", type: "checkbox" });
  readonly #text = element("input", { id: "token-text", type: "checkbox" });
  readonly #trouble = element("p", { id: "token-trouble", class: "trouble", role: "alert" });
  readonly #submit = element("button", { type: "submit", class: "primary" }, "Make a token");
  readonly view: HTMLFormElement;

  /** @param onMade called with what only this page knows now */
  constructor(
    private readonly door: Door,
    private readonly onMade: (made: MadeToken) => void,
  ) {
    this.view = element(
      "form",
      { class: "alert-form token-form", "aria-describedby": "token-trouble" },
      field("token-uses", "For", this.#uses),
      field("token-for", "Valid for", this.#for),
      field("token-labels", "Labels they get, if any", this.#labels, "wide"),
      field("token-ids", "Only for ids", this.#ids),
      field("token-note", "Note", this.#note, "wide"),
      check("token-approve", "Each of them still waits for my approval", this.#approve),
      check("token-text", "May also come unencrypted, where others can read it", this.#text),
      this.#trouble,
      this.#submit,
    );
    this.view.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#make();
    });
  }

  async #make(): Promise<void> {
    if (this.#submit.getAttribute("aria-disabled") === "true") return;
    const tell = (words: string) => setText(this.#trouble, labelTrouble(words));
    const { labels, trouble } = labelsIn(this.#labels.value);
    if (trouble !== "") return tell(trouble);
    this.#submit.setAttribute("aria-disabled", "true");
    const made = await this.door.makeToken(this.#asked(labels), tell);
    this.#submit.removeAttribute("aria-disabled");
    if (made === null) return;
    const lasting = times.find(({ value }) => value === this.#for.value)?.words ?? "";
    this.onMade({ ...made, words: `for ${usesWords(this.#uses.value)}, for ${lasting}` });
  }

  #asked(labels: Readonly<Record<string, string>>): AskedToken {
    const ids = this.#ids.value.trim();
    return {
      uses: this.#uses.value,
      for: this.#for.value,
      labels,
      note: this.#note.value.trim(),
      approve: this.#approve.checked ? "true" : "false",
      text: this.#text.checked ? "true" : "false",
      ...(ids === "" ? {} : { ids }),
    };
  }
}

function usesWords(value: string): string {
  if (value === "unlimited") return "any number of devices";
  return value === "1" ? "1 device" : `${value} devices`;
}

function choice(
  id: string,
  options: readonly { readonly value: string; readonly words: string }[],
  chosen: string,
): HTMLSelectElement {
  return element(
    "select",
    { id },
    ...options.map(({ value, words }) =>
      element("option", { value, selected: value === chosen }, words),
    ),
  );
}

function textField(id: string, placeholder: string, maxlength = 1024): HTMLInputElement {
  return element("input", {
    id,
    placeholder,
    maxlength,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
  });
}

function check(id: string, words: string, box: HTMLInputElement): HTMLElement {
  return element("div", { class: "token-check" }, box, element("label", { for: id }, words));
}
