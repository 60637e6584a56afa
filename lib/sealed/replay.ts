// Owns which counters of a session were seen (RFC 6479): a ring of words, a bit a counter.
// Never verifies a tag: the caller checks, opens, and commits only what was genuine.

import { replayWindowCounters, replayWordBits } from "./limits.ts";

// A window that starts in the middle of a word touches one word more than it has bits for.
const ringWords = replayWindowCounters / replayWordBits + 1;

/** A receive window of 2,048 counters below the highest seen. Counters are 0 to 2^31 - 1. */
export class ReplayWindow {
  readonly #ring = new Uint32Array(ringWords);
  #next = 0;

  /** One more than the highest counter committed; 0 where there is none yet. */
  get next(): number {
    return this.#next;
  }

  /** Whether the counter is neither seen nor too old. Changes nothing. */
  check(counter: number): boolean {
    if (counter >= this.#next) return true;
    if (this.#next - counter > replayWindowCounters) return false;
    const word = this.#ring[(counter >>> 5) % ringWords] ?? 0;
    return (word & (1 << (counter & 31))) === 0;
  }

  /** Marks a counter that passed the check and whose packet was genuine. */
  commit(counter: number): void {
    const block = counter >>> 5;
    if (counter >= this.#next) {
      const blockBefore = (this.#next - 1) >> 5;
      const stale = Math.min(block - blockBefore, ringWords);
      for (let step = 0; step < stale; step++) this.#ring[(block - step) % ringWords] = 0;
      this.#next = counter + 1;
    }
    const position = block % ringWords;
    this.#ring[position] = (this.#ring[position] ?? 0) | (1 << (counter & 31));
  }
}
