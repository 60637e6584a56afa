// A rule and a device that it applies to: the alert that is open, and what the judge has to remember. Compiles how the
// numbers of a device's rules are found in its reports. Judges nothing.

import { FieldNumbers } from "../fleet/numbers-in-messages.ts";
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

/** Whom the numbers of one field of a device's reports concern. */
export type WatchedField = {
  /** Pairs of rules that compare it. */
  readonly compared: readonly WatchedPair[];
  /** Pairs of rules that miss it. */
  readonly missed: readonly WatchedPair[];
};

/** A device with rules: its pairs by the names of rules, and what its reports are looked through for. */
export class WatchedDevice {
  readonly pairs = new Map<string, WatchedPair>();
  /** In the order of the fields of `numbers`. */
  fields: readonly WatchedField[] = [];
  /** Finds the numbers of the fields; null without any. */
  numbers: FieldNumbers | null = null;
  /** Pairs of rules that miss any report. */
  missed: readonly WatchedPair[] = [];

  /** Makes all but the pairs anew from them. @param readers those of all devices */
  compile(readers: NumberReaders): void {
    const pairs = [...this.pairs.values()];
    const names = new Set(pairs.map(({ rule }) => fieldOf(rule)).filter((name) => name !== null));
    this.numbers = names.size === 0 ? null : readers.of([...names]);
    this.fields = [...names].map((name) => {
      const own = pairs.filter(({ rule }) => fieldOf(rule) === name);
      return {
        compared: own.filter(({ rule }) => rule.condition.kind === "field"),
        missed: own.filter(({ rule }) => rule.condition.kind === "no report"),
      };
    });
    this.missed = pairs.filter(
      ({ rule: { condition } }) => condition.kind === "no report" && condition.field === null,
    );
  }
}

/** Finds numbers in messages: devices for which the same fields matter share a reader. */
export class NumberReaders {
  #byFields = new Map<string, FieldNumbers>();

  of(fields: readonly string[]): FieldNumbers {
    const key = fields.join("\n");
    const known = this.#byFields.get(key);
    if (known !== undefined) return known;
    const made = new FieldNumbers(fields);
    this.#byFields.set(key, made);
    return made;
  }

  /** Forgets all, when rules have changed. */
  clear(): void {
    this.#byFields = new Map();
  }
}

/** The field whose numbers a rule is about; null without one. */
function fieldOf({ condition }: AlertRule): string | null {
  return condition.kind === "field" || condition.kind === "no report" ? condition.field : null;
}
