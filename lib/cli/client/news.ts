// What came in unasked, told to a person at a rate that leaves the screen readable; what is left out is counted and the
// count told.

/** Implementation constants. */
const linesPerWindow = 20;
const windowMs = 1_000;

/** News on their way to a screen. */
export class News {
  #windowStart = -Infinity;
  #lines = 0;
  #leftOut = 0;

  /**
   * @param now milliseconds of a clock that only goes forward
   * @param write shows one line
   */
  constructor(
    readonly now: () => number,
    readonly write: (line: string) => void,
  ) {}

  /** Shows a line, or counts it as left out. */
  tell(line: string): void {
    const now = this.now();
    if (now - this.#windowStart >= windowMs) {
      this.#windowStart = now;
      this.#lines = 0;
      if (this.#leftOut > 0) this.write(`* and ${this.#leftOut} more, not shown`);
      this.#leftOut = 0;
    }
    if (++this.#lines <= linesPerWindow) this.write(line);
    else this.#leftOut++;
  }
}
