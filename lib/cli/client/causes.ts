// Lets one notice a cause and minute through, and counts the others: a device that reports ten times a second must not
// fill a log with one and the same trouble. Prints nothing itself.

import { BoundedMap } from "../../bounded-map.ts";

/** Implementation constants; the bound is far above the number of causes that there are. */
const windowMs = 60_000;
const causesMax = 100;

type Cause = { readonly at: number; leftOut: number };

export class Causes {
  readonly #causes = new BoundedMap<string, Cause>(causesMax);

  /** @param now returns monotonic time in ms */
  constructor(readonly now: () => number) {}

  /** @returns how many notices of this cause were left out since the last one; null if this one is to be left out */
  pass(cause: string): number | null {
    const now = this.now();
    const before = this.#causes.get(cause);
    if (before !== undefined && now - before.at < windowMs) {
      before.leftOut++;
      return null;
    }
    this.#causes.renew(cause, { at: now, leftOut: 0 });
    return before?.leftOut ?? 0;
  }
}

/** Words after a notice for those of its cause that were left out before it; empty for none. */
export function leftOutWords(leftOut: number): string {
  return leftOut === 0 ? "" : ` (and ${leftOut} times more since it was last said)`;
}
