// One row of the device list. Its elements are created once and reused for another device when the list scrolls.

import type { DeviceJson } from "../../api/shapes.ts";
import { AlertMark } from "../alerts/alert-mark.ts";
import {
  areaOf,
  chipsOf,
  fitting,
  type Label,
  labelsOf,
  labelText,
  nameOf,
} from "../labels/device-labels.ts";
import { AvailabilityStrip } from "./availability-strip.ts";
import { isLong, setCutText } from "./cut-text.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { fieldTextOf } from "./field-text.ts";
import { hasTerm } from "./filter-text.ts";
import { fieldCells } from "./fleet-columns.ts";
import { address, presenceKind, presenceWords } from "../parts/formats.ts";
import { icon } from "../parts/icons.ts";
import { filterChip } from "../labels/label-chips.ts";
import { momentElement, setMoment } from "../moments.ts";
import { deviceHash } from "../places.ts";
import { whyGone } from "./presence-why.ts";

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
  /** The fields of the last report that have a column. */
  readonly fields: readonly string[];
};

/** The element id of the row at an index, for `aria-activedescendant`. */
export function rowId(place: number): string {
  return `row-${place}`;
}

export class DeviceListRow {
  readonly #pick = element("input", { type: "checkbox", tabindex: "-1" });
  readonly #name = element("a", { class: "name", tabindex: "-1" });
  readonly #alarm = new AlertMark();
  readonly #commandCount = element("span");
  readonly #commands = element(
    "span",
    { class: "command-badge", hidden: true },
    this.#commandCount,
    element("span", { class: "badge-word" }, " waiting"),
  );
  /** Copies the id; the list does that. */
  readonly #idLine = button({ class: "id muted mono", tabindex: "-1", hidden: true });
  readonly #area = element("span", { class: "areas" });
  readonly #chips = element("span", { class: "chips" });
  readonly #labels = cell("labels", this.#area, this.#chips);
  readonly #mark = element("span", { class: "mark" });
  readonly #words = element("span");
  readonly #since = momentElement(null, "span");
  readonly #presence = cell("presence", this.#mark, this.#words, this.#since);
  readonly #link = element("span", { class: "link" });
  readonly #source = element("span", { class: "mono" });
  readonly #message = element("span", { class: "message" });
  readonly #reported = momentElement(null);
  readonly #reportTime = element("span", { class: "report-time" }, this.#reported);
  readonly #seen = momentElement(null);
  readonly #report = cell("report", this.#message, this.#reportTime);
  readonly #strip = new AvailabilityStrip("24 hours");
  readonly #fieldCells = fieldCells("gridcell");
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
    this.#presence,
    cell("transport", this.#link),
    cell("source", this.#source),
    this.#report,
    ...this.#fieldCells,
    cell("availability", this.#strip.view),
    cell("seen", this.#seen),
  );
  #id = "";
  #sequence = 0;
  /** The labels as they are shown. */
  #shownLabels = "";
  #transport: DeviceJson["transport"] = null;
  #fields: readonly string[] = [];
  #fieldTexts: readonly ReturnType<typeof fieldTextOf>[] = [];

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
    this.#showFields(device, look.fields);
    view.classList.toggle("picked", look.isSelected);
    view.classList.toggle("waiting", device === undefined);
    if (device === undefined) {
      this.#id = "";
      this.#commands.hidden = true;
      for (const node of [this.#words, this.#message, this.#source]) setText(node, "");
      setCutText(this.#name, "", false);
      this.#showLabels({}, "");
      this.#showId(null);
      this.#strip.show(null);
      setAttribute(this.#presence, "title", null);
      for (const name of ["href", "title"]) setAttribute(this.#name, name, null);
      for (const time of [this.#since, this.#reported, this.#seen]) setMoment(time, null);
      this.#showTransport(null);
      this.#alarm.show(null);
      setAttribute(this.#mark, "data-kind", null);
      return;
    }
    const name = nameOf(device);
    setCutText(this.#name, name, name === device.id);
    setAttribute(this.#name, "title", name);
    this.#showCommands(device.openCommands);
    this.#showId(device);
    setAttribute(this.#pick, "aria-label", `Select ${name}`);
    this.#showLabels(device.labels, look.filter);
    setAttribute(this.#name, "href", deviceHash(device.id));
    this.#alarm.show(device);
    setAttribute(this.#mark, "data-kind", presenceKind(device));
    setText(this.#words, presenceWords(device));
    setAttribute(this.#presence, "title", whyGone(device) || null);
    setText(this.#source, device.source === null ? "" : address(device.source));
    this.#since.hidden = device.since === null;
    setMoment(this.#since, device.since, device.presence === "online" ? "for" : "ago");
    setMoment(this.#seen, device.lastSeen);
    this.#strip.show(device.availability);
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
    setText(this.#commandCount, String(open));
    const words = open === 1 ? "1 command that has" : `${open} commands that have`;
    setAttribute(this.#commands, "title", `${words} not ended`);
  }

  /** The id below a name; where it is the name and too long for the column, how to get it whole. */
  #showId(device: DeviceJson | null): void {
    const id = device?.id ?? "";
    const isName = device === null || nameOf(device) === id;
    this.#idLine.hidden = isName && !isLong(id);
    setCutText(this.#idLine, isName ? (isLong(id) ? "copy the id" : "") : id, !isName);
    this.#idLine.classList.toggle("aside", isName);
    setAttribute(this.#idLine, "data-copy", id);
    setAttribute(this.#idLine, "title", `${id}\nPress to copy it`);
    setAttribute(this.#idLine, "aria-label", `Copy the id ${id}`);
  }

  #showFields(device: DeviceJson | undefined, fields: readonly string[]): void {
    if (fields.join("\n") !== this.#fields.join("\n")) {
      this.#fields = fields;
      this.#fieldTexts = fields.map(fieldTextOf);
    }
    for (const [i, of] of this.#fieldCells.entries()) {
      const text = this.#fieldTexts[i];
      of.hidden = text === undefined;
      const shown = text === undefined || device === undefined ? "" : text(device);
      setText(of, shown);
      setAttribute(of, "title", shown || null);
    }
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
