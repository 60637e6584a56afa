// The choice that the device's machine runs another one already: it then needs a port and a MAC of its own, which are made up here.

import { element } from "../parts/element.ts";

/** Ports that neither the server nor a first device has as a default. */
const firstPort = 20_000;
const ports = 10_000;

export class SecondDevice {
  readonly #box = element("input", { id: "second-device", type: "checkbox" });
  readonly #hint = element(
    "p",
    { class: "hint muted small", hidden: true },
    "An IP belongs to one device here: for several on one machine start the server with ",
    element("code", {}, "--shared-ip"),
    ".",
  );
  readonly view = element(
    "div",
    { class: "second-device" },
    element(
      "div",
      { class: "token-check" },
      this.#box,
      element("label", { for: "second-device" }, "Its machine runs another device already"),
    ),
    this.#hint,
  );
  #flags = "";

  /** @param onChange called when it was chosen, or not any more */
  constructor(onChange: () => void) {
    this.#box.addEventListener("change", () => {
      this.#flags = this.#box.checked ? ownFlags() : "";
      onChange();
    });
  }

  /** What is added to the command; each choice has another MAC and port. */
  get flags(): string {
    return this.#flags;
  }

  /** @param sharedIp whether the server lets several devices have one IP */
  draw(sharedIp: boolean): void {
    this.#hint.hidden = sharedIp || !this.#box.checked;
  }
}

/** A port, and a MAC that is nobody's: the second bit of its first byte says that it is made up. */
function ownFlags(): string {
  const random = crypto.getRandomValues(new Uint8Array(7));
  const [high = 0, low = 0, ...rest] = random;
  const mac = [2, ...rest].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  return ` --port ${firstPort + ((high * 256 + low) % ports)} --mac ${mac}`;
}
