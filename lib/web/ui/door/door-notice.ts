// A line on the fleet's page while the door is open to all devices, with the time that is left and a button to close it.

import { Countdown } from "../parts/countdown.ts";
import { labelsOf, labelText } from "../labels/device-labels.ts";
import type { Door } from "./door.ts";
import { button, element, setText } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";

export class DoorNotice {
  readonly #left = new Countdown();
  readonly #labels = element("span");
  readonly #trouble = element("span", { class: "trouble", role: "alert" });
  readonly view = element(
    "p",
    { class: "door-notice", role: "status", hidden: true },
    icon("open"),
    element(
      "span",
      { class: "door-words" },
      "All devices may register for ",
      this.#left.view,
      this.#labels,
    ),
    this.#trouble,
    button({ class: "quiet", click: () => void this.#close() }, "Close the door"),
  );

  constructor(private readonly door: Door) {
    door.listen(() => this.#draw());
  }

  close(): void {
    this.#left.stop();
  }

  #draw(): void {
    const { seen } = this.door;
    // With the policy `open` they may anyway.
    const isOpen = seen !== null && seen.open && seen.join !== "open";
    this.view.hidden = !isOpen;
    if (!isOpen) return this.#left.stop();
    this.#left.run(seen.endsAt);
    setText(this.#labels, givenWords(seen.labels));
  }

  async #close(): Promise<void> {
    await this.door.open(0, {}, (trouble) => setText(this.#trouble, trouble));
  }
}

/** Which labels devices get, as the end of a sentence; empty without any. */
export function givenWords(labels: Readonly<Record<string, string>>): string {
  const { name } = labels;
  const all = [...(name === undefined ? [] : [{ key: "name", value: name }]), ...labelsOf(labels)];
  return all.length === 0 ? "" : `, with ${all.map(labelText).join(", ")}`;
}
