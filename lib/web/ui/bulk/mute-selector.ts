// Which selector means the devices that are to be muted: their ids, if these fit, else the one that the list is filtered by. Pure.

import { selectorCharsMax } from "../../api/words.ts";

/**
 * The selector.
 * @param ids the devices
 * @param filter a selector that means exactly these now; null if the list is filtered otherwise, or not all of it is meant
 * @returns `isOpen`: it also means devices that come to match it; null if nothing means them
 */
export function muteSelector(
  ids: readonly string[],
  filter: string | null,
): { readonly select: string; readonly isOpen: boolean } | null {
  const select = `id=${ids.join("|")}`;
  if (select.length <= selectorCharsMax) return { select, isOpen: false };
  return filter === null ? null : { select: filter, isOpen: true };
}
