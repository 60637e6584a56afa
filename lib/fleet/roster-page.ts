// A page of the device list: the first ones, in some order, of the devices that match. Goes through all of them in short steps,
// and changes none.

import { isSelected, type Selector } from "../server/selector.ts";
import { isOf, type PresenceFilter, type RosterEntry, selectableOf } from "./presence-of.ts";
import { Slice } from "./slice.ts";

/** What a device must be like to be in a list, without what is searched for. */
export type RosterFilter = {
  /** null for all devices. */
  readonly select: Selector | null;
  readonly presence: PresenceFilter | null;
  /** Only devices that were heard, the last time before this, ms since 1970; null for all. */
  readonly unheard: number | null;
  /** Only devices that the caller knows as such; for all it is left out, or null. */
  readonly among?: { has(id: string): boolean } | null;
};

/** What a list is sorted by; `value` is a number that the caller knows of each device. */
export type RosterKey = "id" | "name" | "area" | "status" | "lastSeen" | "value";

export type RosterQuery = RosterFilter & {
  /** A part of an id or of a label's value, in lower case; empty for all devices. */
  readonly contains: string;
  /** Ids that were found for `contains` otherwise. */
  readonly found: ReadonlySet<string>;
  readonly key: RosterKey;
  /** The values for the key `value`, by id. */
  readonly values?: ReadonlyMap<string, number>;
  readonly descending: boolean;
  readonly limit: number;
  /** The place of the last entry of the previous page; null for the first page. */
  readonly after: RosterPlace | null;
};

/** Where in the order a device is. Those without a rank are the last ones, in both directions. */
export type RosterPlace = { readonly id: string; readonly rank: string | number | null };

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
  const before = (a: RosterPlace, b: RosterPlace) => compare(query.descending, a, b) < 0;
  const slice = new Slice();
  let total = 0;
  let looks = 0;
  for (const entry of entries) {
    if (++looks % looksPerStep === 0) await slice.breathe();
    if (!passes(entry, query, lastSeen)) continue;
    if (query.contains !== "" && !shows(entry, query)) continue;
    total++;
    const place = { id: entry.id, rank: rankIn(query, entry, lastSeen) };
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

/** Whether a device passes a filter. */
export function passes(
  entry: RosterEntry,
  { presence, select, unheard, among }: RosterFilter,
  lastSeen: (entry: RosterEntry) => number | null,
): boolean {
  if (among?.has(entry.id) === false) return false;
  if (presence !== null && !isOf(presence, entry)) return false;
  if (select !== null && !isSelected(select, selectableOf(entry))) return false;
  return unheard === null || (lastSeen(entry) ?? unheard) < unheard;
}

/** Those that need attention first. */
const statusRanks = { silent: 0, left: 1, never: 2, online: 3 } as const;

function rankIn(
  { key, values }: RosterQuery,
  entry: RosterEntry,
  lastSeen: (entry: RosterEntry) => number | null,
): RosterPlace["rank"] {
  const { id, labels } = entry;
  switch (key) {
    case "id":
      return null;
    case "name":
      return (labels.get("name") || id).toLowerCase();
    case "area":
      return labels.get("area")?.toLowerCase() || null;
    case "status":
      return statusRanks[selectableOf(entry).presence];
    case "lastSeen":
      return lastSeen(entry) ?? -1;
    case "value":
      return values?.get(id) ?? null;
  }
}

function compare(descending: boolean, a: RosterPlace, b: RosterPlace): number {
  const sign = descending ? -1 : 1;
  if (a.rank !== b.rank) {
    if (a.rank === null || b.rank === null) return a.rank === null ? 1 : -1;
    return a.rank < b.rank ? -sign : sign;
  }
  if (a.id === b.id) return 0;
  return a.id < b.id ? -sign : sign;
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
