// The part of "Add a device" that opens the door to all devices for a while: buttons for how long, or the time that is left.

import { Countdown } from "../parts/countdown.ts";
import { labelsIn } from "../labels/device-labels.ts";
import type { Door } from "./door.ts";
import { givenWords } from "./door-notice.ts";
import { button, element, setText } from "../parts/element.ts";
import { labelTrouble } from "../labels/label-change.ts";
import { labelField } from "../labels/label-field.ts";
import { field } from "../alerts/silence-form.ts";

const times = [
  { seconds: 300, words: "5 min" },
  { seconds: 1800, words: "30 min" },
  { seconds: 3600, words: "1 h" },
] as const;

export class JoinWindowPart {
  readonly #left = new Countdown();
  readonly #given = element("span");
  readonly #labels = labelField("window-labels", "window-trouble");
  readonly #trouble = element("p", { id: "window-trouble", class: "trouble", role: "alert" });
  readonly #closed = element(
    "div",
    { class: "alert-form" },
    field("window-labels", "Labels they get, if any", this.#labels, "wide"),
    element(
      "div",
      { class: "window-times", role: "group", "aria-label": "Let all devices in for" },
      ...times.map(({ seconds, words }) =>
        button({ click: () => void this.#open(seconds), "aria-label": `Open for ${words}` }, words),
      ),
    ),
  );
  readonly #opened = element(
    "div",
    { class: "window-open", hidden: true },
    element("p", {}, "All devices may register for ", this.#left.view, this.#given),
    button({ class: "danger", click: () => void this.#open(0) }, "Close the door"),
  );
  readonly view = element(
    "section",
    { class: "join-part", "aria-labelledby": "window-title" },
    element("h3", { id: "window-title" }, "Let all devices in for a while"),
    this.#closed,
    this.#opened,
    this.#trouble,
  );

  constructor(private readonly door: Door) {}

  draw(): void {
    const { seen } = this.door;
    if (seen === null) return;
    // With the policy `open` a window would change nothing.
    this.view.hidden = seen.join === "open";
    const hadFocus = this.view.contains(document.activeElement);
    const wasOpen = !this.#opened.hidden;
    this.#closed.hidden = seen.open;
    this.#opened.hidden = !seen.open;
    setText(this.#given, givenWords(seen.labels));
    if (seen.open) this.#left.run(seen.endsAt);
    else this.#left.stop();
    // The button that had the focus is gone.
    if (hadFocus && wasOpen !== seen.open) {
      (seen.open ? this.#opened : this.#closed).querySelector("button")?.focus();
    }
  }

  close(): void {
    this.#left.stop();
  }

  async #open(seconds: number): Promise<void> {
    const tell = (words: string) => setText(this.#trouble, labelTrouble(words));
    const { labels, trouble } = labelsIn(seconds === 0 ? "" : this.#labels.value);
    if (trouble === "") await this.door.open(seconds, labels, tell);
    else tell(trouble);
  }
}
