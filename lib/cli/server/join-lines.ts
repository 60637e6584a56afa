// The words and JSON of `iot-server join` and `devices --pending`: the door, its tokens, who waits. Never prints them itself.

import type { DoorNow } from "../../server/door/door-action.ts";
import { isUseless } from "../../server/door/door-rules.ts";
import type { PendingRow, TokenRow } from "../../server/door/door-rows.ts";
import { exactDuration } from "../../server/duration-text.ts";
import { type Labels, labelsObject, labelsText } from "../../server/labels.ts";
import type { Join } from "../../server/policy.ts";
import { fingerprint } from "../../sealed/fingerprint.ts";
import type { Column } from "./columns.ts";
import { ago, stamp } from "./presence.ts";
import { printable } from "./printable.ts";

const policies: Readonly<Record<Join, string>> = {
  open: "All unknown devices may register (--join open).",
  approve: "Unknown devices wait for approval (--join approve).",
  closed: "Unknown devices are refused (--join closed).",
};

/** How the door is. @param now ms since 1970 */
export function doorLines(door: DoorNow, now: number): string[] {
  const { join, tokens, pending, leftMs, window } = door;
  const useful = tokens.filter((token) => !isUseless(token, now)).length;
  const waiting = pending.filter(({ state }) => state === "waiting").length;
  const given = window === null ? "" : givenTo(window.labels);
  return [
    join === null ? "No server runs." : policies[join],
    `  window   ${leftMs > 0 ? `open for ${countdown(leftMs)}${given}` : "closed"}`,
    `  tokens   ${useful} that can be used, ${tokens.length - useful} of no use any more`,
    `  pending  ${waiting === 1 ? "1 device waits" : `${waiting} devices wait`} for approval`,
  ];
}

/** How the door is, as one line of JSON. */
export function doorJson({ join, tokens, pending, leftMs, window }: DoorNow, now: number): string {
  const open = leftMs > 0 && window !== null;
  return JSON.stringify({
    join,
    window: open
      ? { secondsLeft: Math.ceil(leftMs / 1000), labels: labelsObject(window.labels) }
      : null,
    tokens: tokens.filter((token) => !isUseless(token, now)).length,
    pending: pending.filter(({ state }) => state === "waiting").length,
  });
}

/** A time that passes, in ms, as `4 min 12 s`. */
export function countdown(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds >= 7_200) return ago(ms);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Which labels devices get, as the end of a sentence; empty without any. */
export function givenTo(labels: Labels): string {
  return labels.size === 0 ? "" : `, with ${printable(labelsText(labels))}`;
}

/** The columns of `tokenCells`. */
export const tokenColumns: readonly Column[] = [
  { heading: "TOKEN", widest: 5 },
  { heading: "STATE", widest: 10 },
  { heading: "USED", widest: 10 },
  { heading: "EXPIRES", widest: 20 },
  { heading: "FOR", widest: 40 },
  { heading: "NOTE", widest: 80 },
];

/** A token as a table row. @param now ms since 1970 */
export function tokenCells(token: TokenRow, now: number): string[] {
  const { number, used, usesLeft, expires, note } = token;
  const all = usesLeft === null ? "any" : String(used + usesLeft);
  const expiry = expires === null ? "never" : stamp(expires);
  return [
    String(number),
    stateOf(token, now),
    `${used} of ${all}`,
    expiry,
    forWhom(token),
    printable(note),
  ];
}

/** A token as one line of JSON; times are ISO 8601. It has not the token itself, which nobody knows any more. */
export function tokenJson(token: TokenRow, now: number): string {
  const { number, note, used, usesLeft, ids, approve, text, labels } = token;
  return JSON.stringify({
    number,
    state: stateOf(token, now),
    created: iso(token.created),
    expires: isoOrNull(token.expires),
    used,
    usesLeft,
    lastUsed: isoOrNull(token.lastUsed),
    ids,
    labels: labelsObject(labels),
    approve,
    text,
    note,
  });
}

/** The columns of `pendingCells`. */
export const pendingColumns: readonly Column[] = [
  { heading: "DEVICE", widest: 40 },
  { heading: "MAC", widest: 20 },
  { heading: "FROM", widest: 47 },
  { heading: "ASKED", widest: 24 },
  { heading: "STATE", widest: 8 },
  { heading: "KEY", widest: 80 },
];

/** A pending device as a table row. @param now ms since 1970 */
export function pendingCells(row: PendingRow, now: number): string[] {
  const { id, mac, source, lastSeen, tries, state } = row;
  const asked = `${ago(now - lastSeen)} ago${tries > 1 ? `, ${tries} times` : ""}`;
  return [printable(id), printable(mac), source, asked, state, keyOf(row) ?? "text"];
}

/** A pending device as one line of JSON; times are ISO 8601. */
export function pendingJson(row: PendingRow): string {
  const { id, mac, ip, port, source, firstSeen, lastSeen, tries, state, labels } = row;
  return JSON.stringify({
    id,
    mac,
    ip,
    port,
    source,
    fingerprint: keyOf(row),
    firstSeen: iso(firstSeen),
    lastSeen: iso(lastSeen),
    tries,
    state,
    labels: labelsObject(labels),
  });
}

/** How long something is, as it is typed: `5m`; null is `never` ending. */
export function lasting(ms: number | null): string {
  return ms === null ? "never expires" : `expires in ${exactDuration(ms)}`;
}

function keyOf({ clientKey }: PendingRow): string | null {
  return clientKey === null ? null : fingerprint(clientKey);
}

function stateOf(token: TokenRow, now: number): string {
  if (token.revoked) return "revoked";
  if (token.usesLeft === 0) return "used up";
  return token.expires !== null && token.expires <= now ? "expired" : "valid";
}

function forWhom({ ids, approve, text, labels }: TokenRow): string {
  const words = [
    ids === null ? "all ids" : `ids ${ids}`,
    ...(labels.size === 0 ? [] : [labelsText(labels)]),
    ...(approve ? ["after approval"] : []),
    ...(text ? ["also in text"] : []),
  ];
  return printable(words.join("; "));
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
