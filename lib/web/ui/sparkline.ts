// A small curve of the last values: no axes, the newest at the right, its scale from zero.

import { setAttribute, svgElement } from "./element.ts";
import { historySeconds } from "./status-history.ts";

const width = 120;
const height = 28;
/** Seconds the curve shows at least. */
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
    // A history that has just begun fills the curve sooner.
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
