// One row of the device list. Its elements are created once and reused for another device when the list scrolls.

import type { DeviceJson } from "../api/shapes.ts";
import { element, setAttribute, setText } from "./element.ts";
import { presenceKind, presenceWords } from "./formats.ts";
import { icon } from "./icons.ts";
import { momentElement, setMoment } from "./moments.ts";
import { deviceHash } from "./places.ts";

const messageCharsMax = 200;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** The element id of the row at an index, for `aria-activedescendant`. */
export function rowId(place: number): string {
  return `row-${place}`;
}

export class DeviceListRow {
  readonly #name = element("a", { class: "name", tabindex: "-1" });
  readonly #mark = element("span", { class: "mark" });
  readonly #words = element("span");
  readonly #since = momentElement(null, "span");
  readonly #link = element("span", { class: "link" });
  readonly #message = element("span", { class: "message" });
  readonly #reported = momentElement(null);
  readonly #seen = momentElement(null);
  readonly #report = cell("report", this.#message, this.#reported);
  readonly view = element(
    "div",
    { class: "row", role: "row" },
    cell("device", this.#name),
    cell("presence", this.#mark, this.#words, this.#since),
    cell("transport", this.#link),
    this.#report,
    cell("seen", this.#seen),
  );
  #id = "";
  #sequence = 0;
  #transport: DeviceJson["transport"] = null;

  /**
   * Shows a device.
   * @param device undefined while it is not loaded
   */
  show(place: number, device: DeviceJson | undefined, isActive: boolean): void {
    const { view } = this;
    setAttribute(view, "id", rowId(place));
    setAttribute(view, "aria-rowindex", String(place + 2));
    setAttribute(view, "aria-selected", String(isActive));
    view.classList.toggle("waiting", device === undefined);
    if (device === undefined) {
      this.#id = "";
      for (const node of [this.#name, this.#words, this.#message]) setText(node, "");
      for (const name of ["href", "title"]) setAttribute(this.#name, name, null);
      for (const time of [this.#since, this.#reported, this.#seen]) setMoment(time, null);
      this.#showTransport(null);
      setAttribute(this.#mark, "data-kind", null);
      return;
    }
    setText(this.#name, device.id);
    setAttribute(this.#name, "title", device.id);
    setAttribute(this.#name, "href", deviceHash(device.id));
    setAttribute(this.#mark, "data-kind", presenceKind(device));
    setText(this.#words, presenceWords(device));
    this.#since.hidden = device.since === null;
    setMoment(this.#since, device.since, device.presence === "online" ? "for" : "ago");
    setMoment(this.#seen, device.lastSeen);
    this.#showTransport(device.transport);
    const report = device.lastReport;
    setText(this.#message, report?.message.slice(0, messageCharsMax) ?? "");
    this.#reported.hidden = report === null;
    setMoment(this.#reported, report?.at ?? null);
    const isNew = this.#id === device.id && (report?.sequence ?? 0) > this.#sequence;
    if (isNew && this.#sequence > 0 && !calm.matches) flash(this.#report);
    this.#id = device.id;
    this.#sequence = report?.sequence ?? 0;
  }

  #showTransport(transport: DeviceJson["transport"]): void {
    if (this.#transport === transport) return;
    this.#transport = transport;
    setAttribute(this.#link, "data-transport", transport);
    if (transport === null) this.#link.replaceChildren();
    else this.#link.replaceChildren(...transportSign(transport));
  }
}

/** Whether the device's packets are encrypted, as an icon and words. */
export function transportSign(transport: "text" | "sealed"): Node[] {
  return transport === "sealed"
    ? [icon("lock"), element("span", {}, "Encrypted")]
    : [icon("open"), element("span", {}, "Plain text")];
}

function cell(name: string, ...children: readonly Node[]): HTMLElement {
  return element("div", { class: `cell ${name}`, role: "gridcell" }, ...children);
}

function flash(of: HTMLElement): void {
  of.animate([{ backgroundColor: "var(--accent-soft)" }, { backgroundColor: "transparent" }], 900);
}
