// A small curve of the last values, without axes; the newest is at the right and the scale begins at zero.

import { setAttribute, svgElement } from "./element.ts";
import { historySeconds } from "../status-history.ts";

const width = 120;
const height = 28;
/** The shortest time the width stands for, in seconds. */
const soonSeconds = 30;

export class Sparkline {
  readonly #line = svgElement("path", { class: "spark-line" });
  readonly #area = svgElement("path", { class: "spark-area" });
  readonly view = svgElement(
    "svg",
    {
      class: "spark",
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    this.#area,
    this.#line,
  );

  /** Draws values, oldest first. */
  draw(values: readonly number[]): void {
    if (values.length < 2) return;
    const top = Math.max(1, ...values);
    // A short history is stretched, so that a new page does not show an almost empty curve for minutes.
    const step = width / (Math.max(soonSeconds, Math.min(historySeconds, values.length)) - 1);
    const first = width - (values.length - 1) * step;
    const points = values.map((value, i) => {
      const y = height - 1.5 - (value / top) * (height - 3);
      return `${(first + i * step).toFixed(1)} ${y.toFixed(1)}`;
    });
    const path = `M${points.join("L")}`;
    setAttribute(this.#line, "d", path);
    setAttribute(this.#area, "d", `${path}L${width} ${height}L${first.toFixed(1)} ${height}Z`);
  }
}
