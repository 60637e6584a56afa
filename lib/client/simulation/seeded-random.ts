// Numbers that look random and are the same for the same seed, so that a simulated fleet can be run again. Never used for
// keys, msgids or anything else that nobody may guess.

/**
 * Makes a generator of numbers from 0 to below 1 (mulberry32).
 * @param seed a whole number
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * One such number for a pair of numbers.
 * @param one a whole number, such as that of a device
 * @param other a whole number, such as that of a report
 */
export function seededNumber(seed: number, one: number, other: number): number {
  const mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(one + 1, 0xc2b2ae35);
  return seededRandom(mixed ^ Math.imul(other + 1, 0x27d4eb2f))();
}
