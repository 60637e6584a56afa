// Decides whether an unknown device may register (protocol §4.1): by its join token, the window, the policy, or approval. A pure
// function over the rows of the door. Knows nothing of passwords.

import { comparableMac } from "../../protocol/fields.ts";
import { equal } from "../../sealed/primitives.ts";
import { type Labels, merged, noLabels } from "../labels.ts";
import type { Join } from "../policy.ts";
import type { DeviceFacts } from "../rows.ts";
import { isSelected, readSelector } from "../selector.ts";
import {
  type DoorRows,
  type DoorWrite,
  pendingMax,
  pendingOfSourceMax,
  type PendingRow,
  type TokenRow,
} from "./door-rows.ts";
import { isOpen, type KnownWindow } from "./window-clock.ts";

/** What a REGISTER shows besides what it registers. */
export type Knock = {
  /** The IP that it came from. */
  readonly source: string;
  /** The client's static key, 32 bytes; null for text. */
  readonly clientKey: Uint8Array | null;
  /** What its password begins with; null if that is no token. `hasSecret`: whether something of its own comes after it. */
  readonly token: { readonly hash: Uint8Array; readonly hasSecret: boolean } | null;
  /** What this node knows of the window. */
  readonly window: KnownWindow | null;
  /** ms since 1970. */
  readonly at: number;
};

/** `admit`: it may register, with these labels. `wait`: it is told so with 93, and `isNew` if a person has to know. */
export type Verdict =
  | { readonly kind: "admit"; readonly labels: Labels; readonly writes: readonly DoorWrite[] }
  | {
      readonly kind: "wait";
      readonly reason: string;
      readonly isNew: boolean;
      readonly writes: readonly DoorWrite[];
    }
  /** `why` is for the operator only. */
  | { readonly kind: "refuse"; readonly why: string; readonly writes: readonly DoorWrite[] };

/** A device asks about once a minute; what comes faster is neither counted nor written. */
const countedMs = 1_000;

export const waitsForApproval = "waiting for approval";

/** Decides over an unknown device: the first that applies of token, rejection, approval, window and policy. */
export function decideKnock(
  device: DeviceFacts,
  knock: Knock,
  join: Join,
  rows: DoorRows,
): Verdict {
  const own = rows.pending !== null && isOf(rows.pending, device, knock) ? rows.pending : null;
  const approved = own?.state === "approved";
  if (knock.token !== null) {
    const { token } = rows;
    const fault = tokenFault(token, device.id, knock);
    if (token === null || fault !== null) return refuse(fault ?? "");
    if (token.expires !== null && knock.at < token.created) {
      const reason = "the server's clock is wrong";
      return { kind: "wait", reason, isNew: false, writes: [] };
    }
    if (token.approve && !approved) return wait(device, knock, rows, own);
    const labels = own === null ? token.labels : merged(token.labels, own.labels);
    const writes = [{ what: "use-token", number: token.number, at: knock.at }] as const;
    return { kind: "admit", labels, writes };
  }
  if (join === "open") return { kind: "admit", labels: noLabels, writes: [] };
  if (own?.state === "rejected") return wait(device, knock, rows, own);
  const { window } = rows;
  if (isOpen(window, knock.window, knock.at)) {
    const given = window?.labels ?? noLabels;
    return { kind: "admit", labels: merged(given, own?.labels ?? noLabels), writes: [] };
  }
  if (approved) return { kind: "admit", labels: own.labels, writes: [] };
  if (join === "closed") return refuse("no unknown devices (--join closed)");
  return wait(device, knock, rows, own);
}

/** Whether a pending device is the one that asks: another one under its id is not what a person has approved. */
function isOf({ mac, source, clientKey }: PendingRow, device: DeviceFacts, knock: Knock): boolean {
  if (comparableMac(mac) !== comparableMac(device.mac)) return false;
  if (clientKey === null || knock.clientKey === null) {
    // protocol §4.8: who speaks text is known by the source IP alone.
    return clientKey === knock.clientKey && source === knock.source;
  }
  return equal(clientKey, knock.clientKey);
}

/** Why a token is not accepted, in words for the operator; null if it is. */
function tokenFault(token: TokenRow | null, id: string, knock: Knock): string | null {
  const shown = knock.token;
  if (shown === null || token === null || !equal(token.hash, shown.hash)) {
    return "no such join token";
  }
  const name = `join token ${token.number}`;
  if (token.revoked) return `${name} is revoked`;
  if (token.expires !== null && knock.at >= token.expires) return `${name} has expired`;
  if (token.usesLeft === 0) return `${name} is used up`;
  if (knock.clientKey === null && !token.text) {
    return `${name} came in text, where everybody can read it: revoke it, or make one with --text`;
  }
  if (!shown.hasSecret) return `${name} came alone: a password is the token, a dot and a secret`;
  if (token.ids !== null && !isFor(token.ids, id)) return `${name} is for ids ${token.ids}`;
  return null;
}

function isFor(ids: string, id: string): boolean {
  const read = readSelector(`id=${ids}`);
  return read.ok && isSelected(read.value, { id, labels: noLabels, presence: "never" });
}

/** Has it wait, if there is room; or refuses what was rejected. */
function wait(
  { id, mac, ip, port }: DeviceFacts,
  { source, clientKey, at }: Knock,
  { pending: other, crowd }: DoorRows,
  own: PendingRow | null,
): Verdict {
  const first = { id, mac, ip, port, source, clientKey, firstSeen: at, lastSeen: at, tries: 1 };
  if (own !== null) {
    const isCounted = Math.abs(at - own.lastSeen) >= countedMs;
    const again = { ...own, ip, port, lastSeen: at, tries: own.tries + 1 };
    const writes = isCounted ? [{ what: "change-pending", pending: again } as const] : [];
    if (own.state === "rejected") return { ...refuse("it was rejected"), writes };
    return { kind: "wait", reason: waitsForApproval, isNew: false, writes };
  }
  const pending: PendingRow = { ...first, state: "waiting", labels: noLabels };
  if (other !== null && other.state !== "rejected") {
    return busy("another device waits under this id");
  }
  // Where there is no room, the source that has most gives way, so strangers cannot keep a device of another source out.
  const isFull = crowd.all >= pendingMax && crowd.ofLargest <= crowd.ofSource + 1;
  if (crowd.ofSource >= pendingOfSourceMax || isFull) {
    return busy("too many devices wait for approval");
  }
  const what = other === null ? "add-pending" : "change-pending";
  return { kind: "wait", reason: waitsForApproval, isNew: true, writes: [{ what, pending }] };
}

function busy(reason: string): Verdict {
  return { kind: "wait", reason, isNew: false, writes: [] };
}

function refuse(why: string): Extract<Verdict, { kind: "refuse" }> {
  return { kind: "refuse", why, writes: [] };
}
