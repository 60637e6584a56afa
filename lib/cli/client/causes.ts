// Lets one notice a cause and minute through, and counts the others: a device that reports ten times a second must not
// fill a log with one and the same trouble. Prints nothing itself.

/** Implementation constants; the bound is far above the number of causes that there are. */
const windowMs = 60_000;
const causesMax = 100;

type Cause = { readonly at: number; leftOut: number };

export class Causes {
  readonly #causes = new Map<string, Cause>();

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
    this.#causes.delete(cause);
    this.#causes.set(cause, { at: now, leftOut: 0 });
    for (const oldest of this.#causes.keys()) {
      if (this.#causes.size <= causesMax) break;
      this.#causes.delete(oldest);
    }
    return before?.leftOut ?? 0;
  }
}
