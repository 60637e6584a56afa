// A growing list of log lines. Stays scrolled to the newest line unless the user scrolled up; keeps a limited number.

import type { Line } from "../../api/server-shapes.ts";
import { button, element } from "../parts/element.ts";
import { clockTime, count, dayWords, fullMoment } from "../parts/formats.ts";
import { oncePerFrame } from "../pace.ts";
import { skeleton } from "../parts/skeleton.ts";

const keptMax = 600;
/** Closer than this to the end counts as at the end, px. */
const nearPx = 40;

export class LineTail {
  readonly #lines = element("div", {
    class: "lines",
    role: "log",
    "aria-live": "off",
    "aria-label": "Activity, newest last",
    tabindex: "0",
  });
  readonly #toEnd = button({ class: "to-end primary", hidden: true }, "Newest lines");
  readonly view = element("div", { class: "tail card" }, this.#lines, this.#toEnd);
  #isFollowing = true;
  #waiting: Node[] = [];
  /** The day of the last line. */
  #day = "";
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

  /** Replaces all lines; without any, shows a text that says why. */
  begin(lines: readonly Line[], words: string): void {
    this.#waiting = [];
    this.#day = "";
    this.#lines.replaceChildren(
      ...(lines.length === 0
        ? [element("p", { class: "empty muted" }, words)]
        : lines.flatMap((line) => this.#views(line))),
    );
    this.#isFollowing = true;
    this.#lines.scrollTop = this.#lines.scrollHeight;
  }

  /**
   * Adds lines at the end.
   * @param skipped how many more came that are not shown
   */
  add(lines: readonly Line[], skipped: number): void {
    for (const line of lines) this.#waiting.push(...this.#views(line));
    if (skipped > 0) {
      this.#waiting.push(
        element(
          "p",
          { class: "skipped" },
          `${count(skipped)} more lines, not shown here, are in Activity.log`,
        ),
      );
    }
    if (this.#waiting.length > keptMax) this.#waiting = this.#waiting.slice(-keptMax);
    if (this.#waiting.length > 0) this.#flush();
  }

  close(): void {
    this.#waiting = [];
  }

  /** A line, below the date where a new day begins. */
  #views(line: Line): Node[] {
    const day = dayWords(Date.parse(line.time));
    if (day === this.#day) return [lineView(line)];
    this.#day = day;
    return [element("p", { class: "day" }, day), lineView(line)];
  }

  #write(): void {
    this.#lines.querySelector(".empty, .skeleton")?.remove();
    this.#lines.append(...this.#waiting);
    this.#waiting = [];
    // Whoever has scrolled up keeps their place: the browser anchors it while lines are removed above.
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
