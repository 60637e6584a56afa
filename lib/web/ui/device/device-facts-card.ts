// The head of a device's page and its facts: its status and why, addresses, heartbeat, registration.

import type { DeviceJson } from "../../api/shapes.ts";
import { transportSign } from "../fleet/device-list-row.ts";
import { element, setAttribute, setText } from "../parts/element.ts";
import { address, count, presenceKind, presenceWords, span } from "../parts/formats.ts";
import { momentElement, setMoment } from "../moments.ts";
import { whyGone } from "../fleet/presence-why.ts";
import { RefusedFact } from "./refused-fact.ts";

export class DeviceFactsCard {
  readonly #mark = element("span", { class: "mark" });
  readonly #words = element("strong", {}, "…");
  readonly #since = momentElement(null, "for");
  readonly #link = element("span", { class: "link" });
  /** The status in a line, below the name. */
  readonly head = element(
    "p",
    { class: "standing" },
    this.#mark,
    this.#words,
    this.#since,
    this.#link,
  );
  /** What the status means, where it is not evident. */
  readonly why = element("p", { class: "why muted small", hidden: true });
  readonly #seen = momentElement(null);
  readonly #registered = momentElement(null);
  readonly #texts = {
    source: element("dd", { class: "mono" }, "–"),
    beat: element("dd", {}, "–"),
    stated: element("dd", { class: "mono" }, "–"),
    mac: element("dd", { class: "mono" }, "–"),
    node: element("dd", {}, "–"),
    repeats: element("dd", {}, "–"),
  };
  readonly #sourceWords = element("dt", {}, "Sends from");
  readonly #source = element("div", {}, this.#sourceWords, this.#texts.source);
  /** Shown only with several servers. */
  readonly #node = fact("Talks to", this.#texts.node);
  readonly #refused = new RefusedFact();
  /** Shown only if there are any. */
  readonly #repeats = fact("Repeated reports", this.#texts.repeats);
  readonly view = element(
    "dl",
    { class: "facts", "aria-label": "Facts" },
    fact("Last seen", element("dd", {}, this.#seen)),
    fact("Heartbeat", this.#texts.beat),
    this.#source,
    this.#node,
    fact("Registered address", this.#texts.stated),
    fact("MAC address", this.#texts.mac),
    fact("Registered", element("dd", {}, this.#registered)),
    this.#refused.view,
    this.#repeats,
  );

  /** The name of the server that answers, among those of its store. */
  ownNode = "";

  show(device: DeviceJson): void {
    const { presence, since, transport, source, everySeconds } = device;
    setAttribute(this.#mark, "data-kind", presenceKind(device));
    setText(this.#words, presenceWords(device));
    this.#since.hidden = since === null;
    setMoment(this.#since, since, presence === "online" ? "for" : "ago");
    const why = whyGone(device);
    setText(this.why, why);
    this.why.hidden = why === "";
    if (this.#link.dataset["transport"] !== (transport ?? "")) {
      this.#link.dataset["transport"] = transport ?? "";
      this.#link.replaceChildren(...(transport === null ? [] : transportSign(transport)));
      this.#link.title =
        transport === "text" ? "Anyone on the network path can read what it sends" : "";
    }
    this.#refused.show(source ?? device);
    setMoment(this.#seen, device.lastSeen);
    setMoment(this.#registered, device.registered);
    setText(this.#sourceWords, presence === "offline" ? "Last sent from" : "Sends from");
    setText(this.#texts.source, source === null ? "–" : address(source));
    setText(
      this.#texts.beat,
      everySeconds === null
        ? presence === "online"
          ? "interval not stated"
          : "–"
        : `every ${span(everySeconds * 1000)}`,
    );
    this.#showNode(device);
    setText(this.#texts.stated, address(device));
    setText(this.#texts.mac, device.mac);
    this.#repeats.hidden = device.repeats === 0;
    setText(this.#texts.repeats, count(device.repeats));
    this.#texts.repeats.title =
      "Acknowledged and not stored again: the same time, code and message as a report before. Many of them may mean that " +
      "the device's clock stands still.";
  }

  #showNode({ node }: DeviceJson): void {
    this.#node.hidden = node === null;
    const isOwn = node === this.ownNode;
    setText(this.#texts.node, isOwn ? `${node}, this node` : (node ?? "–"));
    this.#texts.node.title = isOwn
      ? "The node that shows this page"
      : "Another node of the same database: when the device was last seen is known about every ten seconds";
  }

  /** Updates the time of the last packet. */
  showSeen(ms: number): void {
    setMoment(this.#seen, ms);
  }
}

function fact(words: string, value: HTMLElement): HTMLElement {
  return element("div", {}, element("dt", {}, words), value);
}
