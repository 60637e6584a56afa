// Lays out rows in columns as wide as their content. Never knows what the rows mean.

/** How many of the first rows determine the widths, so that a listing of any length can be streamed. */
export const rowsLookedAt = 200;

/** A column: its heading and its greatest width in terminal columns. The last column has no limit. */
export type Column = { readonly heading: string; readonly widest: number };

/**
 * Yields the lines of a table, the heading first; no line if there are no rows. A column is as wide as its longest cell
 * among the first rows, up to its limit; a longer cell shifts the rest of its line.
 * @param rows one text per column
 */
export async function* aligned(
  columns: readonly Column[],
  rows: AsyncIterable<readonly string[]> | Iterable<readonly string[]>,
): AsyncGenerator<string, void, undefined> {
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
  for await (const row of rows) {
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
