// A rule and a device that it applies to: the alert that is open, and what the judge has to remember. Compiles what a device's
// reports are looked through for. Judges nothing.

import { FieldNumbers } from "../fleet/field-numbers.ts";
import type { AlertRow } from "../server/alert-store.ts";
import type { AlertRule } from "./alert-rule.ts";

/** A rule and a device. */
export class WatchedPair {
  #open: AlertRow | null = null;
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
    private readonly of: WatchedDevice,
    now: number,
  ) {
    this.heardAt = now;
  }

  /** False after a change of its rule: the fields of the device are those of before until the round comes to it. */
  get isCurrent(): boolean {
    return this.of.pairs.get(this.rule.name) === this;
  }

  /** The alert that is pending or firing. */
  get open(): AlertRow | null {
    return this.#open;
  }

  set open(alert: AlertRow | null) {
    this.of.opened += (alert === null ? 0 : 1) - (this.#open === null ? 0 : 1);
    this.#open = alert;
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
  /** How many of them have an alert that is open. */
  opened = 0;
  /** In the order of the fields of `search`. */
  fields: readonly WatchedField[] = [];
  /** Null without fields. */
  search: FieldSearch | null = null;
  /** Pairs of rules that miss any report. */
  missed: readonly WatchedPair[] = [];

  /** Makes all but the pairs anew from them. @param searches those of all devices */
  compile(searches: FieldSearches): void {
    const pairs = [...this.pairs.values()];
    const names = new Set(pairs.map(({ rule }) => fieldOf(rule)).filter((name) => name !== null));
    const rules = pairs.map(({ rule }) => rule).filter((rule) => fieldOf(rule) !== null);
    this.search = names.size === 0 ? null : searches.of([...names], rules);
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

/** Finds the numbers that matter to some rules, and knows which of them change nothing as long as no alert is open. */
export class FieldSearch {
  readonly numbers: FieldNumbers;
  /** By the places of the fields: what lies between is out of no bounds. */
  readonly #low: Float64Array;
  readonly #high: Float64Array;

  constructor(fields: readonly string[], rules: readonly AlertRule[]) {
    this.numbers = new FieldNumbers(fields);
    this.#low = new Float64Array(fields.length).fill(-Infinity);
    this.#high = new Float64Array(fields.length).fill(Infinity);
    for (const rule of rules) this.#add(rule, fields.indexOf(fieldOf(rule) as string));
  }

  /** Whether a number of a field is within all bounds. False also for a bound itself. */
  isWithin(place: number, value: number): boolean {
    return value > (this.#low[place] as number) && value < (this.#high[place] as number);
  }

  #add({ condition }: AlertRule, place: number): void {
    const [low, high] = [this.#low[place] as number, this.#high[place] as number];
    // Whoever misses a field is told of each number.
    if (condition.kind !== "field") this.#low[place] = Infinity;
    else if (condition.above.operator.startsWith(">")) {
      this.#high[place] = Math.min(high, condition.above.bound);
    } else this.#low[place] = Math.max(low, condition.above.bound);
  }
}

/** Devices to which the same rules apply share a search. */
export class FieldSearches {
  #byRules = new Map<string, FieldSearch>();

  /** @param rules those that are about one of the fields */
  of(fields: readonly string[], rules: readonly AlertRule[]): FieldSearch {
    const key = rules.map(({ name }) => name).join("\n");
    const known = this.#byRules.get(key);
    if (known !== undefined) return known;
    const made = new FieldSearch(fields, rules);
    this.#byRules.set(key, made);
    return made;
  }

  /** Forgets all, when rules have changed. */
  clear(): void {
    this.#byRules = new Map();
  }
}

/** The field whose numbers a rule is about; null without one. */
function fieldOf({ condition }: AlertRule): string | null {
  return condition.kind === "field" || condition.kind === "no report" ? condition.field : null;
}
