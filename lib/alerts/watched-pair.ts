// A rule and a device that it applies to: the alert that is open, and what the judge has to remember. Compiles how the
// numbers of a device's rules are found in its reports. Judges nothing.

import { numberFinderOf, type ReadMessage } from "../fleet/numbers-in-messages.ts";
import type { AlertRow } from "../server/alert-store.ts";
import type { AlertRule } from "./alert-rule.ts";

/** A rule and a device. */
export class WatchedPair {
  /** The alert that is pending or firing. */
  open: AlertRow | null = null;
  /** The last number that was out of bounds. */
  value: number | null = null;
  /** When a pending alert fires, by the monotonic clock, ms. */
  dueAt = Infinity;
  /** When the last report came that counts for `no report`, or the watch began; the monotonic clock, ms. */
  heardAt: number;
  /** Whether the device ever sent one; null if that is not known. */
  hasReported: boolean | null = null;

  constructor(
    public rule: AlertRule,
    readonly device: string,
    now: number,
  ) {
    this.heardAt = now;
  }
}

/** One field of a device's reports, and whom its numbers concern. */
export type WatchedField = {
  readonly find: (message: ReadMessage) => number;
  /** Pairs of rules that compare it. */
  readonly compared: readonly WatchedPair[];
  /** Pairs of rules that miss it. */
  readonly missed: readonly WatchedPair[];
};

/** A device with rules: its pairs by the names of rules, and what its reports are looked through for. */
export class WatchedDevice {
  readonly pairs = new Map<string, WatchedPair>();
  fields: readonly WatchedField[] = [];
  /** Pairs of rules that miss any report. */
  missed: readonly WatchedPair[] = [];

  /** Makes `fields` and `missed` anew from the pairs. @param finders those of all devices, by field */
  compile(finders: Finders): void {
    const pairs = [...this.pairs.values()];
    const names = new Set<string>();
    for (const { rule } of pairs) {
      const field = fieldOf(rule);
      if (field !== null) names.add(field);
    }
    this.fields = [...names].map((name) => {
      const own = pairs.filter(({ rule }) => fieldOf(rule) === name);
      return {
        find: finders.of(name),
        compared: own.filter(({ rule }) => rule.condition.kind === "field"),
        missed: own.filter(({ rule }) => rule.condition.kind === "no report"),
      };
    });
    this.missed = pairs.filter(
      ({ rule: { condition } }) => condition.kind === "no report" && condition.field === null,
    );
  }

  /** Whether its reports concern anybody. */
  get wantsReports(): boolean {
    return this.fields.length > 0 || this.missed.length > 0;
  }
}

/** Finds numbers in messages, a function for each field that a rule names. */
export class Finders {
  #byField = new Map<string, (message: ReadMessage) => number>();

  of(field: string): (message: ReadMessage) => number {
    const known = this.#byField.get(field);
    if (known !== undefined) return known;
    const made = numberFinderOf(field);
    this.#byField.set(field, made);
    return made;
  }

  /** Forgets all, when rules have changed. */
  clear(): void {
    this.#byField = new Map();
  }
}

/** The field whose numbers a rule is about; null without one. */
function fieldOf({ condition }: AlertRule): string | null {
  return condition.kind === "field" || condition.kind === "no report" ? condition.field : null;
}
