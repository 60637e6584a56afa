// Changes many devices, some at a time as the server takes them. Asks nobody, and renders nothing.

import type { BulkQueued, BulkResult } from "../../api/bulk-shapes.ts";
import { namedMax } from "../../api/words.ts";
import { post } from "../api.ts";
import type { Labels } from "../labels/device-labels.ts";

/** What became of the devices: how many were changed, and why others were not. */
export type BulkOutcome = {
  readonly changed: number;
  readonly refused: readonly (BulkResult | BulkQueued)["refused"][number][];
};

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
  /** Again with the same key, those that have it get no second one. */
  | {
      readonly action: "command";
      readonly message: string;
      readonly ttl: string;
      readonly key: string;
    }
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
): Promise<BulkOutcome> {
  if (act.action === "mute") {
    const { action: _, ...given } = act;
    await post("/mutes", {}, { ...given, expected: ids.length });
    return { changed: ids.length, refused: [] };
  }
  let changed = 0;
  const refused: BulkOutcome["refused"][number][] = [];
  for (let from = 0; from < ids.length; from += namedMax) {
    const devices = ids.slice(from, from + namedMax);
    const result = await changeGroup(act, { devices, expected: devices.length });
    changed += result.changed;
    refused.push(...result.refused);
    onDone(from + devices.length);
  }
  return { changed, refused };
}

async function changeGroup(
  act: ChangeAct,
  meant: { readonly devices: readonly string[]; readonly expected: number },
): Promise<BulkOutcome> {
  if (act.action === "approve" || act.action === "reject") {
    return post("/pending/bulk", {}, { ...act, ...meant });
  }
  if (act.action === "command") {
    const { message, ttl, key } = act;
    const { queued, refused } = await post("/commands", {}, { message, ttl, ...meant }, key);
    return { changed: queued, refused };
  }
  return post("/devices/bulk", {}, { ...act, ...meant });
}

const refusalWords: Readonly<Record<BulkOutcome["refused"][number]["code"], string>> = {
  "unknown-device": "not there any more",
  "queue-full": "too many commands are open",
  "too-many-labels": "would have more than 32 labels",
  "storage-failed": "could not be stored; error.log says why",
};

/** Why some devices were refused, a line for each reason: `a, b and 3 more: not there any more`. */
export function refusalLines(refused: BulkOutcome["refused"], named: number): string[] {
  const byCode = Map.groupBy(refused, ({ code }) => code);
  return Array.from(byCode, ([code, all]) => {
    const ids = all.slice(0, named).map(({ id }) => id);
    const more = all.length > named ? ` and ${all.length - named} more` : "";
    return `${ids.join(", ")}${more}: ${refusalWords[code]}`;
  });
}
