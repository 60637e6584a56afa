// The numbers of sessions, questions and commands that a batch has taken from their sequences, a few at once, and not given yet.
// What is left is never given: there are holes.

import type { Writer } from "../connection/writer.ts";
import { taking } from "./loading.ts";

/** What gets its numbers from a sequence one by one. */
type Numbered = "session" | "question" | "command";

/** How many numbers are taken at once. */
const numbersAtOnce = 32;

export class TakenNumbers {
  readonly #left: { readonly [name in Numbered]: number[] } = {
    session: [],
    question: [],
    command: [],
  };

  /** @param steps how many the batch has */
  constructor(
    private readonly writer: Pick<Writer, "query">,
    private readonly steps: number,
  ) {}

  /** The next number: taken while the rows are locked, so that those of a device ascend. */
  async next(of: Numbered): Promise<number> {
    const left = await this.#some(of);
    return left.shift() as number;
  }

  /** The number that `next` would give. */
  async peek(of: Numbered): Promise<number> {
    const [first] = await this.#some(of);
    return first as number;
  }

  async #some(of: Numbered): Promise<number[]> {
    const left = this.#left[of];
    if (left.length === 0) {
      const count = Math.min(this.steps, numbersAtOnce);
      const rows = await this.writer.query(...taking(`${of}_number`, count));
      left.push(...rows.map(({ number }) => number as number));
    }
    return left;
  }
}
