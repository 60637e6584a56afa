// Owns the replay window of a session (RFC 6479): a ring of words with one bit for each counter.
// Never verifies a tag: the caller checks the counter, opens the packet, and commits only if the tag is valid.

import { replayWindowCounters, replayWordBits } from "./limits.ts";

// A window that starts in the middle of a word spans one more word than its size divided by 32.
const ringWords = replayWindowCounters / replayWordBits + 1;

/** A replay window: the 2,048 counters up to the highest one seen. Counters are 0 to 2^31 - 1. */
export class ReplayWindow {
  /**
   * Null as long as every counter below `#next` was seen: most sessions never lose or reorder a packet and
   * need no ring.
   */
  #ring: Uint32Array | null = null;
  #next = 0;

  /** One more than the highest counter committed; 0 if none was committed yet. */
  get next(): number {
    return this.#next;
  }

  /** Whether the counter is new: neither seen before nor older than the window. Changes nothing. */
  check(counter: number): boolean {
    if (counter >= this.#next) return true;
    if (this.#ring === null || this.#next - counter > replayWindowCounters) return false;
    const word = this.#ring[(counter >>> 5) % ringWords] ?? 0;
    return (word & (1 << (counter & 31))) === 0;
  }

  /** Marks a counter as seen. Call it only if `check` was true and the packet's tag is valid. */
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

  /** A ring with the meaning of null: every counter below `#next` was seen, none from there on. */
  #fullRing(): Uint32Array {
    const ring = new Uint32Array(ringWords).fill(0xffff_ffff);
    const block = this.#next >>> 5;
    ring[block % ringWords] = (1 << (this.#next & 31)) - 1;
    return ring;
  }
}
