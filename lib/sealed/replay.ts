// Owns which counters of a session were seen (RFC 6479): a ring of words, a bit a counter.
// Never verifies a tag: the caller checks, opens, and commits only what was genuine.

import { replayWindowCounters, replayWordBits } from "./limits.ts";

// A window that starts in the middle of a word touches one word more than it has bits for.
const ringWords = replayWindowCounters / replayWordBits + 1;

/** A receive window of 2,048 counters below the highest seen. Counters are 0 to 2^31 - 1. */
export class ReplayWindow {
  /** Null while every counter below the next was seen: most sessions never lose a packet, and need no ring. */
  #ring: Uint32Array | null = null;
  #next = 0;

  /** One more than the highest counter committed; 0 where there is none yet. */
  get next(): number {
    return this.#next;
  }

  /** Whether the counter is neither seen nor too old. Changes nothing. */
  check(counter: number): boolean {
    if (counter >= this.#next) return true;
    if (this.#ring === null || this.#next - counter > replayWindowCounters) return false;
    const word = this.#ring[(counter >>> 5) % ringWords] ?? 0;
    return (word & (1 << (counter & 31))) === 0;
  }

  /** Marks a counter that passed the check and whose packet was genuine. */
  commit(counter: number): void {
    if (this.#ring === null && counter === this.#next) {
      this.#next++;
      return;
    }
    const ring = (this.#ring ??= this.#fullRing());
    const block = counter >>> 5;
    if (counter >= this.#next) {
      const blockBefore = (this.#next - 1) >> 5;
      const stale = Math.min(block - blockBefore, ringWords);
      for (let step = 0; step < stale; step++) ring[(block - step) % ringWords] = 0;
      this.#next = counter + 1;
    }
    const position = block % ringWords;
    ring[position] = (ring[position] ?? 0) | (1 << (counter & 31));
  }

  /** A ring that says what its absence said: all below the next was seen, and nothing from there on. */
  #fullRing(): Uint32Array {
    const ring = new Uint32Array(ringWords).fill(0xffff_ffff);
    const block = this.#next >>> 5;
    ring[block % ringWords] = (1 << (this.#next & 31)) - 1;
    return ring;
  }
}
