// The mark of a device that has an alert which fires: a bell in the colour of its severity, with words for the pointer and for
// screen readers. It leads to the device, whose page has all of its alerts.

import type { DeviceAlerts } from "../../api/alert-shapes.ts";
import type { DeviceJson } from "../../api/shapes.ts";
import { element, setAttribute, setText } from "../parts/element.ts";
import { count, measure, roughly } from "../parts/formats.ts";
import { icon } from "../parts/icons.ts";
import { serverNow } from "../moments.ts";
import { deviceHash } from "../places.ts";

const severityWords = { info: "Info", warning: "Warning", critical: "Critical" } as const;

export class AlertMark {
  readonly #count = element("span", { class: "alarm-count" });
  readonly view = element(
    "a",
    { class: "alarm", tabindex: "-1", hidden: true },
    icon("bell"),
    this.#count,
  );
  #alerts: DeviceAlerts | null = null;

  constructor() {
    // The time in its words passes, also while nothing happens.
    for (const event of ["pointerenter", "focus"] as const) {
      this.view.addEventListener(event, () => this.#renewWords());
    }
  }

  /** Shows what fires of a device; nothing if nothing does. */
  show(device: Pick<DeviceJson, "id" | "alerts"> | null): void {
    const { view } = this;
    this.#alerts = device?.alerts ?? null;
    view.hidden = this.#alerts === null;
    setAttribute(view, "href", device === null ? null : deviceHash(device.id));
    setAttribute(view, "data-severity", this.#alerts?.severity ?? null);
    const firing = this.#alerts?.firing ?? 0;
    setText(this.#count, firing > 1 ? count(firing) : "");
    this.#renewWords();
  }

  #renewWords(): void {
    const words = this.#alerts === null ? null : alertWords(this.#alerts, serverNow());
    setAttribute(this.view, "title", words);
    setAttribute(this.view, "aria-label", words);
  }
}

/** What fires, as `Warning: temp > 30: 31.2 since 4 min, and 1 more`. @param now ms since 1970 */
export function alertWords(alerts: DeviceAlerts, now: number): string {
  const { severity, condition, value, since, firing } = alerts;
  const figure = value === null ? "" : `: ${measure(value)}`;
  const more = firing > 1 ? `, and ${count(firing - 1)} more` : "";
  const lasting = roughly(now - Date.parse(since));
  return `${severityWords[severity]}: ${condition}${figure} since ${lasting}${more}`;
}
