// The table below a chart: of each curve its name, its colour and what it comes to over the range; of each state how it is.

import { type Band, type Curve, swatchOf } from "./chart-data.ts";
import { figures, figuresOf } from "./chart-figures.ts";
import { element } from "../parts/element.ts";
import { count } from "../parts/formats.ts";

/** The rows of curves and states. */
export function legendOf(curves: readonly Curve[], bands: readonly Band[]): HTMLElement {
  const heads = figures.map((words) => element("th", { scope: "col" }, words));
  return element(
    "table",
    { class: "figures" },
    element("thead", { hidden: curves.length === 0 }, element("tr", {}, element("td"), ...heads)),
    element("tbody", {}, ...curves.map(curveRow), ...bands.map(bandRow)),
  );
}

/** A curve in words, for those who do not see it. */
export function spokenOf({ words, points, unit }: Curve): string {
  const said = figuresOf(points, unit).map((text, i) => `${figures[i]} ${text}`);
  return `${words}: ${said.join(", ")}`;
}

function curveRow(curve: Curve): HTMLElement {
  const { words, points, unit } = curve;
  const texts = figuresOf(points, unit);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, element("span", { class: `swatch ${swatchOf(curve)}` }), words),
    ...texts.map((text, i) => element("td", { "data-name": figures[i] }, text)),
  );
}

function bandRow({ words, points }: Band): HTMLElement {
  const changes = points.changes.reduce((sum, some) => sum + some, 0);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, element("span", { class: "swatch state" }), words),
    element("td", { "data-name": figures[0] }, points.last ?? "–"),
    element(
      "td",
      { class: "changes", colspan: 3 },
      changes === 1 ? "1 change" : `${count(changes)} changes`,
    ),
    element("td", { "data-name": figures[4] }, count(points.reports)),
  );
}
