// What is chosen for a chart: chips for the fields and states, in a list to search if there are many, and for the other devices.
// Draws no chart.

import type { FieldsJson } from "../../api/shapes.ts";
import { chartFieldsMax } from "../../api/words.ts";
import { get } from "../api.ts";
import {
  type ChartChoice,
  fits,
  hasReading,
  type Reading,
  withDevice,
  withoutDevice,
  withoutReading,
  withReading,
} from "./chart-choice.ts";
import { nameOf } from "../labels/device-labels.ts";
import { button, element } from "../parts/element.ts";
import { measure, withUnit } from "../parts/formats.ts";
import { icon } from "../parts/icons.ts";
import { type Option, Picker } from "../parts/picker.ts";

/** Up to so many are all shown; of more only those that are chosen. */
const chipsMax = 8;
const devicesFound = 12;
const full = `A chart has at most ${chartFieldsMax} curves: take one away first.`;

type Known = Reading & { readonly latest: string };

export class ChartFields {
  readonly #chips = element("div", { class: "chips wrapped" });
  readonly #fields = new Picker("More readings", "Search readings", {
    find: (text) => this.#found(text),
    choose: (key) => this.#toggle(readingOf(key)),
  });
  readonly #devices = new Picker("Compare", "Search devices to compare with", {
    find: (text) => this.#foundDevices(text),
    choose: (id) => {
      const { devices } = this.#choice;
      const has = devices.includes(id);
      this.onChoice(has ? withoutDevice(this.#choice, id) : withDevice(this.#choice, id));
      this.#devices.renew();
    },
  });
  readonly view = element(
    "div",
    { class: "fields", role: "group", "aria-label": "Readings" },
    this.#chips,
    this.#fields.view,
    this.#devices.view,
  );
  #known: readonly Known[] = [];
  #choice: ChartChoice;
  /** Names of other devices, by id. */
  #names: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly id: string,
    choice: ChartChoice,
    private readonly onChoice: (choice: ChartChoice) => void,
  ) {
    this.#choice = choice;
  }

  /** Shows what there is to choose from. */
  showKnown({ fields, states }: FieldsJson): void {
    this.#known = [
      ...fields.map(({ name, latest, unit }): Known => {
        return { kind: "field", name, latest: withUnit(measure(latest), unit) };
      }),
      ...states.map(({ name, latest }): Known => ({ kind: "state", name, latest })),
    ];
    this.#draw();
  }

  /** Shows what is chosen. @param names of other devices, by id */
  showChoice(choice: ChartChoice, names: ReadonlyMap<string, string>): void {
    this.#choice = choice;
    this.#names = names;
    this.#draw();
  }

  close(): void {
    this.#fields.close();
    this.#devices.close();
  }

  #draw(): void {
    const hasFocus = document.activeElement?.getAttribute("data-chip") ?? null;
    const isMany = this.#known.length > chipsMax;
    const choice = this.#choice;
    const chosen: Known[] = [
      ...choice.fields.map((name) => this.#knownOf({ kind: "field", name })),
      ...choice.states.map((name) => this.#knownOf({ kind: "state", name })),
    ];
    const isKnown = (one: Known) => this.#known.some((other) => isSame(one, other));
    // What is chosen is shown also if it was not reported lately.
    const shown = isMany ? chosen : [...this.#known, ...chosen.filter((one) => !isKnown(one))];
    const chips = [
      ...shown.map((one) => this.#chip(one)),
      ...choice.devices.map((id) => this.#deviceChip(id)),
    ];
    this.#chips.replaceChildren(...chips);
    chips.find((one) => one.getAttribute("data-chip") === hasFocus && hasFocus !== null)?.focus();
    this.#fields.view.hidden = !isMany;
    this.#fields.words = `All ${this.#known.length} readings`;
    this.#fields.renew();
    this.#devices.view.hidden = shown.length === 0;
  }

  #knownOf(reading: Reading): Known {
    return this.#known.find((one) => isSame(one, reading)) ?? { ...reading, latest: "" };
  }

  #chip(reading: Known): HTMLElement {
    const { kind, name, latest } = reading;
    const refusal = this.#refusalOf(reading);
    return button(
      {
        class: "field",
        "data-chip": keyOf(reading),
        [`data-${kind}`]: name,
        "aria-pressed": String(hasReading(this.#choice, reading)),
        "aria-disabled": refusal === "" ? null : "true",
        title: refusal === "" ? null : refusal,
        click: () => this.#toggle(reading),
      },
      element("span", { class: "field-name" }, name),
      element("span", { class: "field-value" }, latest),
    );
  }

  #deviceChip(id: string): HTMLElement {
    const name = this.#names.get(id) ?? id;
    return button(
      {
        class: "field with",
        "data-chip": `with ${id}`,
        "data-with": id,
        title: `No longer compare with ${id}`,
        "aria-label": `No longer compare with ${name}`,
        click: () => this.onChoice(withoutDevice(this.#choice, id)),
      },
      element("span", { class: "field-value" }, name),
      icon("close"),
    );
  }

  #toggle(reading: Reading): void {
    const choice = this.#choice;
    const has = hasReading(choice, reading);
    this.onChoice(has ? withoutReading(choice, reading) : withReading(choice, reading));
  }

  /** Why a reading cannot be added. */
  #refusalOf(reading: Reading): string {
    const has = hasReading(this.#choice, reading);
    return has || withReading(this.#choice, reading) !== this.#choice ? "" : full;
  }

  #found(text: string): Option[] {
    const wanted = text.toLowerCase();
    return this.#known
      .filter(({ name }) => name.toLowerCase().includes(wanted))
      .map((one) => ({
        key: keyOf(one),
        words: one.name,
        note: one.latest,
        isOn: hasReading(this.#choice, one),
        refusal: this.#refusalOf(one),
      }));
  }

  async #foundDevices(text: string): Promise<Option[]> {
    const { devices } = await get("/devices", { q: text, limit: devicesFound }).catch(() => ({
      devices: [],
    }));
    const choice = this.#choice;
    return devices
      .filter(({ id }) => id !== this.id)
      .map((device) => {
        const { id } = device;
        const name = nameOf(device);
        const isOn = choice.devices.includes(id);
        const hasRoom = isOn || fits({ ...choice, devices: [...choice.devices, id] });
        return {
          key: id,
          words: name,
          note: name === id ? "" : id,
          isOn,
          refusal: hasRoom ? "" : full,
        };
      });
  }
}

function isSame(one: Reading, other: Reading): boolean {
  return one.kind === other.kind && one.name === other.name;
}

function keyOf({ kind, name }: Reading): string {
  return `${kind} ${name}`;
}

function readingOf(key: string): Reading {
  const [kind = "", ...rest] = key.split(" ");
  return { kind: kind === "state" ? "state" : "field", name: rest.join(" ") };
}
