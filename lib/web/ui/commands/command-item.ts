// One command in the list of a device's page: what it is, what has become of it, and a button to cancel it while it is open.

import type { CommandJson } from "../../api/command-shapes.ts";
import { commandWords, isOpen, type Waited } from "./command-words.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { fullMoment } from "../parts/formats.ts";
import { momentElement, serverNow } from "../moments.ts";

const origins = {
  cli: "iot-server command",
  api: "the API",
  dashboard: "the dashboard",
  mqtt: "MQTT",
  alert: "an alert",
} as const;

export class CommandItem {
  readonly #words = element("span", { class: "command-state" });
  readonly #cancel: HTMLButtonElement;
  readonly view: HTMLElement;

  /** @param cancel called when the button is pressed */
  constructor(
    public command: CommandJson,
    cancel: () => void,
  ) {
    const { message, created, expires, origin, number } = command;
    this.#cancel = button(
      { class: "quiet small", "aria-label": `Cancel ${message}`, click: cancel },
      "Cancel",
    );
    const kept = fullMoment(Date.parse(expires));
    const title = `Command ${number}, given by ${origins[origin]}; kept until ${kept}`;
    this.view = element(
      "li",
      { title },
      element(
        "p",
        { class: "command-line" },
        element("span", { class: "command-text mono" }, message),
        momentElement(created),
      ),
      element("p", { class: "command-line" }, this.#words, this.#cancel),
    );
  }

  /** Shows what has become of it. */
  draw(device: Waited | null, isBehind: boolean): void {
    const { command } = this;
    setText(this.#words, commandWords(command, device, isBehind, serverNow()));
    setAttribute(this.view, "data-state", command.state);
    this.#cancel.hidden = !isOpen(command);
  }
}
