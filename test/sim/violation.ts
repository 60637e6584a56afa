// A broken invariant: an error that ends the simulation and names it. Defines no rule itself.

export class Violation extends Error {}

/** Throws a Violation if an invariant does not hold. */
export function hold(condition: boolean, words: () => string): asserts condition {
  if (!condition) throw new Violation(words());
}
