// What a broken invariant is: it ends the simulation with its name. Holds no rule itself.

export class Violation extends Error {}

/** Breaks off where an invariant does not hold. */
export function hold(condition: boolean, words: () => string): asserts condition {
  if (!condition) throw new Violation(words());
}
