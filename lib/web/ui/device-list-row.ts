// One row of the device list. Its elements are created once and reused for another device when the list scrolls.

import type { DeviceJson } from "../api/shapes.ts";
import { AlertMark } from "./alert-mark.ts";
import {
  areaOf,
  chipsOf,
  fitting,
  type Label,
  labelsOf,
  labelText,
  nameOf,
} from "./device-labels.ts";
import { element, setAttribute, setText } from "./element.ts";
import { hasTerm } from "./filter-text.ts";
import { presenceKind, presenceWords } from "./formats.ts";
import { icon } from "./icons.ts";
import { filterChip } from "./label-chips.ts";
import { momentElement, setMoment } from "./moments.ts";
import { deviceHash } from "./places.ts";

const messageCharsMax = 200;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** For how many characters of chips a row has room; the other chips are counted. */
const chipCharsMax = 26;

/** How a row is shown besides its device. */
export type RowLook = {
  /** Whether the keyboard is there. */
  readonly isActive: boolean;
  readonly isSelected: boolean;
  /** The text that the list is filtered by. */
  readonly filter: string;
};

/** The element id of the row at an index, for `aria-activedescendant`. */
export function rowId(place: number): string {
  return `row-${place}`;
}

export class DeviceListRow {
  readonly #pick = element("input", { type: "checkbox", tabindex: "-1" });
  readonly #name = element("a", { class: "name", tabindex: "-1" });
  readonly #alarm = new AlertMark();
  readonly #commands = element("span", { class: "command-badge", hidden: true });
  readonly #idLine = element("span", { class: "id muted mono" });
  readonly #area = element("span", { class: "areas" });
  readonly #chips = element("span", { class: "chips" });
  readonly #labels = cell("labels", this.#area, this.#chips);
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
    cell("pick", this.#pick),
    cell(
      "device",
      element("span", { class: "name-line" }, this.#name, this.#alarm.view, this.#commands),
      this.#idLine,
    ),
    this.#labels,
    cell("presence", this.#mark, this.#words, this.#since),
    cell("transport", this.#link),
    this.#report,
    cell("seen", this.#seen),
  );
  #id = "";
  #sequence = 0;
  /** The labels as they are shown. */
  #shownLabels = "";
  #transport: DeviceJson["transport"] = null;

  /**
   * Shows a device.
   * @param device undefined while it is not loaded
   */
  show(place: number, device: DeviceJson | undefined, look: RowLook): void {
    const { view } = this;
    setAttribute(view, "id", rowId(place));
    setAttribute(view, "aria-rowindex", String(place + 2));
    setAttribute(view, "aria-selected", String(look.isActive));
    this.#pick.checked = look.isSelected;
    view.classList.toggle("picked", look.isSelected);
    view.classList.toggle("waiting", device === undefined);
    if (device === undefined) {
      this.#id = "";
      this.#commands.hidden = true;
      const texts = [this.#name, this.#idLine, this.#words, this.#message];
      for (const node of texts) setText(node, "");
      this.#showLabels({}, "");
      for (const name of ["href", "title"]) setAttribute(this.#name, name, null);
      for (const time of [this.#since, this.#reported, this.#seen]) setMoment(time, null);
      this.#showTransport(null);
      this.#alarm.show(null);
      setAttribute(this.#mark, "data-kind", null);
      return;
    }
    const name = nameOf(device);
    setText(this.#name, name);
    setAttribute(this.#name, "title", name);
    this.#showCommands(device.openCommands);
    setText(this.#idLine, name === device.id ? "" : device.id);
    setAttribute(this.#pick, "aria-label", `Select ${name}`);
    this.#showLabels(device.labels, look.filter);
    setAttribute(this.#name, "href", deviceHash(device.id));
    this.#alarm.show(device);
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

  /** Renders the labels anew only if they changed, or whether the list is filtered by them. */
  #showLabels(labels: DeviceJson["labels"], filter: string): void {
    const shown = JSON.stringify([labels, filter]);
    if (shown === this.#shownLabels) return;
    this.#shownLabels = shown;
    const area = areaOf({ labels });
    const chip = (label: Label) => filterChip(label, hasTerm(filter, label));
    this.#area.replaceChildren(...(area === "" ? [] : [chip({ key: "area", value: area })]));
    const chips = chipsOf(labels);
    const first = fitting(chips, chipCharsMax);
    const more = chips.length - first.length;
    this.#chips.replaceChildren(...first.map(chip));
    if (more > 0) this.#chips.append(element("span", { class: "chips-more muted" }, `+${more}`));
    setAttribute(this.#labels, "title", labelsOf(labels).map(labelText).join("\n") || null);
  }

  #showCommands(open: number): void {
    this.#commands.hidden = open === 0;
    setText(this.#commands, `${open} waiting`);
    const words = open === 1 ? "1 command that has" : `${open} commands that have`;
    setAttribute(this.#commands, "title", `${words} not ended`);
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
