// Labels many devices: which labels are set, and which of theirs are taken away. What a label may be, the server says.

import type { BulkOutcome } from "./bulk.ts";
import type { BulkAct } from "./bulk.ts";
import { askBulk, devicesInWords, type Meant } from "./bulk-dialog.ts";
import { labelIn, labelsIn } from "../labels/device-labels.ts";
import { labelField } from "../labels/label-field.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";

/** How many labels are offered to be taken away. */
const offeredMax = 24;

/**
 * Shows the dialog.
 * @param counts how many of the devices have each label, as `area=Kitchen`
 */
export function askLabels(
  devices: readonly Meant[],
  counts: ReadonlyMap<string, number>,
  onDone: (words: string, result: BulkOutcome) => void,
): void {
  const own = new LabelChoice(counts);
  askBulk({
    title: `Label ${devicesInWords(devices.length)}`,
    devices,
    body: own.views,
    confirm: { words: `Change ${devicesInWords(devices.length)}`, isDangerous: false },
    act: () => own.act(),
    done: (changed) => `${devicesInWords(changed)} changed`,
    onDone,
  });
}

class LabelChoice {
  readonly #text = labelField("bulk-label", "bulk-label-trouble");
  readonly #trouble = element("p", { id: "bulk-label-trouble", class: "trouble", role: "alert" });
  readonly #removed = new Set<string>();
  readonly views: readonly HTMLElement[];

  constructor(counts: ReadonlyMap<string, number>) {
    this.#text.autofocus = true;
    this.views = [
      element(
        "div",
        {},
        element("label", { for: "bulk-label" }, "Set, with commas between several"),
        this.#text,
        this.#trouble,
      ),
      this.#removals([...counts].slice(0, offeredMax)),
    ];
  }

  /** What is to be done; null if nothing is, or what is written is no label. */
  act(): BulkAct | null {
    const { labels: set, trouble } = labelsIn(this.#text.value);
    if (trouble !== "") return this.#refuse(trouble);
    const remove = [...this.#removed].filter((key) => !Object.hasOwn(set, key));
    if (Object.keys(set).length + remove.length === 0) {
      return this.#refuse("Write a label to be set, or choose one to be removed.");
    }
    setText(this.#trouble, "");
    return { action: "label", set, remove };
  }

  #refuse(words: string): null {
    setText(this.#trouble, words);
    this.#text.focus();
    return null;
  }

  /** The labels that the devices have, by their keys. */
  #removals(counts: readonly (readonly [string, number])[]): HTMLElement {
    const keys = new Map<string, { values: string[]; devices: number }>();
    for (const [text, number] of counts) {
      const label = labelIn(text);
      if (label === null) continue;
      const { values, devices } = keys.get(label.key) ?? { values: [], devices: 0 };
      keys.set(label.key, { values: [...values, label.value], devices: devices + number });
    }
    const chips = Array.from(keys, ([key, { values, devices }]) => {
      const chip = button(
        {
          class: "chip removal-chip",
          title: `${key}: ${values.join(", ")}`,
          "aria-pressed": "false",
        },
        element("span", { class: "chip-value" }, key),
        element("span", { class: "chip-key" }, `on ${devices}`),
      );
      chip.addEventListener("click", () => {
        const isOff = this.#removed.delete(key);
        if (!isOff) this.#removed.add(key);
        setAttribute(chip, "aria-pressed", String(!isOff));
      });
      return chip;
    });
    return element(
      "div",
      { hidden: chips.length === 0, role: "group", "aria-labelledby": "bulk-remove" },
      element("p", { id: "bulk-remove", class: "label" }, "Remove"),
      element("div", { class: "chips wrapped" }, ...chips),
    );
  }
}
