// A line on the fleet's page as long as nobody would be told of a silent device: where to change that. Can be put away.

import { get } from "../api.ts";
import { button, element } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";

const key = "iot-silence-hint";

export class SilenceHint {
  readonly view = element(
    "p",
    { class: "silence-hint", hidden: true },
    element("a", { href: "#/alerts" }, "Tell me when a device falls silent"),
    element("span", { class: "muted" }, " – a message to your phone or chat, in one form."),
    button(
      { class: "quiet square", "aria-label": "Put this hint away", click: () => this.#putAway() },
      icon("close"),
    ),
  );

  /** Shows it if there is no rule, and somebody to be told of: the fleet has devices. */
  async load(): Promise<void> {
    if (isPutAway()) return;
    const [rules, devices] = await Promise.all([
      get("/alert-rules", {}).catch(() => null),
      get("/devices", { limit: 1 }).catch(() => null),
    ]);
    this.view.hidden = rules === null || rules.rules.length > 0 || (devices?.total ?? 0) === 0;
  }

  #putAway(): void {
    this.view.hidden = true;
    try {
      localStorage.setItem(key, "away");
    } catch {
      // It comes back with the next load.
    }
  }
}

function isPutAway(): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}
