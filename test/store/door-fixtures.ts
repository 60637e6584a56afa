// Rows of the door for tests of stores: a token, pending devices, and writes of one row of each kind. Opens no store.

import type { NewToken } from "../../lib/server/door/door-rules.ts";
import type { DoorWrite, PendingRow } from "../../lib/server/door/door-rows.ts";
import { tokenHash } from "../../lib/server/door/join-token.ts";
import type { Knock } from "../../lib/server/door/verdict.ts";
import { noLabels } from "../../lib/server/labels.ts";
import type { Join } from "../../lib/server/policy.ts";
import type { Decided, Rule, Write } from "../../lib/server/store-port.ts";
import { type Registered, registration } from "../../lib/server/verbs/register.ts";
import { defaultPolicy } from "../server/default-policy.ts";
import { startOfTime as at } from "./fixtures.ts";

export const clientKey = new Uint8Array(32).fill(9);
export const token = "join-00000000000000000000000000";

/** A token for one device, `th-…`. */
export const newToken: NewToken = {
  hash: tokenHash(token),
  note: "for the cellar",
  created: at,
  expires: null,
  usesLeft: 1,
  labels: new Map([["area", "Cellar"]]),
  ids: "th-*",
  approve: false,
  text: false,
};

/** A device that waits. */
export function pendingOf(id: string, given: Partial<PendingRow> = {}): PendingRow {
  const seen = { firstSeen: at, lastSeen: at, tries: 1 };
  const address = { mac: `mac-${id}`, ip: "10.0.0.1", port: 1994, source: "10.0.0.1" };
  const row = { id, ...address, clientKey, ...seen, state: "waiting" as const };
  return { ...row, labels: noLabels, ...given };
}

/** A change of the door as a write. */
export function door(write: DoorWrite): Write {
  return { kind: "door", write };
}

/** How many rows of each table `doorRows` make. */
export const doorCounts = { join_window: 1, join_token: 1, pending_device: 2 };

/** A row in each table of the door, with values that could suffer on the way. */
export const doorRows: readonly Write[] = [
  door({
    what: "set-window",
    window: { number: 3, leftMs: 1234.5, until: at + 0.25, labels: new Map([["name", 'ü "1"']]) },
  }),
  door({
    what: "add-token",
    token: { ...newToken, number: 7, expires: at, used: 2, revoked: true, lastUsed: at + 9 },
  }),
  door({ what: "add-pending", pending: pendingOf("waits", { clientKey: null, tries: 5 }) }),
  door({ what: "add-pending", pending: pendingOf("approved", { state: "approved" }) }),
];

/** A REGISTER whose password is hashed. */
export function registering(id: string, knock: Partial<Knock>, join: Join = "approve"): Rule {
  const device = { id, mac: `mac-${id}`, ip: `ip-${id}`, port: 1 };
  const proof = { kind: "hashed", hash: "h" } as const;
  const shown = { source: "10.0.0.1", clientKey, token: null, window: null, at, ...knock };
  const asked = { device, proof, sealed: true, clientKey, at, request: null, knock: shown };
  return registration(asked, { ...defaultPolicy, join });
}

/** What shows `token`. */
export const withToken = { token: { hash: tokenHash(token), hasSecret: true } };

/** The codes of registrations. */
export function codesOf(results: readonly unknown[]): string[] {
  return results.map((result) => (result as Decided<Registered>).outcome.code);
}
