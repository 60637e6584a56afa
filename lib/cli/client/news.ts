// Shows unsolicited messages at a rate that keeps the screen readable. Counts the lines that it leaves out and shows
// the count. Never reads a clock itself.

/** Implementation constants. */
const linesPerWindow = 20;
const windowMs = 1_000;

/** A rate limiter for lines on a screen. */
export class News {
  #windowStart = -Infinity;
  #lines = 0;
  #leftOut = 0;

  /**
   * @param now returns monotonic time in ms
   * @param write shows one line
   */
  constructor(
    readonly now: () => number,
    readonly write: (line: string) => void,
  ) {}

  /** Shows a line, or only counts it if the limit of this window is reached. */
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
