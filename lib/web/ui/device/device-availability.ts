// For how much of the last 24 hours and 30 days a device was logged in, on its page.

import type { AvailabilityJson } from "../../api/shapes.ts";
import { AvailabilityStrip, shareWords } from "../fleet/availability-strip.ts";
import { get } from "../api.ts";
import { element, setText } from "../parts/element.ts";
import { atMostEvery } from "../pace.ts";

const renewMs = 60_000;

export class DeviceAvailability {
  readonly #day = new Line("24 hours");
  readonly #month = new Line("30 days");
  readonly view = element(
    "dl",
    { class: "availabilities", "aria-label": "Availability" },
    this.#day.view,
    this.#month.view,
  );
  /** Loads it again, not more often than it would show. */
  readonly renew = atMostEvery(renewMs, () => void this.load());

  constructor(private readonly id: string) {
    this.view.hidden = true;
  }

  async load(): Promise<void> {
    const found = await get("/devices/{id}/availability", { id: this.id }).catch(() => null);
    if (found === null) return;
    this.view.hidden = false;
    this.#day.show(found.day);
    this.#month.show(found.month);
  }

  close(): void {
    this.renew.stop();
  }
}

/** A strip, with what it is in all. */
class Line {
  readonly #strip: AvailabilityStrip;
  readonly #share = element("strong", {}, "–");
  readonly view: HTMLElement;

  constructor(of: string) {
    this.#strip = new AvailabilityStrip(of);
    this.view = element(
      "div",
      {},
      element("dt", {}, `Logged in, last ${of}`),
      element("dd", {}, this.#strip.view, this.#share),
    );
  }

  show(availability: AvailabilityJson): void {
    this.#strip.show(availability);
    setText(this.#share, shareWords(availability.share));
  }
}
