// Owns the handlers of the devices that wait for approval: lists them, and approves or rejects one or many. Never stores anything
// itself.

import { isId } from "../../protocol/fields.ts";
import type { DoorAction } from "../../server/door/door-action.ts";
import type { PendingRow } from "../../server/door/door-rows.ts";
import { labelsObject, noLabels } from "../../server/labels.ts";
import { isSelected } from "../../server/selector.ts";
import type { PendingJson } from "../api/door-table.ts";
import type { BulkResult } from "../api/bulk-shapes.ts";
import { changeAll, meantIn, type Refusal } from "./bulk-handlers.ts";
import { unknown } from "../devices/device-values.ts";
import { act, labelsIn, look } from "./door-handlers.ts";
import { type CallOf, type Handlers, HttpReply } from "../handlers.ts";
import { timeText } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";

type Ports = Pick<WebPorts, "door" | "now">;
type Judgement = Extract<DoorAction, { what: "judge" }>;
type Names = "pending" | "approve" | "reject" | "judgeMany";

const states = { approve: "approved", reject: "rejected" } as const;

/** The handlers of the devices that wait. */
export function pendingHandlers(ports: Ports): Pick<Handlers, Names> {
  return {
    pending: async () => ({
      pending: (await look(ports)).pending.map((row) => pendingOf(ports, row)),
    }),
    approve: async ({ names, body }) => {
      const { labels = {}, seenBy } = await body();
      const judged = { state: "approved", labels: labelsIn(labels) } as const;
      return judge(ports, names.id, { ...judged, ...seenIn(seenBy) });
    },
    reject: ({ names }) => judge(ports, names.id, { state: "rejected", labels: noLabels }),
    judgeMany: (call) => judgeMany(ports, call),
  };
}

async function judgeMany(ports: Ports, call: CallOf<"judgeMany">): Promise<BulkResult> {
  const body = await call.body();
  const { action, labels, expected } = body;
  if (action === "reject" && labels !== undefined) {
    throw new Problem("bad-body", "labels belong to approve.");
  }
  const seen = seenIn(body.seenBy);
  const { seenBy = Infinity } = seen;
  const judged = { state: states[action], labels: labelsIn(labels ?? {}), ...seen };
  const meant = meantIn(body);
  const ids =
    "text" in meant
      ? (await look(ports)).pending
          .filter(({ state, firstSeen }) => state === "waiting" && firstSeen <= seenBy)
          .filter((row) => isSelected(meant, { ...row, presence: "never" }))
          .map(({ id }) => id)
      : meant;
  return changeAll(ids, expected, async (id): Promise<Refusal | boolean> => {
    const { kind } = await ports.door.act({ what: "judge", id, ...judged });
    if (kind === judged.state) return true;
    if (kind === "unchanged") return false;
    return kind === "storage-failed" ? kind : "unknown-device";
  });
}

/** The time in a body, if there is one. */
function seenIn(text: string | undefined): Pick<Judgement, "seenBy"> {
  if (text === undefined) return {};
  const seenBy = Date.parse(text);
  if (!Number.isNaN(seenBy)) return { seenBy };
  throw new Problem("bad-body", "seenBy must be a time, as firstSeen is.");
}

async function judge(
  ports: Ports,
  id: string,
  judgement: Omit<Judgement, "what" | "id">,
): Promise<HttpReply<204, null>> {
  if (!isId(id)) throw unknown(id);
  const { kind } = await act(ports, { what: "judge", id, ...judgement });
  if (kind === judgement.state || kind === "unchanged") return new HttpReply(204, null);
  throw new Problem("unknown-device", "No such device waits for approval.");
}

function pendingOf({ door }: Ports, row: PendingRow): PendingJson {
  const { id, mac, ip, port, source, clientKey, tries, state } = row;
  return {
    id,
    mac,
    ip,
    port,
    source,
    fingerprint: clientKey === null ? null : door.fingerprint(clientKey),
    firstSeen: timeText(row.firstSeen),
    lastSeen: timeText(row.lastSeen),
    tries,
    state,
    labels: labelsObject(row.labels),
  };
}
