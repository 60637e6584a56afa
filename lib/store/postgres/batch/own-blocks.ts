// Remembers which blocks of numbers this server has taken lately: reports with other numbers are those of other servers. Takes
// none itself.

/** How many blocks are remembered: what a busy server takes in a minute. */
const blocksMax = 16_384;

export class OwnBlocks {
  readonly #firsts = new Set<number>();
  #newest = 0;

  /** @param onTaken told a number below which all have been taken */
  constructor(private readonly onTaken: (number: number) => void) {}

  /** Notes blocks that were taken, by their first numbers, ascending. */
  note(firsts: readonly number[]): void {
    for (const first of firsts) {
      this.#firsts.add(first);
      this.#newest = Math.max(this.#newest, first);
    }
    for (const oldest of this.#firsts) {
      if (this.#firsts.size <= blocksMax) break;
      this.#firsts.delete(oldest);
    }
    this.onTaken(firsts.at(-1) as number);
  }

  /** Whether this server has taken the block with this first number. */
  has(first: number): boolean {
    return this.#firsts.has(first);
  }

  /** The first number of the highest block that was taken here; 0 before any. */
  get newest(): number {
    return this.#newest;
  }
}
