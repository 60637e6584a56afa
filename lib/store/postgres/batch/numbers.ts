// Numbers that a server takes from a sequence in advance, in blocks: which of them are given, which may still be stored, and
// whether all between them are its own. What is left when it stops is never given: there are holes.

/** The numbers of reports, taken in blocks. */
export const blockSize = 256;
/** How long after a number was taken, or was known to be of the newest block, it may be given, ms. */
const givenWithinMs = 2_000;
/**
 * How long after that it may be stored, ms, by the database's clock: a batch may be sent again for 5 s. What is on its way for
 * longer, because its server stood still or its line was cut, is refused.
 */
const storedWithinMs = 12_000;
/** How long a batch that failed may still be stored, ms. */
const unknownMs = 30_000;
/**
 * When blocks last for less than this, ms, twice as many are taken, up to a bound: a batch that has to take some needs another
 * round trip before it is stored.
 */
const soonMs = 250;
const aheadMax = 16;
/** How often blocks are taken for a batch, where they are too old when they come. */
const attemptsMax = 2;

/** @property clock the database's, ms since 1970 */
type Taken = { readonly clock: number };

/** The sequence, over some connection. */
export type Blocks = {
  /** Takes blocks; returns the first number of each, ascending, and when that was. */
  readonly take: (count: number) => Promise<Taken & { readonly firsts: readonly number[] }>;
  /** The first number of the block that was taken last, here or by another server. */
  readonly newest: () => Promise<Taken & { readonly first: number }>;
};

/** The sequence, and what else the numbers depend on. */
export type NumbersParts = Blocks & {
  /** The monotonic clock, ms. */
  readonly now: () => number;
};

/** The numbers of one batch. */
export interface BatchNumbers {
  /** The next numbers, ascending. */
  next(count: number): Promise<number[]>;
  /** Until when those that were given may be stored, by the database's clock, ms since 1970. */
  readonly until: number;
  /**
   * Devices have come with this batch: what they report from now on gets higher numbers than what they reported elsewhere.
   * @param newest the first number of the block that was taken last, at any server, after they had come
   */
  raise(newest: number): void;
  /** The batch has ended. @param isStored else it may still be for a while: a connection that was lost may have had it */
  end(isStored: boolean): void;
}

type Block = Taken & { readonly first: number; readonly takenAt: number };
/** What a batch may still store: numbers from `lowest` on; how long by the monotonic clock, and by the database's. */
type Use = { lowest: number; ends: number; until: number };

/**
 * Gives numbers in the order in which they were taken. Another server's numbers may lie between and may be stored earlier or
 * later: so that it is known when no more come below a number, those of a block are given within 2 s or never, but those of
 * the newest block of all.
 */
export class ReportNumbers {
  /** Blocks that are not used up, ascending, the first of them from `#next` on. */
  #blocks: Block[] = [];
  #next = 0;
  readonly #uses = new Set<Use>();
  /** One batch at a time gets numbers, so that they ascend. */
  #turn: Promise<unknown> = Promise.resolve();
  /** All numbers from the first to below the second one were taken here. */
  #run: readonly [from: number, end: number];
  /** How many were taken last, and when. */
  #took = { count: 0, at: Number.NEGATIVE_INFINITY };
  /** No number of a block below this one is given. */
  #floor = 0;

  /**
   * @param next the first number of the next block, if all lower ones are stored already or never will be; null if other
   *   servers may still store such
   */
  constructor(
    private readonly parts: NumbersParts,
    next: number | null,
  ) {
    this.#run = [next ?? Infinity, next ?? Infinity];
  }

  /**
   * Begins to give numbers to a batch, which then has to end.
   * @param blocks the sequence over the connection of the batch
   */
  begin(blocks: Blocks = this.parts): BatchNumbers {
    const use = { lowest: Infinity, ends: Infinity, until: Infinity };
    this.#uses.add(use);
    return {
      next: (count) => {
        const given = this.#turn.then(() => this.#give(use, count, blocks));
        this.#turn = given.catch(() => {});
        return given;
      },
      get until() {
        return use.until;
      },
      raise: (newest) => this.#raise(newest),
      end: (isStored) => {
        if (isStored || use.lowest === Infinity) this.#uses.delete(use);
        else use.ends = this.parts.now() + unknownMs;
      },
    };
  }

