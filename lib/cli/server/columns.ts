// Lays out rows in columns that fit what is in them. Knows no device and no report.

/** How many rows the widths are taken from. */
export const rowsLookedAt = 200;

/** A column: its heading, and how wide it may become; the last one is as wide as it likes. */
export type Column = { readonly heading: string; readonly widest: number };

/**
 * Lines of a table, the heading first; nothing where there are no rows. A column is as wide as the longest among the
 * first rows, and at most as it may be: a longer one pushes the rest of its line.
 * @param rows a text for each column
 */
export function* aligned(
  columns: readonly Column[],
  rows: Iterable<readonly string[]>,
): Generator<string, void, undefined> {
  const held: (readonly string[])[] = [];
  let widths: readonly number[] | null = null;
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : padded(cell, widths?.[i] ?? 0)))
      .join("  ");
  const release = () => {
    widths = columns.map(({ heading, widest }, i) =>
      held.reduce(
        (width, row) => Math.max(width, Math.min(widest, Bun.stringWidth(row[i] ?? ""))),
        heading.length,
      ),
    );
    return [columns.map(({ heading }) => heading), ...held.splice(0)].map(line);
  };
  for (const row of rows) {
    if (widths !== null) {
      yield line(row);
    } else if (held.push(row) >= rowsLookedAt) {
      yield* release();
    }
  }
  if (held.length > 0) yield* release();
}

function padded(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
}
