// The table for a person to read. Measures nothing.

import { isMet, type Row } from "./measure.ts";

const titles = ["measure", "value", "of the echo", "target", "met"] as const;

/** The rows as text, in columns under their titles. */
export function tableOf(rows: readonly Row[]): string {
  const cells = [[...titles], ...rows.map(cellsOf)];
  const widths = titles.map((_, column) =>
    Math.max(...cells.map((line) => (line[column] as string).length)),
  );
  const lines = cells.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] as number;
        // Numbers are aligned right, words left.
        return column === 1 || column === 2 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return lines.join("\n");
}

/** Notes on rates that were measured while the machine was busy with other work. */
export function doubtsAbout(rows: readonly Row[]): string[] {
  return rows.flatMap(({ measure, echo }) => {
    if (echo === undefined || echo.quiet * 2 >= echo.turns) return [];
    return [
      echo.quiet === 0
        ? `${measure}: the machine was busy with something else in every turn; measure again.`
        : `${measure}: only ${echo.quiet} of ${echo.turns} turns were quiet and count.`,
    ];
  });
}

function cellsOf(row: Row): string[] {
  const { measure, value, unit, ratio, target } = row;
  const met = isMet(row);
  return [
    measure,
    `${numberText(value)} ${unit}`.trim(),
    ratio === null ? "" : ratio.toFixed(2),
    target === null
      ? ""
      : `${target.bound} ${numberText(target.number)}${target.of === "value" ? ` ${unit}` : ""}`.trim(),
    met === null ? "" : met ? "yes" : "NO",
  ];
}

function numberText(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}
