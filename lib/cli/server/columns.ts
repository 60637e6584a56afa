// Lays out rows in columns as wide as their content. Never knows what the rows mean.

/** How many of the first rows determine the widths, so that a listing of any length can be streamed. */
export const rowsLookedAt = 200;

/**
 * A column: its heading and its greatest width in terminal columns. The last column has no limit. Where there is no room for all,
 * that with the lowest `spare` is left out first; those without it never.
 */
export type Column = { readonly heading: string; readonly widest: number; readonly spare?: number };

/**
 * Yields the lines of a table, the heading first; no line if there are no rows. A column is as wide as its longest cell
 * among the first rows, up to its limit; a longer cell shifts the rest of its line.
 * @param rows one text per column
 * @param room how wide a line may be: columns are left out for it, if they may be and the first rows need it
 */
export async function* aligned(
  columns: readonly Column[],
  rows: AsyncIterable<readonly string[]> | Iterable<readonly string[]>,
  room = Number.POSITIVE_INFINITY,
): AsyncGenerator<string, void, undefined> {
  const held: (readonly string[])[] = [];
  let layout: Layout | null = null;
  const release = () => {
    const made = layoutOf(columns, held, room);
    layout = made;
    return [columns.map(({ heading }) => heading), ...held.splice(0)].map((row) =>
      lineOf(row, made),
    );
  };
  for await (const row of rows) {
    if (layout !== null) {
      yield lineOf(row, layout);
    } else if (held.push(row) >= rowsLookedAt) {
      yield* release();
    }
  }
  if (held.length > 0) yield* release();
}

/** The columns that are shown, by their places, and the width of each. */
type Layout = readonly { readonly place: number; readonly width: number }[];

const gap = "  ";

function layoutOf(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room: number,
): Layout {
  const longest = (place: number) =>
    rows.reduce((width, row) => Math.max(width, Bun.stringWidth(row[place] ?? "")), 0);
  let shown = columns.map(({ heading, widest, spare }, place) => {
    const limit = place === columns.length - 1 ? Number.POSITIVE_INFINITY : widest;
    return { place, spare, width: Math.max(heading.length, Math.min(limit, longest(place))) };
  });
  const wide = () => shown.reduce((sum, { width }) => sum + width + gap.length, -gap.length);
  while (wide() > room) {
    const spares = shown.flatMap(({ spare }) => (spare === undefined ? [] : [spare]));
    if (spares.length === 0) break;
    const first = Math.min(...spares);
    shown = shown.filter(({ spare }) => spare !== first);
  }
  return shown;
}

function lineOf(cells: readonly string[], layout: Layout): string {
  const last = layout.length - 1;
  return layout
    .map(({ place, width }, i) =>
      i === last ? (cells[place] ?? "") : padded(cells[place] ?? "", width),
    )
    .join(gap);
}

function padded(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
}
