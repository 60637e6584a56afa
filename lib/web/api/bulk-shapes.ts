// Owns the shapes of what is done to many devices at once: which are meant, how many, and what became of them. Never checks a value.

import {
  about,
  count,
  type Infer,
  listOf,
  object,
  objectWith,
  type Schema,
  word,
} from "./schema.ts";
import { message, ttl } from "./command-shapes.ts";
import { changes, id } from "./shapes.ts";

/** How many devices a change is about. */
export const expected = about(
  count,
  "how many devices are meant; if they are more or fewer, nothing is done",
);
/** Which devices a change is about: at most `namedMax` by their ids, or those of a selector. */
export function meant(namedMax: number, selectorCharsMax: number) {
  const select: Schema<string> = { type: "string", maxLength: selectorCharsMax };
  const devices: Schema<readonly string[]> = { ...listOf(id), minItems: 1, maxItems: namedMax };
  return {
    select: about(select, "as of the list of devices; this or `devices`"),
    devices: about(devices, "ids"),
  };
}

/** What is done to many devices. */
export function bulkChange(namedMax: number, selectorCharsMax: number) {
  return objectWith(
    { action: word("label", "deregister"), expected },
    {
      ...meant(namedMax, selectorCharsMax),
      set: about(changes.set, "with `label`: as of one device"),
      remove: about(changes.remove, "with `label`: keys"),
    },
  );
}
export const bulkResult = object({
  changed: about(count, "how many are not as they were before"),
  refused: listOf(
    object({ id, code: word("unknown-device", "too-many-labels", "storage-failed") }),
  ),
});
export type BulkResult = Infer<typeof bulkResult>;

/** A command to many devices. */
export function bulkCommand(namedMax: number, selectorCharsMax: number) {
  return objectWith({ message, expected }, { ...meant(namedMax, selectorCharsMax), ttl });
}
export const bulkQueued = object({
  queued: about(
    count,
    "for how many it is queued, also those of an earlier request with the same key",
  ),
  refused: listOf(object({ id, code: word("unknown-device", "queue-full", "storage-failed") })),
});
export type BulkQueued = Infer<typeof bulkQueued>;
