// How many datagrams were refused lately from the address of a device, as a fact that leads to the lines of the log. Shown only if
// there are any.

import type { Address } from "../../api/shapes.ts";
import { get } from "../api.ts";
import { element, setAttribute, setText } from "../parts/element.ts";
import { address, count } from "../parts/formats.ts";
import { momentElement, setMoment } from "../moments.ts";
import { activityHash } from "../places.ts";

/** As many lines are looked at. */
const linesMax = 1_000;

export class RefusedFact {
  readonly #count = element("a", {});
  readonly #last = momentElement(null);
  readonly view = element(
    "div",
    { class: "refusals", hidden: true },
    element("dt", {}, "Refused from there"),
    element("dd", {}, this.#count, ", the last ", this.#last),
  );
  #ip = "";

  /** Looks for the lines of another address; for those of the same one it does not look again. */
  show(source: Address | null): void {
    const ip = source?.ip ?? "";
    if (ip === this.#ip) return;
    this.#ip = ip;
    this.view.hidden = true;
    if (ip !== "") void this.#load(ip);
  }

  async #load(ip: string): Promise<void> {
    const asked = { q: ip, level: "error", limit: linesMax } as const;
    const answer = await get("/activity", asked).catch(() => null);
    if (this.#ip !== ip || answer === null) return;
    // The text may be in a line about another address, too.
    const from = address({ ip, port: 0 }).slice(0, -1);
    const lines = answer.lines.filter(({ peer }) => peer.startsWith(from));
    this.view.hidden = lines.length === 0;
    const isMore = answer.lines.length === linesMax;
    setText(this.#count, `${isMore ? "at least " : ""}${count(lines.length)}`);
    setAttribute(this.#count, "href", activityHash(ip, "error"));
    setAttribute(
      this.view,
      "title",
      `Datagrams from ${ip} that were malformed or refused, as far as the log goes back`,
    );
    setMoment(this.#last, lines.at(-1)?.time ?? null);
  }
}
