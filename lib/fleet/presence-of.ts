// A device in the roster, and whether it is there. Pure.

import type { presenceWords, Selectable } from "../server/selector.ts";
import type { RosterRow } from "../server/rows.ts";

/** What devices can be narrowed to; `silent` and `left` are the two parts of `offline`. */
export type PresenceFilter = (typeof presenceWords)[number];

/** How a device is there, without why it is not. */
export type Presence = Exclude<PresenceFilter, "silent" | "left">;

/** How many devices are there, and how. */
export type RosterCounts = Readonly<Record<"registered" | Presence | "silent", number>>;

/** A device in the roster. */
export type RosterEntry = { -readonly [Key in keyof RosterRow]: RosterRow[Key] };

type Entry = Pick<RosterRow, "session" | "ended" | "reason">;

/** Whether a device is logged in (`online`), was logged in (`offline`), or never was since it registered (`never`). */
export function presenceOf(entry: Entry): Presence {
  if (entry.session === 0) return "never";
  return entry.ended === null ? "online" : "offline";
}

/** Whether a device is offline because nothing came from it any more. */
export function isSilent(entry: Entry): boolean {
  return presenceOf(entry) === "offline" && entry.reason === "offline";
}

/** What a selector asks for of a device. */
export function selectableOf(entry: RosterEntry): Selectable {
  const { id, labels } = entry;
  const presence = presenceOf(entry);
  const gone = isSilent(entry) ? "silent" : "left";
  return { id, labels, presence: presence === "offline" ? gone : presence };
}

/** Whether a device passes a filter. */
export function isOf(filter: PresenceFilter, entry: Entry): boolean {
  const presence = presenceOf(entry);
  if (filter === "silent") return isSilent(entry);
  if (filter === "left") return presence === "offline" && !isSilent(entry);
  return presence === filter;
}
