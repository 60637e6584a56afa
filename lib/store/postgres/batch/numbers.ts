// Numbers that a server takes from a sequence in advance. What is left when it stops is never given: there are holes.

/** Takes `count` numbers or more, ascending. */
type Take = (count: number) => Promise<readonly number[]>;

/** The numbers of reports, taken in blocks. */
export const blockSize = 256;

export class ReportNumbers {
  /** Blocks that are not used up, the first of them from `#next` on. */
  readonly #blocks: number[] = [];
  #next = 0;

  /** @param takeBlocks takes some blocks; returns the first number of each */
  constructor(private readonly takeBlocks: Take) {}

  /** The next numbers, ascending. */
  async next(count: number): Promise<number[]> {
    const left = this.#blocks.length * blockSize - this.#used();
    if (left < count) {
      const more = await this.takeBlocks(Math.ceil((count - left) / blockSize));
      if (this.#blocks.length === 0) this.#next = more[0] as number;
      this.#blocks.push(...more);
    }
    return Array.from({ length: count }, () => this.#take());
  }

  #used(): number {
    return this.#blocks.length === 0 ? 0 : this.#next - (this.#blocks[0] as number);
  }

  #take(): number {
    const number = this.#next++;
    if (this.#used() < blockSize) return number;
    this.#blocks.shift();
    this.#next = this.#blocks[0] ?? 0;
    return number;
  }
}
