// The rules that look up or change a device for whoever asks: a request, or the operator. Pure functions over the rows.

import type { ReportRow } from "./rows.ts";
import type { Rule, Write } from "./store-port.ts";

/** What is known of an id. */
export type Found = {
  readonly known: boolean;
  /** Whether text requests of the device are refused (protocol §5.19). */
  readonly textLocked: boolean;
};

/** `report`: the device's last one; null without one, or for an unknown device. */
export type FoundLatest = Found & { readonly report: ReportRow | "unreadable" | null };

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

/** The rule that looks up a device and its last report. */
export function findingLatest(id: string): Rule<FoundLatest> {
  const find = finding(id);
  return {
    kind: "rule",
    keys: { device: id, withLastReport: true },
    decide: (rows) => {
      const { outcome } = find.decide(rows);
      return { outcome: { ...outcome, report: rows.lastReport }, writes: [] };
    },
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
