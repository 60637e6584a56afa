// Which reports came lately, by 32 bits of their key: what finds a repeat without an index on the table. It only says
// where to look; the row itself decides. Two generations, so that what grows old goes all at once.

const slotsFirst = 1 << 12;
/** How far below the first number of a generation others may come: what a failed batch gives back. */
const slack = 2 ** 24;
const nothing: readonly number[] = [];
/**
 * Reports of equal bits that a generation holds. By chance there are never three; but whoever chooses its msgids chooses
 * these bits as well, and each of its reports would be compared with all before it.
 */
export const sameKeyMax = 8;
/** Where keys lie is nobody's to foretell: side by side they would make every search near them a long one. Odd. */
const spread = (crypto.getRandomValues(new Int32Array(1))[0] as number) | 1;

/**
 * One generation: open addressing, at most half full. A slot is a key and the sequence number above `#base`, side by side:
 * most look-ups then touch one line of the processor's cache. A number of 0 marks a free slot.
 */
class Generation {
  #table: Int32Array;
  #base = 0;
  size = 0;

  constructor(slots: number) {
    this.#table = new Int32Array(2 * slots);
  }

  get slots(): number {
    return this.#table.length / 2;
  }

  add(key: number, sequence: number): void {
    if (this.size === 0) this.#base = sequence - slack;
    if (this.size * 2 >= this.slots) this.#grow();
    if (this.#put(key, sequence - this.#base)) this.size++;
  }

  /** Whether there was room for one more of this key. */
  #put(key: number, offset: number): boolean {
    const table = this.#table;
    const last = table.length - 1;
    let at = place(key, last);
    for (let same = 0; table[at + 1] !== 0; at = (at + 2) & last) {
      if (table[at] === key && ++same === sameKeyMax) return false;
    }
    table[at] = key;
    table[at + 1] = offset;
    return true;
  }

  /** The sequence number of the nth report with this key, from 0 on; 0 where there is none. */
  find(key: number, nth: number): number {
    const table = this.#table;
    const last = table.length - 1;
    for (let at = place(key, last); ; at = (at + 2) & last) {
      const offset = table[at + 1] as number;
      if (offset === 0) return 0;
      if (table[at] === key && nth-- === 0) return this.#base + offset;
    }
  }

  /** Takes an entry out and closes the gap, so that no search stops short at it. */
  remove(key: number, sequence: number): boolean {
    const table = this.#table;
    const last = table.length - 1;
    const offset = sequence - this.#base;
    let hole = place(key, last);
    while (table[hole] !== key || table[hole + 1] !== offset) {
      if (table[hole + 1] === 0) return false;
      hole = (hole + 2) & last;
    }
    for (let at = (hole + 2) & last; table[at + 1] !== 0; at = (at + 2) & last) {
      const home = place(table[at] as number, last);
      if (((at - home) & last) < ((at - hole) & last)) continue;
      table[hole] = table[at] as number;
      table[hole + 1] = table[at + 1] as number;
      hole = at;
    }
    table[hole + 1] = 0;
    this.size--;
    return true;
  }

  #grow(): void {
    const before = this.#table;
    this.#table = new Int32Array(before.length * 2);
    for (let at = 0; at < before.length; at += 2) {
      if (before[at + 1] !== 0) this.#put(before[at] as number, before[at + 1] as number);
    }
  }
}

/** The latest reports, between `entriesMax / 2` and `entriesMax` of them. */
export class RecentReports {
  #young = new Generation(slotsFirst);
  #old = new Generation(1);
  #youngSince = 0;
  #oldSince = 0;

  constructor(readonly entriesMax: number) {}

  /** The lowest sequence number that is surely remembered, if it came at all. */
  get since(): number {
    return this.#oldSince;
  }

  /**
   * Remembers a report.
   * @param key any integer up to 2^53; 32 bits of it are kept
   * @param sequence from 1 on, growing
   */
  add(key: number, sequence: number): void {
    if (this.#young.size >= this.entriesMax / 2) {
      this.#old = this.#young;
      this.#oldSince = this.#youngSince;
      this.#young = new Generation(this.#old.slots);
      this.#youngSince = sequence;
    }
    this.#young.add(key | 0, sequence);
  }

  /**
   * Sequence numbers of reports that share 32 bits of this key; the caller looks at the rows.
   * @returns mostly none; from `sameKeyMax` on there may be others that are not remembered
   */
  candidates(key: number): readonly number[] {
    const bits = key | 0;
    if (this.#young.find(bits, 0) === 0 && this.#old.find(bits, 0) === 0) return nothing;
    const found: number[] = [];
    for (const generation of [this.#young, this.#old]) {
      for (let nth = 0; ; nth++) {
        const sequence = generation.find(bits, nth);
        if (sequence === 0) break;
        found.push(sequence);
      }
    }
    return found;
  }

  /** Forgets a report that was not stored after all. */
  forget(key: number, sequence: number): void {
    if (!this.#young.remove(key | 0, sequence)) this.#old.remove(key | 0, sequence);
  }

  /** Says from where on the caller has added everything. */
  beginAt(sequence: number): void {
    this.#oldSince = sequence;
    this.#youngSince = sequence;
  }
}

/**
 * Where the slot of a key begins (multiplicative hash).
 * @param last the last index of the table
 */
function place(key: number, last: number): number {
  return ((Math.imul(key, spread) >>> 7) << 1) & last;
}
