// Owns the hash table of the latest reports by 32 bits of their key, which finds repeats without an index on the table.
// It has two generations, so that old entries are dropped all at once. Never decides: it gives candidates, and the
// caller compares the rows.

const slotsFirst = 1 << 12;
/** How far below its first number a generation can store numbers: a failed batch returns its numbers for reuse. */
const slack = 2 ** 24;
const nothing: readonly number[] = [];
/**
 * How many reports with equal 32 bits a generation stores. By chance there are hardly ever three. But a device that
 * chooses its msgids can produce equal bits at will, and each of its reports would be compared with all earlier ones.
 */
export const sameKeyMax = 8;
/**
 * Multiplier of the hash. Random per process, so that a client cannot choose keys that cluster in the table; odd, so
 * that the multiplication loses no bits.
 */
const spread = (crypto.getRandomValues(new Int32Array(1))[0] as number) | 1;

/**
 * One generation: open addressing with linear probing, at most half full. A slot is a key and next to it the sequence
 * number minus `#base`, so that most look-ups touch one cache line. A number of 0 marks a free slot.
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

  /** Adds an entry; returns false if there are `sameKeyMax` entries with this key already. */
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

  /** The sequence number of the nth report with this key, counted from 0; 0 if there is none. */
  find(key: number, nth: number): number {
    const table = this.#table;
    const last = table.length - 1;
    for (let at = place(key, last); ; at = (at + 2) & last) {
      const offset = table[at + 1] as number;
      if (offset === 0) return 0;
      if (table[at] === key && nth-- === 0) return this.#base + offset;
    }
  }

  /** Removes an entry and moves later ones into the gap, so that no search stops there; false if it is not stored. */
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

/** Remembers the latest reports: between `entriesMax / 2` and `entriesMax` of them. */
export class RecentReports {
  #young = new Generation(slotsFirst);
  #old = new Generation(1);
  #youngSince = 0;
  #oldSince = 0;

  constructor(readonly entriesMax: number) {}

  /** Every report from this sequence number on is remembered (except those beyond `sameKeyMax`). */
  get since(): number {
    return this.#oldSince;
  }

  /**
   * Remembers a report.
   * @param key an integer, 0 to 2^53 - 1; its low 32 bits are kept
   * @param sequence 1 or more, higher than in all earlier calls
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
   * Sequence numbers of reports whose keys have the same low 32 bits; the caller must compare the rows.
   * @returns usually none; if there are `sameKeyMax` or more, others may exist that are not remembered
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

  /** Removes a report whose batch was rolled back. */
  forget(key: number, sequence: number): void {
    if (!this.#young.remove(key | 0, sequence)) this.#old.remove(key | 0, sequence);
  }

  /** Sets `since`: the caller adds every report from this sequence number on. */
  beginAt(sequence: number): void {
    this.#oldSince = sequence;
    this.#youngSince = sequence;
  }
}

/**
 * The index at which the search for a key starts (multiplicative hash); it is even, because a slot has two elements.
 * @param last the last index of the table, whose length is a power of two
 */
function place(key: number, last: number): number {
  return ((Math.imul(key, spread) >>> 7) << 1) & last;
}
