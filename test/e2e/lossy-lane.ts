// One direction of a bad network: which datagrams come out of it, how often and in which order. What becomes of the n-th
// depends on the seed and n only. Has no socket and no timer.

import { SeededRandom } from "./seeded-random.ts";

/** Shares of the datagrams, 0 to 1. */
export type Faults = {
  /** Those that are lost. */
  readonly loss: number;
  /** Those that arrive twice. */
  readonly repeat: number;
  /** Those that the next one overtakes. */
  readonly reorder: number;
};

export class LossyLane {
  readonly #random: SeededRandom;
  #held: readonly Uint8Array[] = [];

  constructor(
    private readonly faults: Faults,
    seed: number,
  ) {
    this.#random = new SeededRandom(seed);
  }

  /** Whether a datagram waits to be overtaken. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Takes a datagram. @returns what comes out now, in this order; not a view of what the caller may overwrite */
  pass(bytes: Uint8Array): readonly Uint8Array[] {
    // Three draws for each, so that the fate of one does not depend on the kind of faults before it.
    const [isLost, isRepeated, isOvertaken] = [
      this.#random.next() < this.faults.loss,
      this.#random.next() < this.faults.repeat,
      this.#random.next() < this.faults.reorder,
    ];
    if (isLost) return [];
    const copy = Uint8Array.from(bytes);
    const copies = isRepeated ? [copy, copy] : [copy];
    if (isOvertaken && !this.isHolding) {
      this.#held = copies;
      return [];
    }
    return [...copies, ...this.release()];
  }

  /** Gives out what waits, if no other datagram has overtaken it. */
  release(): readonly Uint8Array[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }
}
