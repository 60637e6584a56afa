// Owns the handler that changes a device's labels: checks them as the command line does. Never stores anything itself.

import { isId } from "../../protocol/fields.ts";
import {
  type Fault,
  faultWords,
  keyFault,
  type LabelChange,
  labelsMax,
  labelsObject,
  valueFault,
} from "../../server/labels.ts";
import { unknown } from "../devices/device-values.ts";
import type { CallOf, Handlers, RouteAnswer } from "../handlers.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";

/** The handler of labels. */
export function labelHandlers(ports: WebPorts): Pick<Handlers, "label"> {
  return { label: (call) => label(ports, call) };
}

async function label(ports: WebPorts, call: CallOf<"label">): Promise<RouteAnswer<"label">> {
  const { id } = call.names;
  if (!isId(id)) throw unknown(id);
  const { set = {}, remove = [] } = await call.body();
  const result = await ports.operator.label(id, changesIn(set, remove));
  switch (result.kind) {
    case "labelled":
    case "unchanged":
      return { labels: labelsObject(result.labels) };
    case "unknown":
      throw unknown(id);
    case "too-many":
      throw new Problem("bad-body", `A device has at most ${labelsMax} labels.`);
    case "storage-failed":
      throw new Problem("storage-failed", "Nothing was changed; error.log says why.");
  }
}

/**
 * The changes that a body asks for.
 * @throws Problem `bad-body` if a key or a value is wrong, with its position
 */
export function changesIn(
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
): LabelChange[] {
  const changes: LabelChange[] = [];
  for (const key of remove) {
    refuse(`remove has ${shown(key)}, which is wrong`, keyFault(key));
    if (Object.hasOwn(set, key)) throw new Problem("bad-body", `${key} is set and removed.`);
    changes.push({ key, value: null });
  }
  for (const [key, value] of Object.entries(set)) {
    refuse(`set has ${shown(key)}, which is wrong`, keyFault(key));
    refuse(`The value of ${key} is wrong`, valueFault(value));
    changes.push({ key, value });
  }
  return changes;
}

function refuse(what: string, fault: Fault | null): void {
  if (fault !== null) throw new Problem("bad-body", `${what} ${faultWords(fault)}.`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
