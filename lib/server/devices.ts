// The rules that look up or change a device for whoever asks: a request, or the operator. Pure functions over the rows.

import { comparableMac } from "../protocol/fields.ts";
import {
  areSame,
  changed,
  type LabelChange,
  type Labels,
  labelsMax,
  merged,
  noLabels,
} from "./labels.ts";
import type { DeviceLabels, ReportRow, SessionRow } from "./rows.ts";
import type { Keys, Rule, Write } from "./store-port.ts";

/** What is known of an id. */
export type Found = {
  readonly known: boolean;
  /** Whether text requests of the device are refused (protocol §5.19). */
  readonly textLocked: boolean;
};

/** `session`: the one that is open in the store, at whichever node; null without one. */
export type FoundSession = Found & { readonly session: SessionRow | null };

/** `report`: the device's last one; null without one, or for an unknown device. */
export type FoundLatest = FoundSession & { readonly report: ReportRow | "unreadable" | null };

/** What became of a change of labels; `labels`: those that the device has now. */
export type Labelled =
  | { readonly kind: "labelled" | "unchanged"; readonly labels: Labels }
  | { readonly kind: "unknown" | "too-many" };

/** The rule that looks up a device. */
export function finding(id: string): Rule<Found> {
  return {
    kind: "rule",
    keys: { device: id },
    decide: ({ device }) => {
      const outcome = { known: device !== null, textLocked: device?.textLocked === true };
      return { outcome, writes: [] };
    },
  };
}

/** The rule that looks up a device and its open session. */
export function findingSession(id: string): Rule<FoundSession> {
  const find = finding(id);
  return {
    kind: "rule",
    keys: { device: id, withSession: true },
    decide: (rows) => {
      const { outcome } = find.decide(rows);
      const session = rows.session?.ended === null ? rows.session : null;
      return { outcome: { ...outcome, session }, writes: [] };
    },
  };
}

/** The rule that looks up a device, its open session and its last report. */
export function findingLatest(id: string): Rule<FoundLatest> {
  const find = findingSession(id);
  return {
    kind: "rule",
    keys: { ...find.keys, withLastReport: true },
    decide: (rows) => {
      const { outcome } = find.decide(rows);
      return { outcome: { ...outcome, report: rows.lastReport }, writes: [] };
    },
  };
}

/** The rule that finds the ids that are logged in, at whichever node. @param asked as `Keys.loggedIn` */
export function listingLoggedIn(asked: NonNullable<Keys["loggedIn"]>): Rule<readonly string[]> {
  return {
    kind: "rule",
    keys: { loggedIn: asked },
    decide: ({ loggedIn }) => ({ outcome: loggedIn, writes: [] }),
  };
}

/** Removes a device, and ends its session. @param at ms since 1970 */
export function removalOf(id: string, at: number): Write[] {
  return [
    { kind: "remove-device", id },
    { kind: "end-open-session", device: id, reason: "deregistered", at },
  ];
}

/** The rule that removes a device and ends its session, for the operator. Its outcome: whether there was one. */
export function removing(id: string, at: number): Rule<boolean> {
  return {
    kind: "rule",
    keys: { device: id },
    decide: ({ device }) => {
      const known = device !== null;
      return { outcome: known, writes: known ? removalOf(id, at) : [] };
    },
  };
}

/** No proof has this as its digest. */
const noProof = new Uint8Array(32);

/**
 * The rule that gives a device another password, for the operator. What the old one opened is closed: its session ends, and no
 * RESUME follows it. Its key stays. Its outcome: whether there is a device.
 * @param hash argon2id of the password
 * @param at ms since 1970
 */
export function changingPassword(id: string, hash: string, at: number): Rule<boolean> {
  const change = { hash, storedProof: noProof };
  return {
    kind: "rule",
    keys: { device: id },
    decide: ({ device }) => ({
      outcome: device !== null,
      writes:
        device === null
          ? []
          : [
              { kind: "update-device", id, change, at: null },
              { kind: "end-open-session", device: id, reason: "replaced", at },
            ],
    }),
  };
}

/** The rule that allows text requests of a device again (protocol §5.19). Its outcome: whether there is one. */
export function allowingText(id: string): Rule<boolean> {
  const write = { kind: "update-device", id, change: { textLocked: false }, at: null } as const;
  return {
    kind: "rule",
    keys: { device: id },
    decide: ({ device }) => ({
      outcome: device !== null,
      writes: device === null ? [] : [write],
    }),
  };
}

/** The rule that changes the labels of a device, for the operator: all changes or none. */
export function labelling(id: string, changes: readonly LabelChange[]): Rule<Labelled> {
  return {
    kind: "rule",
    keys: { device: id, withLabels: true },
    decide: ({ device, labels: kept }) => {
      if (device === null) return { outcome: { kind: "unknown" }, writes: [] };
      const before = kept?.labels ?? noLabels;
      const labels = changed(before, changes);
      if (areSame(before, labels)) return { outcome: { kind: "unchanged", labels }, writes: [] };
      if (labels.size > labelsMax) return { outcome: { kind: "too-many" }, writes: [] };
      const macKey = comparableMac(device.mac);
      const write = { kind: "change-labels", device: id, macKey, changes } as const;
      return { outcome: { kind: "labelled", labels }, writes: [write] };
    },
  };
}

/**
 * What becomes of the labels of an id when a device registers under it: they stay with the MAC that they were given to.
 * @param kept those that the id has
 * @param given what the device gets by its registration
 */
export function labelsFor(
  { id, mac }: { readonly id: string; readonly mac: string },
  kept: DeviceLabels | null,
  given: Labels = noLabels,
): { readonly labels: Labels; readonly writes: readonly Write[] } {
  const macKey = comparableMac(mac);
  const before = kept?.labels ?? noLabels;
  const stay = kept?.macKey === macKey ? before : noLabels;
  const labels = given.size === 0 ? stay : merged(stay, given);
  const changes = [
    ...[...before.keys()].filter((key) => !labels.has(key)).map((key) => ({ key, value: null })),
    ...[...labels]
      .filter(([key, value]) => stay.get(key) !== value)
      .map(([key, value]) => ({ key, value })),
  ];
  if (changes.length === 0) return { labels, writes: [] };
  return { labels, writes: [{ kind: "change-labels", device: id, macKey, changes }] };
}
