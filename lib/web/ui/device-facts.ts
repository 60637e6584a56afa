// What is known of a device besides its reports: its name, whether it is there, and its facts.

import { transportSign } from "./device-row.ts";
import { element, setAttribute, setText } from "./element.ts";
import { address, presenceKind, presenceWords, span } from "./formats.ts";
import { momentElement, setMoment } from "./moments.ts";
import type { Device } from "./shapes.ts";

export class DeviceFacts {
  readonly #mark = element("span", { class: "mark" });
  readonly #words = element("strong", {}, "…");
  readonly #since = momentElement(null, "span");
  readonly #for = element("span", { hidden: true }, "for ", this.#since);
  readonly #link = element("span", { class: "link" });
  /** Presence in a line, under the name. */
  readonly head = element(
    "p",
    { class: "standing" },
    this.#mark,
    this.#words,
    this.#for,
    this.#link,
  );
  readonly #seen = momentElement(null);
  readonly #registered = momentElement(null);
  readonly #texts = {
    source: element("dd", { class: "mono" }, "–"),
    beat: element("dd", {}, "–"),
    stated: element("dd", { class: "mono" }, "–"),
    mac: element("dd", { class: "mono" }, "–"),
  };
  readonly view = element(
    "dl",
    { class: "facts", "aria-label": "Facts" },
    fact("Last packet", element("dd", {}, this.#seen)),
    fact("Comes from", this.#texts.source),
    fact("Heartbeat", this.#texts.beat),
    fact("Stated address", this.#texts.stated),
    fact("MAC", this.#texts.mac),
    fact("Registered", element("dd", {}, this.#registered)),
  );

  show(device: Device): void {
    const { presence, since, transport, source, everySeconds } = device;
    setAttribute(this.#mark, "data-kind", presenceKind(device));
    setText(this.#words, presenceWords(device));
    this.#for.hidden = since === null;
    const isOnline = presence === "online";
    setMoment(this.#since, since, isOnline ? "span" : "ago");
    // An end lies back, a session lasts.
    setText(this.#for.firstChild as Text, isOnline ? "for " : "");
    if (this.#link.dataset["transport"] !== (transport ?? "")) {
      this.#link.dataset["transport"] = transport ?? "";
      this.#link.replaceChildren(...(transport === null ? [] : transportSign(transport)));
      this.#link.title = transport === "text" ? "Anyone on the way can read it" : "";
    }
    setMoment(this.#seen, device.lastSeen);
    setMoment(this.#registered, device.registered);
    setText(this.#texts.source, source === null ? "–" : address(source));
    setText(
      this.#texts.beat,
      everySeconds === null ? "not stated" : `every ${span(everySeconds * 1000)}`,
    );
    setText(this.#texts.stated, address(device));
    setText(this.#texts.mac, device.mac);
  }

  /** A packet came. */
  showSeen(ms: number): void {
    setMoment(this.#seen, ms);
  }
}

function fact(words: string, value: HTMLElement): HTMLElement {
  return element("div", {}, element("dt", {}, words), value);
}
