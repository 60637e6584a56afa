// The table for a person to read. Measures nothing.

import { isMet, type Row } from "./measure.ts";
import type { Spread } from "./spread.ts";

type Column = { readonly title: string; readonly isNumber?: boolean; of(row: Row): string };

const columns: readonly Column[] = [
  { title: "measure", of: ({ measure }) => measure },
  {
    title: "value",
    isNumber: true,
    of: ({ value, unit }) => (value === null ? "-" : `${numberText(value)} ${unit}`.trim()),
  },
  { title: "CPU a request", isNumber: true, of: ({ cpuUs }) => cpuText(cpuUs) },
  {
    title: "ratio (lowest..highest turn)",
    of: ({ ratio }) => (ratio === undefined ? "" : `${spreadText(ratio.spread)} ${ratio.of}`),
  },
  { title: "target", of: targetText },
  { title: "met", of: metText },
  { title: "remark", of: ({ remark }) => remark ?? "" },
];

/** The rows as text, in columns under their titles. A column that says nothing is left out. */
export function tableOf(rows: readonly Row[]): string {
  const shown = columns.filter((column) => rows.some((row) => column.of(row) !== ""));
  const cells = [
    shown.map(({ title }) => title),
    ...rows.map((row) => shown.map((c) => c.of(row))),
  ];
  const widths = shown.map((_, i) => Math.max(...cells.map((line) => (line[i] as string).length)));
  const lines = cells.map((line) =>
    line
      .map((cell, i) => {
        const width = widths[i] as number;
        // Numbers are aligned right, words left.
        return shown[i]?.isNumber === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return lines.join("\n");
}

/** A ratio with its spread, such as `0.62 (0.58..0.66)`; without it if there was one turn. */
export function spreadText({ median, low, high, turns }: Spread): string {
  const middle = median.toFixed(2);
  return turns === 1 ? middle : `${middle} (${low.toFixed(2)}..${high.toFixed(2)})`;
}

/** From this highest over lowest on, the turns of a comparison contradict each other. */
const doubtfulSpread = 1.5;

/** A note on the comparisons whose turns contradict each other: the machine was busy. Null if there are none. */
export function doubtsAbout(rows: readonly Row[]): string | null {
  const doubtful = rows.filter(
    ({ ratio }) => ratio !== undefined && ratio.spread.high >= ratio.spread.low * doubtfulSpread,
  );
  if (doubtful.length === 0) return null;
  const names = doubtful.map(({ measure, ratio }) => `  ${measure}, of ${ratio?.of}`);
  return [
    "The machine was busy with something else in some turns of these; measure them again:",
    ...new Set(names),
  ].join("\n");
}

function cpuText(cpuUs: number | undefined): string {
  return cpuUs === undefined ? "" : `${cpuUs.toFixed(1)} µs`;
}

function targetText({ target, unit }: Row): string {
  if (target === undefined) return "";
  const number = `${target.bound} ${numberText(target.number)}`;
  return target.of === "value" ? `${number} ${unit}`.trim() : number;
}

function metText(row: Row): string {
  const met = isMet(row);
  return met === null ? "" : met ? "yes" : "NO";
}

function numberText(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}
