// The rules of alerts: listed, made, muted for a while and removed. What is wrong with one, the server says.

import type { MuteJson, RuleJson } from "../../api/alert-shapes.ts";
import { mute, putRule, removeRule, tryChange, unmute } from "./alert-calls.ts";
import { button, element, setText } from "../parts/element.ts";
import type { App } from "../page.ts";
import { field } from "./silence-form.ts";

const muteTimes = [
  { value: "1h", words: "1 hour" },
  { value: "8h", words: "8 hours" },
  { value: "7d", words: "1 week" },
] as const;
const grave = ["info", "warning", "critical"] as const;

export class AlertRules {
  readonly #list = element("ul", { class: "alert-items", "aria-label": "Rules" });
  readonly #mutes = element("ul", { class: "alert-items mutes", "aria-label": "Muted" });
  readonly #trouble = element("p", { class: "trouble", role: "alert" });
  readonly #name = element("input", {
    id: "rule-name",
    required: true,
    maxlength: 64,
    autocomplete: "off",
    placeholder: "too warm",
  });
  readonly #rule = element("input", {
    id: "rule-text",
    required: true,
    maxlength: 512,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: "temp > 30 until < 28 for 5m",
    "aria-describedby": "rule-hint",
  });
  readonly #select = element("input", {
    id: "rule-select",
    maxlength: 1024,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: "all devices",
    title: "Which devices, as area=Kitchen or id=th-*; empty for all",
  });
  readonly #severity = element(
    "select",
    { id: "rule-severity" },
    ...grave.map((value) => element("option", { value, selected: value === "warning" }, value)),
  );
  readonly view: HTMLElement;

  /** @param onChange called when something was changed */
  constructor(
    private readonly app: App,
    private readonly onChange: () => void,
  ) {
    const form = element(
      "form",
      { class: "alert-form", "aria-label": "New rule" },
      field("rule-name", "Name", this.#name),
      field("rule-text", "Condition", this.#rule, "wide"),
      field("rule-select", "Devices", this.#select),
      field("rule-severity", "Severity", this.#severity),
      element("button", { type: "submit", class: "primary" }, "Add rule"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#add();
    });
    this.view = element(
      "section",
      { class: "card alert-rules", "aria-labelledby": "rules-title" },
      element("h2", { id: "rules-title" }, "Rules"),
      this.#list,
      this.#mutes,
      form,
      this.#trouble,
      element(
        "p",
        { id: "rule-hint", class: "hint muted small" },
        "One condition: ",
        ...[
          "offline for 10m",
          "temp > 30 until < 28 for 5m",
          "no report of temp in 1h",
          "battery < 15",
          "device waits",
          "command failed",
        ].flatMap((words, i) => [i === 0 ? "" : " · ", element("code", {}, words)]),
      ),
    );
  }

  show(rules: readonly RuleJson[], mutes: readonly MuteJson[]): void {
    this.#list.replaceChildren(...rules.map((rule) => this.#item(rule)));
    this.#mutes.hidden = mutes.length === 0;
    this.#mutes.replaceChildren(...mutes.map((one) => this.#muted(one)));
  }

  #item({ name, rule, select, severity, to, enabled }: RuleJson): HTMLElement {
    const whom = select === null ? "all devices" : select;
    const told = to.length === 0 ? "told to all" : `told to ${to.join(", ")}`;
    const off = enabled ? "" : " · off";
    const hush = element(
      "select",
      { class: "quiet", "aria-label": `Mute ${name}` },
      element("option", { value: "" }, "Mute…"),
      ...muteTimes.map(({ value, words }) => element("option", { value }, words)),
    );
    hush.addEventListener("change", () => {
      const time = hush.value;
      hush.value = "";
      if (time !== "") void this.#change(() => mute({ rule: name, for: time }));
    });
    return element(
      "li",
      {},
      element(
        "div",
        { class: "alert-what" },
        element("strong", {}, name),
        element("code", {}, rule),
        element("span", { class: "muted small" }, `${severity} · ${whom} · ${told}${off}`),
      ),
      element(
        "div",
        { class: "alert-acts" },
        hush,
        button(
          {
            class: "quiet danger",
            "aria-label": `Remove the rule ${name}`,
            click: () => void this.#change(() => removeRule(name)),
          },
          "Remove",
        ),
      ),
    );
  }

  #muted({ number, rule, select, until, note }: MuteJson): HTMLElement {
    const what = [
      rule ?? "all rules",
      ...(select === null ? [] : [select]),
      ...(note === "" ? [] : [note]),
    ];
    return element(
      "li",
      {},
      element(
        "div",
        { class: "alert-what" },
        element("strong", {}, "Muted"),
        element("span", {}, what.join(" · ")),
        element(
          "span",
          { class: "muted small" },
          "until ",
          element("span", { title: until }, new Date(until).toLocaleString()),
        ),
      ),
      element(
        "div",
        { class: "alert-acts" },
        button({ class: "quiet", click: () => void this.#change(() => unmute(number)) }, "End"),
      ),
    );
  }

  async #add(): Promise<void> {
    const name = this.#name.value.trim();
    const select = this.#select.value.trim();
    const given = {
      rule: this.#rule.value,
      severity: this.#severity.value,
      ...(select === "" ? {} : { select }),
    };
    if (!(await this.#change(() => putRule(name, given)))) return;
    this.#name.value = "";
    this.#rule.value = "";
    this.#select.value = "";
  }

  async #change(change: () => Promise<void>): Promise<boolean> {
    const tell = (trouble: string) => setText(this.#trouble, trouble);
    const isChanged = await tryChange(this.app, change, tell);
    if (isChanged) this.onChange();
    return isChanged;
  }
}
