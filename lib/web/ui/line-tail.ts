// Lines of a log that grow at their end. Follows the newest as long as one has not scrolled up; keeps so many and no
// more.

import { button, element } from "./element.ts";
import { clockTime, count, fullMoment } from "./formats.ts";
import { oncePerFrame } from "./pace.ts";
import type { Line } from "./shapes.ts";
import { skeleton } from "./skeleton.ts";

const keptMax = 600;
/** So close to the end counts as at the end, px. */
const nearPx = 40;

export class LineTail {
  readonly #lines = element("div", {
    class: "lines",
    role: "log",
    "aria-live": "off",
    "aria-label": "Activity, newest last",
    tabindex: "0",
  });
  readonly #toEnd = button({ class: "to-end primary", hidden: true }, "To the newest");
  readonly view = element("div", { class: "tail card" }, this.#lines, this.#toEnd);
  #isFollowing = true;
  #waiting: Node[] = [];
  readonly #flush = oncePerFrame(() => this.#write());

  constructor() {
    this.#lines.append(skeleton(12, "lines"));
    this.#lines.addEventListener(
      "scroll",
      () => {
        const { scrollHeight, scrollTop, clientHeight } = this.#lines;
        this.#isFollowing = scrollHeight - scrollTop - clientHeight < nearPx;
        this.#toEnd.hidden = this.#isFollowing;
      },
      { passive: true },
    );
    this.#toEnd.addEventListener("click", () => {
      this.#lines.scrollTop = this.#lines.scrollHeight;
      this.#lines.focus();
    });
  }

  /** Begins anew with these, or with words that say why there are none. */
  begin(lines: readonly Line[], words: string): void {
    this.#waiting = [];
    this.#lines.replaceChildren(
      ...(lines.length === 0
        ? [element("p", { class: "empty muted" }, words)]
        : lines.map((line) => lineView(line))),
    );
    this.#isFollowing = true;
    this.#lines.scrollTop = this.#lines.scrollHeight;
  }

  /**
   * Adds lines at the end.
   * @param skipped how many more came that nobody sees
   */
  add(lines: readonly Line[], skipped: number): void {
    for (const line of lines) this.#waiting.push(lineView(line));
    if (skipped > 0) {
      this.#waiting.push(
        element("p", { class: "skipped" }, `${count(skipped)} more lines are in the file`),
      );
    }
    if (this.#waiting.length > keptMax) this.#waiting = this.#waiting.slice(-keptMax);
    if (this.#waiting.length > 0) this.#flush();
  }

  close(): void {
    this.#waiting = [];
  }

  #write(): void {
    this.#lines.querySelector(".empty, .skeleton")?.remove();
    this.#lines.append(...this.#waiting);
    this.#waiting = [];
    // Who reads further up is not moved: the browser holds the place where lines go away above it.
    while (this.#lines.childElementCount > keptMax) this.#lines.firstElementChild?.remove();
    if (this.#isFollowing) this.#lines.scrollTop = this.#lines.scrollHeight;
  }
}

function lineView({ time, level, peer, direction, words }: Line): HTMLElement {
  const at = Date.parse(time);
  const arrow = direction === "RECV" ? "←" : direction === "SEND" ? "→" : "";
  return element(
    "div",
    { class: "line", "data-level": level.toLowerCase() },
    element("time", { datetime: time, title: fullMoment(at) }, clockTime(at)),
    element("span", { class: "level" }, level.toLowerCase()),
    element("span", { class: "peer" }, peer === "-" ? "" : peer),
    element(
      "span",
      { class: "way", "aria-label": direction === "-" ? null : direction, role: "img" },
      arrow,
    ),
    element("span", { class: "words" }, words),
  );
}
