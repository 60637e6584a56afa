// Which reports came lately, by 32 bits of their key: what finds a repeat without an index on the table. It only says
// where to look; the row itself decides. Two generations, so that what grows old goes all at once.

const slotsFirst = 1 << 12;
/** How far below the first number of a generation others may come: what a failed batch gives back. */
const slack = 2 ** 24;
const nothing: readonly number[] = [];

/** One generation: open addressing, at most half full, eight bytes a slot; offset 0 marks a free one. */
class Generation {
  #keys: Int32Array;
  /** Sequence numbers, above `#base`. */
  #offsets: Uint32Array;
  #base = 0;
  size = 0;

  constructor(slots: number) {
    this.#keys = new Int32Array(slots);
    this.#offsets = new Uint32Array(slots);
  }

  get slots(): number {
    return this.#keys.length;
  }

  add(key: number, sequence: number): void {
    if (this.size === 0) this.#base = sequence - slack;
    if (this.size * 2 >= this.slots) this.#grow();
    this.#put(key, sequence - this.#base);
    this.size++;
  }

  #put(key: number, offset: number): void {
    const mask = this.slots - 1;
    let slot = spread(key) & mask;
    while (this.#offsets[slot] !== 0) slot = (slot + 1) & mask;
    this.#keys[slot] = key;
    this.#offsets[slot] = offset;
  }

  /** The sequence number of the nth report with this key, from 0 on; 0 where there is none. */
  find(key: number, nth: number): number {
    const mask = this.slots - 1;
    for (let slot = spread(key) & mask; ; slot = (slot + 1) & mask) {
      const offset = this.#offsets[slot] as number;
      if (offset === 0) return 0;
      if (this.#keys[slot] === key && nth-- === 0) return this.#base + offset;
    }
  }

  /** Takes an entry out and closes the gap, so that no search stops short at it. */
  remove(key: number, sequence: number): boolean {
    const mask = this.slots - 1;
    let hole = spread(key) & mask;
    const offset = sequence - this.#base;
    while (this.#keys[hole] !== key || this.#offsets[hole] !== offset) {
      if (this.#offsets[hole] === 0) return false;
      hole = (hole + 1) & mask;
    }
    for (let slot = (hole + 1) & mask; this.#offsets[slot] !== 0; slot = (slot + 1) & mask) {
      const home = spread(this.#keys[slot] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#keys[hole] = this.#keys[slot] as number;
      this.#offsets[hole] = this.#offsets[slot] as number;
      hole = slot;
    }
    this.#offsets[hole] = 0;
    this.size--;
    return true;
  }

  #grow(): void {
    const [keys, offsets] = [this.#keys, this.#offsets];
    this.#keys = new Int32Array(keys.length * 2);
    this.#offsets = new Uint32Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (offsets[i] !== 0) this.#put(keys[i] as number, offsets[i] as number);
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
   * @returns mostly none
   */
  candidates(key: number): readonly number[] {
    let found: number[] | null = null;
    for (const generation of [this.#young, this.#old]) {
      let sequence = generation.find(key | 0, 0);
      for (let nth = 1; sequence > 0; nth++) {
        (found ??= []).push(sequence);
        sequence = generation.find(key | 0, nth);
      }
    }
    return found ?? nothing;
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

/** Spreads a key over the slots (Knuth's multiplicative hash). */
function spread(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> 7;
}
