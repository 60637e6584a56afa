// The alerts of one device: which are open, and which rules mean it. Tells the chart their bounds. Changes nothing.

import type { AlertJson, RuleJson } from "../../api/alert-shapes.ts";
import { get } from "../api.ts";
import { element } from "../parts/element.ts";
import { momentElement } from "../moments.ts";
import { atMostEvery } from "../pace.ts";

const renewMs = 5_000;
const comparison = /^(\S+) (?:>=|<=|>|<) (\S+)/;

export class DeviceAlerts {
  readonly #list = element("ul", { class: "alert-items", "aria-live": "polite" });
  readonly view = element(
    "section",
    { class: "card device-alerts", "aria-labelledby": "alerts-title", hidden: true },
    element(
      "div",
      { class: "card-head" },
      element("h2", { id: "alerts-title" }, "Alerts"),
      element("a", { class: "small", href: "#/alerts" }, "All alerts"),
    ),
    this.#list,
  );
  /** Loads them again, but not too often. */
  readonly renew = atMostEvery(renewMs, () => void this.#load());

  /** @param onBounds called with the bounds of numbers, by field */
  constructor(
    private readonly id: string,
    private readonly onBounds: (bounds: ReadonlyMap<string, readonly number[]>) => void,
  ) {}

  close(): void {
    this.renew.stop();
  }

  async #load(): Promise<void> {
    try {
      const given = { device: this.id };
      const [{ alerts }, { rules }] = await Promise.all([
        get("/alerts", { ...given, limit: 50 }),
        get("/alert-rules", given),
      ]);
      this.#show(alerts, rules);
    } catch {
      // What is on the page stays.
    }
  }

  #show(alerts: readonly AlertJson[], rules: readonly RuleJson[]): void {
    const on = rules.filter(({ enabled }) => enabled);
    this.view.hidden = alerts.length + on.length === 0;
    const quiet = on.filter(({ name }) => alerts.every(({ rule }) => rule !== name));
    this.#list.replaceChildren(
      ...alerts.map((alert) => openItem(alert, on)),
      ...quiet.map(({ name, rule }) => quietItem(name, rule)),
    );
    const bounds = new Map<string, number[]>();
    for (const { rule } of on) {
      const [, field, bound] = comparison.exec(rule) ?? [];
      if (field === undefined) continue;
      bounds.set(field, [...(bounds.get(field) ?? []), Number(bound)]);
    }
    this.onBounds(bounds);
  }
}

function openItem(
  { state, rule, value, since }: AlertJson,
  rules: readonly RuleJson[],
): HTMLElement {
  const condition = rules.find(({ name }) => name === rule)?.rule ?? "";
  const words = state === "firing" ? "Firing" : "Pending";
  return element(
    "li",
    {},
    element(
      "div",
      { class: "alert-what" },
      element("strong", {}, rule),
      element("code", {}, condition),
    ),
    element(
      "div",
      { class: "alert-now" },
      element("span", { class: "alert-state", "data-state": state }, words),
      value === null ? null : element("span", {}, String(value)),
      momentElement(since),
    ),
  );
}

function quietItem(name: string, rule: string): HTMLElement {
  return element(
    "li",
    {},
    element("div", { class: "alert-what" }, element("span", {}, name), element("code", {}, rule)),
    element("span", { class: "muted small" }, "quiet"),
  );
}