  /**
   * The numbers, `from` to below `below`, of which no more will be stored than are stored now: all were taken here, one after
   * the other, and the batches that got them have ended.
   */
  get done(): { readonly from: number; readonly below: number } {
    const now = this.parts.now();
    let below = this.#blocks.length > 0 ? this.#next : this.#run[1];
    for (const use of this.#uses) {
      if (use.ends <= now) this.#uses.delete(use);
      else below = Math.min(below, use.lowest);
    }
    return { from: this.#run[0], below };
  }

  async #give(use: Use, count: number, blocks: Blocks): Promise<number[]> {
    await this.#dropOld(blocks);
    for (let attempt = 1; this.#left < count; attempt++) {
      if (attempt > attemptsMax) throw new Error("PostgreSQL gives numbers too slowly");
      const takenAt = this.parts.now();
      const needed = Math.ceil((count - this.#left) / blockSize);
      const { firsts, clock } = await blocks.take(this.#ahead(needed, takenAt));
      for (const first of firsts) this.#add({ first, takenAt, clock });
      await this.#dropOld(blocks);
    }
    const given = Array.from({ length: count }, () => this.#take(use));
    use.lowest = Math.min(use.lowest, given[0] ?? Infinity);
    return given;
  }

  /** How many blocks to take if so many are needed: more, while they are used up quickly. */
  #ahead(needed: number, now: number): number {
    const isSoon = now - this.#took.at <= soonMs;
    const count = Math.max(needed, isSoon ? Math.min(2 * this.#took.count, aheadMax) : 0);
    this.#took = { count, at: now };
    return count;
  }

  get #left(): number {
    const [block] = this.#blocks;
    const used = block === undefined ? 0 : this.#next - block.first;
    return this.#blocks.length * blockSize - used;
  }

  #raise(newest: number): void {
    this.#floor = Math.max(this.#floor, newest);
    this.#keep(this.#blocks.filter(({ first }) => first >= this.#floor));
  }

  #add(block: Block): void {
    const [from, end] = this.#run;
    this.#run = [block.first === end ? from : block.first, block.first + blockSize];
    if (block.first < this.#floor) return;
    if (this.#blocks.length === 0) this.#next = block.first;
    this.#blocks.push(block);
  }

  async #dropOld(blocks: Blocks): Promise<void> {
    const last = this.#blocks.at(-1);
    if (last === undefined || !this.#isOld(this.#blocks[0] as Block)) return;
    if (this.#isOld(last)) {
      const takenAt = this.parts.now();
      const newest = await blocks.newest();
      // If nobody has taken numbers since, none of another server is higher. It may have been given up meanwhile.
      const isThere = this.#blocks.at(-1) === last;
      if (isThere && newest.first === last.first)
        this.#blocks.splice(-1, 1, { ...newest, takenAt });
    }
    this.#keep(this.#blocks.filter((block) => !this.#isOld(block)));
  }

  #isOld({ takenAt }: Block): boolean {
    return this.parts.now() - takenAt > givenWithinMs;
  }

  #take(use: Use): number {
    const number = this.#next++;
    const [block] = this.#blocks as [Block];
    use.until = Math.min(use.until, block.clock + storedWithinMs);
    if (this.#next === block.first + blockSize) this.#keep(this.#blocks.slice(1));
    return number;
  }

  /** Keeps the last ones of the blocks. */
  #keep(blocks: Block[]): void {
    const [first] = blocks;
    if (first !== undefined && first !== this.#blocks[0])
      this.#next = Math.max(this.#next, first.first);
    this.#blocks = blocks;
  }
}
