// Owns the handler that labels or deregisters many devices: finds out which are meant, and goes through them in groups. Never
// stores anything itself.

import type { Roster } from "../../fleet/roster.ts";
import { labelsMax } from "../../server/labels.ts";
import type { Selector } from "../../server/selector.ts";
import { meantMax } from "../api/device-table.ts";
import type { BulkResult } from "../api/bulk-shapes.ts";
import { namedMax } from "../api/words.ts";
import { selectIn } from "../devices/device-listing.ts";
import type { CallOf, Handlers, RouteAnswer } from "../handlers.ts";
import { changesIn } from "./label-handlers.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";

export type Refusal = BulkResult["refused"][number]["code"];
/** What became of all of them. */
export type Changed<Why extends string> = {
  readonly changed: number;
  readonly refused: readonly { readonly id: string; readonly code: Why | "storage-failed" }[];
};
type Body = Awaited<ReturnType<CallOf<"bulk">["body"]>>;
/** Does it to one device; resolves to why not, or to whether that changed anything. */
export type Act<Why extends string> = (id: string) => Promise<Why | "storage-failed" | boolean>;

/** The handler of many devices. */
export function bulkHandlers(ports: WebPorts, roster: Roster): Pick<Handlers, "bulk"> {
  return { bulk: (call) => bulk(ports, roster, call) };
}

async function bulk(
  ports: WebPorts,
  roster: Roster,
  call: CallOf<"bulk">,
): Promise<RouteAnswer<"bulk">> {
  const body = await call.body();
  const act = actOf(ports, body);
  return changeAll(await meantBy(roster, body), body.expected, act);
}

/**
 * Does something to each of the devices that are meant, in groups.
 * @param expected how many that are, as the client knows it
 * @throws Problem `count-changed`
 */
export async function changeAll<Why extends string>(
  ids: readonly string[],
  expected: number,
  act: Act<Why>,
): Promise<Changed<Why>> {
  checkCount(ids.length, expected);
  let changed = 0;
  const refused: Changed<Why>["refused"][number][] = [];
  let isAway = false;
  for (let from = 0; from < ids.length; from += namedMax) {
    const group = ids.slice(from, from + namedMax);
    // All of a group are asked for before any is carried out, so they are one transaction.
    const results: readonly Awaited<ReturnType<Act<Why>>>[] = isAway
      ? []
      : await Promise.all(group.map(act));
    for (const [i, id] of group.entries()) {
      const result = results[i] ?? "storage-failed";
      if (result === true) changed++;
      else if (result !== false) refused.push({ id, code: result });
    }
    // Each further group would wait for a store that does not answer.
    isAway ||= results.includes("storage-failed");
  }
  return { changed, refused };
}

/**
 * Nothing is done to more or fewer devices than the client knows of.
 * @throws Problem `count-changed`
 */
export function checkCount(meant: number, expected: number): void {
  if (meant === expected) return;
  const devices = meant === 1 ? "1 device is" : `${meant} devices are`;
  throw new Problem("count-changed", `${devices} meant, not ${expected}.`);
}

/** How many devices a selector means; null: all. */
export async function countSelected(roster: Roster, select: Selector | null): Promise<number> {
  await roster.load();
  return (await roster.page({ ...byId, select, limit: 1 })).total;
}

const byId = {
  contains: "",
  found: new Set<string>(),
  presence: null,
  unheard: null,
  key: "id",
  descending: false,
  after: null,
} as const;

/**
 * The ids that are meant, each once.
 * @throws Problem `bad-body`, `bad-parameter`
 */
export async function meantBy(
  roster: Roster,
  body: Pick<Body, "select" | "devices">,
): Promise<readonly string[]> {
  const meant = meantIn(body);
  if (!("text" in meant)) return meant;
  const { entries, total } = await roster.page({ ...byId, select: meant, limit: meantMax });
  if (total <= meantMax) return entries.map(({ id }) => id);
  throw new Problem("bad-body", `select means ${total} devices; at most ${meantMax} at a time.`);
}

/**
 * What a body means: the ids, each once, or a selector.
 * @throws Problem `bad-body`
 */
export function meantIn({ select, devices }: Pick<Body, "select" | "devices">) {
  if ((select === undefined) === (devices === undefined)) {
    throw new Problem("bad-body", "Either select or devices tells which ones are meant.");
  }
  if (devices !== undefined) return [...new Set(devices)];
  const selector = selectIn(select ?? "");
  // An empty text would be all devices, also where a script has lost the value of its variable.
  if (selector === null) throw new Problem("bad-body", "select is empty; all devices are id=*.");
  return selector;
}

function actOf({ operator }: WebPorts, { action, set, remove }: Body): Act<Refusal> {
  if (action === "deregister") {
    if (set !== undefined || remove !== undefined) {
      throw new Problem("bad-body", "set and remove belong to label.");
    }
    return async (id) => {
      try {
        return (await operator.remove(id)) || "unknown-device";
      } catch {
        return "storage-failed";
      }
    };
  }
  const changes = changesIn(set ?? {}, remove ?? []);
  if (changes.length === 0) throw new Problem("bad-body", "set or remove tells what is changed.");
  if (Object.keys(set ?? {}).length > labelsMax) {
    throw new Problem("bad-body", `A device has at most ${labelsMax} labels.`);
  }
  return async (id) => labelRefusals[(await operator.label(id, changes)).kind];
}

const labelRefusals = {
  labelled: true,
  unchanged: false,
  unknown: "unknown-device",
  "too-many": "too-many-labels",
  "storage-failed": "storage-failed",
} as const;
