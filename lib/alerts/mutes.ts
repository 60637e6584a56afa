// Mutes: for a while nobody is told of some alerts. They end by the monotonic clock; the wall clock tells only, after a
// restart, how much of one is left at most. Pure.

import type { Moment } from "../server/moment.ts";
import { isSelected, type Selectable, type Selector } from "../server/selector.ts";

export type Mute = {
  /** Its number as text. */
  readonly name: string;
  /** null for all rules, and for all devices. */
  readonly rule: string | null;
  readonly selector: Selector | null;
  /** When it ends, ms since 1970, and how long it was meant to be, ms. */
  readonly until: number;
  readonly lengthMs: number;
  readonly note: string;
};

/** The longest mute, ms. */
export const muteMsMax = 366 * 86_400_000;

export class Mutes {
  readonly #running = new Map<string, { readonly mute: Mute; readonly endsAt: number }>();

  /** The mutes are these now. One that runs already goes on. */
  set(mutes: readonly Mute[], { wall, monotonic }: Moment): void {
    const names = new Set(mutes.map(({ name }) => name));
    for (const name of this.#running.keys()) if (!names.has(name)) this.#running.delete(name);
    for (const mute of mutes) {
      // A clock that is wrong makes it no longer than it was meant to be.
      const left = Math.min(mute.until - wall, mute.lengthMs);
      const endsAt = this.#running.get(mute.name)?.endsAt ?? monotonic + left;
      this.#running.set(mute.name, { mute, endsAt });
    }
  }

  /** Whether nobody is to be told of an alert of a rule for a device. */
  hush(rule: string, device: Selectable, { monotonic }: Moment): boolean {
    for (const { mute, endsAt } of this.#running.values()) {
      if (endsAt <= monotonic || (mute.rule !== null && mute.rule !== rule)) continue;
      if (mute.selector === null || isSelected(mute.selector, device)) return true;
    }
    return false;
  }

  /** The names of those that are over, which can be removed. */
  over({ monotonic }: Moment): string[] {
    return [...this.#running].filter(([, { endsAt }]) => endsAt <= monotonic).map(([name]) => name);
  }

  /** How long a mute still lasts, ms; 0 if it is over or unknown. */
  leftMs(name: string, { monotonic }: Moment): number {
    return Math.max(0, (this.#running.get(name)?.endsAt ?? monotonic) - monotonic);
  }
}
