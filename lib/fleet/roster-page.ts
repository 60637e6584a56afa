// A page of the device list: the first ones, in some order, of the devices that match. Goes through all of them in short steps,
// and changes none.

import { isSelected, type Selector } from "../server/selector.ts";
import { isOf, type PresenceFilter, type RosterEntry, selectableOf } from "./presence-of.ts";
import { Slice } from "./slice.ts";

export type RosterQuery = {
  /** A part of an id or of a label's value, in lower case; empty for all devices. */
  readonly contains: string;
  /** Ids that were found for `contains` otherwise. */
  readonly found: ReadonlySet<string>;
  /** null for all devices. */
  readonly select: Selector | null;
  readonly presence: PresenceFilter | null;
  readonly key: "id" | "lastSeen";
  readonly descending: boolean;
  readonly limit: number;
  /** The place of the last entry of the previous page; null for the first page. */
  readonly after: RosterPlace | null;
};

/** Where in the order a device is. */
export type RosterPlace = { readonly id: string; readonly lastSeen: number };

export type RosterPage = {
  readonly entries: readonly RosterEntry[];
  readonly total: number;
  readonly next: RosterPlace | null;
};

/** How many entries one step examines. */
const looksPerStep = 5_000;

/**
 * Examines all devices once and keeps only the first ones in the order wanted.
 * @param lastSeen when the last packet of a device came, ms since 1970; null if it never logged in
 */
export async function pageOf(
  entries: Iterable<RosterEntry>,
  query: RosterQuery,
  lastSeen: (entry: RosterEntry) => number | null,
): Promise<RosterPage> {
  const best: { entry: RosterEntry; place: RosterPlace }[] = [];
  const sign = query.descending ? -1 : 1;
  const before = (a: RosterPlace, b: RosterPlace) => sign * compare(query.key, a, b) < 0;
  const slice = new Slice();
  let total = 0;
  let looks = 0;
  for (const entry of entries) {
    if (++looks % looksPerStep === 0) await slice.breathe();
    if (query.presence !== null && !isOf(query.presence, entry)) continue;
    if (query.select !== null && !isSelected(query.select, selectableOf(entry))) continue;
    if (query.contains !== "" && !shows(entry, query)) continue;
    total++;
    const place = { id: entry.id, lastSeen: lastSeen(entry) ?? -1 };
    if (query.after !== null && !before(query.after, place)) continue;
    const last = best.at(-1);
    if (best.length > query.limit && last !== undefined && !before(place, last.place)) continue;
    best.splice(rankOf(best, place, before), 0, { entry, place });
    if (best.length > query.limit + 1) best.pop();
  }
  const page = best.slice(0, query.limit);
  const next = best.length > query.limit ? (page.at(-1)?.place ?? null) : null;
  return { entries: page.map(({ entry }) => entry), total, next };
}

function shows({ id, labels }: RosterEntry, { contains, found }: RosterQuery): boolean {
  if (id.toLowerCase().includes(contains) || found.has(id)) return true;
  for (const value of labels.values()) if (value.toLowerCase().includes(contains)) return true;
  return false;
}

function compare(key: "id" | "lastSeen", a: RosterPlace, b: RosterPlace): number {
  if (key === "lastSeen" && a.lastSeen !== b.lastSeen) return a.lastSeen - b.lastSeen;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** The index at which an entry with this place belongs in the sorted list. */
function rankOf(
  best: readonly { readonly place: RosterPlace }[],
  place: RosterPlace,
  before: (a: RosterPlace, b: RosterPlace) => boolean,
): number {
  let low = 0;
  let high = best.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before((best[middle] as { place: RosterPlace }).place, place)) low = middle + 1;
    else high = middle;
  }
  return low;
}
