// Changes many devices, some at a time as the server takes them. Asks nobody, and renders nothing.

import type { BulkResult } from "../api/bulk-shapes.ts";
import { namedMax } from "../api/words.ts";
import { post } from "./api.ts";
import type { Labels } from "./device-labels.ts";

/** What is done to the devices. */
export type BulkAct =
  /** All at once: the selector means them. */
  | {
      readonly action: "mute";
      readonly select: string;
      readonly for: string;
      readonly note: string;
    }
  | ChangeAct;

/** What is done to each of them. */
type ChangeAct =
  | { readonly action: "deregister" }
  /** Of devices that wait to be let in. */
  | { readonly action: "approve"; readonly labels: Labels; readonly seenBy: string }
  | { readonly action: "reject"; readonly seenBy: string }
  | {
      readonly action: "label";
      readonly set: Readonly<Record<string, string>>;
      readonly remove: readonly string[];
    };

/**
 * Does it to all devices, group by group.
 * @param onDone called after each group with how many were gone through
 * @throws Problem if a group was refused; those before it are changed. Or if a selector means others than these
 */
export async function changeMany(
  ids: readonly string[],
  act: BulkAct,
  onDone: (count: number) => void,
): Promise<BulkResult> {
  if (act.action === "mute") {
    const { action: _, ...given } = act;
    await post("/mutes", {}, { ...given, expected: ids.length });
    return { changed: ids.length, refused: [] };
  }
  let changed = 0;
  const refused: BulkResult["refused"][number][] = [];
  for (let from = 0; from < ids.length; from += namedMax) {
    const devices = ids.slice(from, from + namedMax);
    const result = await changeGroup(act, { devices, expected: devices.length });
    changed += result.changed;
    refused.push(...result.refused);
    onDone(from + devices.length);
  }
  return { changed, refused };
}

function changeGroup(
  act: ChangeAct,
  meant: { readonly devices: readonly string[]; readonly expected: number },
): Promise<BulkResult> {
  if (act.action === "approve" || act.action === "reject") {
    return post("/pending/bulk", {}, { ...act, ...meant });
  }
  return post("/devices/bulk", {}, { ...act, ...meant });
}

const refusalWords: Readonly<Record<BulkResult["refused"][number]["code"], string>> = {
  "unknown-device": "not there any more",
  "too-many-labels": "would have more than 32 labels",
  "storage-failed": "could not be stored; error.log says why",
};

/** Why some devices were refused, a line for each reason: `a, b and 3 more: not there any more`. */
export function refusalLines(refused: BulkResult["refused"], named: number): string[] {
  const byCode = Map.groupBy(refused, ({ code }) => code);
  return Array.from(byCode, ([code, all]) => {
    const ids = all.slice(0, named).map(({ id }) => id);
    const more = all.length > named ? ` and ${all.length - named} more` : "";
    return `${ids.join(", ")}${more}: ${refusalWords[code]}`;
  });
}
