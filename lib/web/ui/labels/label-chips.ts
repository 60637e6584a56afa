// Labels as chips. A chip is a button: what a press does is the caller's.

import { type Label, labelText } from "./device-labels.ts";
import { button, element } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";

/** A chip that filters the list by its label. */
export function filterChip(label: Label, isOn: boolean): HTMLButtonElement {
  const text = labelText(label);
  const words = isOn ? `Do not filter by ${text}` : `Filter by ${text}`;
  const attributes = {
    class: label.key === "area" ? "chip area" : "chip",
    tabindex: "-1",
    title: words,
    "aria-label": words,
    "aria-pressed": String(isOn),
    "data-label": text,
  };
  return button(attributes, ...wordsOf(label, label.key !== "area"));
}

/** A label with a button that takes it away. */
export function removableChip(label: Label, remove: () => void): HTMLElement {
  const words = `Remove ${labelText(label)}`;
  const away = button(
    { class: "chip-remove", title: words, "aria-label": words, click: remove },
    icon("close"),
  );
  return element(
    "li",
    { class: "chip", "data-label": labelText(label) },
    ...wordsOf(label, true),
    away,
  );
}

/** The key, less visible, and the value. */
function wordsOf({ key, value }: Label, hasKey: boolean): HTMLElement[] {
  const name = element("span", { class: "chip-key" }, key);
  const shown = element("span", { class: "chip-value" }, value);
  if (value === "") return [name];
  return hasKey ? [name, shown] : [shown];
}
