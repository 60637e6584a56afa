// Which columns the device list shows: those that were chosen are kept in the browser. Renders nothing.

import { element } from "../parts/element.ts";

/** The columns that can be left out, in their order; the device itself is always there. */
export const columnWords = {
  labels: "Labels",
  presence: "Status",
  transport: "Encryption",
  source: "Address",
  report: "Last report",
  availability: "Last 24 h",
  seen: "Last seen",
} as const;
export type ColumnName = keyof typeof columnWords;
export const columnNames = Object.keys(columnWords) as readonly ColumnName[];

/** The columns that are shown, and the fields of the last report with one of their own. */
export type Columns = {
  readonly shown: readonly ColumnName[];
  readonly fields: readonly string[];
};

/** More have no room. */
export const fieldColumnsMax = 4;
const storedAs = "iot-fleet-columns";
const usual: Columns = {
  shown: columnNames.filter((name) => name !== "source"),
  fields: [],
};

/** The width of each column, as a track of the grid. What it depends on is in the style sheet. */
const tracks: Readonly<Record<ColumnName, string>> = {
  labels: "minmax(var(--labels-min), 1.1fr)",
  presence: "minmax(var(--presence-min), 1.1fr)",
  transport: "var(--transport)",
  source: "minmax(0, 158px)",
  report: "minmax(0, 2fr)",
  availability: "minmax(0, 96px)",
  seen: "var(--seen)",
};
const fieldTrack = "minmax(0, 84px)";
/** How much room there is, and the columns that are left out then. */
export type Room = "wide" | "middle" | "narrow";
const leftOut: Readonly<Record<Room, readonly ColumnName[]>> = {
  wide: [],
  middle: ["availability"],
  narrow: ["availability", "seen", "source"],
};

/** The columns that were chosen last. */
export function storedColumns(): Columns {
  try {
    return columnsIn(JSON.parse(localStorage.getItem(storedAs) ?? "null"));
  } catch {
    // Nothing is stored, or the browser stores nothing.
    return usual;
  }
}

/** Keeps a choice for the next time. */
export function storeColumns(columns: Columns): void {
  try {
    localStorage.setItem(storedAs, JSON.stringify(columns));
  } catch {
    // Then it lasts as long as the page.
  }
}

/** What was stored; the usual columns if that is none of it. */
export function columnsIn(stored: unknown): Columns {
  const { shown, fields } = (stored ?? {}) as { readonly [key: string]: unknown };
  if (!Array.isArray(shown) || !Array.isArray(fields)) return usual;
  return {
    shown: columnNames.filter((name) => shown.includes(name)),
    fields: fields.filter((one) => typeof one === "string").slice(0, fieldColumnsMax),
  };
}

/**
 * The tracks of the grid.
 * @param isBare whether no device has a label: that column would be empty
 */
export function tracksOf({ shown, fields }: Columns, isBare: boolean, room: Room): string {
  const isThere = (name: ColumnName) =>
    !(isBare && name === "labels") && !leftOut[room].includes(name);
  const names = shown.filter(isThere);
  const isEnd = (name: ColumnName) => name === "availability" || name === "seen";
  const before = names.filter((name) => !isEnd(name)).map((name) => tracks[name]);
  const end = names.filter(isEnd).map((name) => tracks[name]);
  const own = fields.map(() => fieldTrack);
  return ["18px", "minmax(var(--device-min), 1.3fr)", ...before, ...own, ...end].join(" ");
}

/** A cell for each field column, those of a row or the heads. */
export function fieldCells(role: "gridcell" | "columnheader"): HTMLElement[] {
  return Array.from({ length: fieldColumnsMax }, () =>
    element("div", { class: "cell value", role, hidden: true }),
  );
}
