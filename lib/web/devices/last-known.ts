// A value of the store, or the one before where the store does not answer: what is told every second must not wait for it.

import type { Soon } from "../../server/soon.ts";

/** How long a value is waited for, ms. */
const waitMs = 2_000;

export class LastKnown<Value> {
  #reading: Promise<Value> | null = null;

  /**
   * @param value as long as none was read
   * @param readNow reads it
   * @param isLost whether it is known that the store cannot be relied on
   */
  constructor(
    private value: Value,
    private readonly readNow: () => Soon<Value>,
    private readonly isLost: () => boolean,
  ) {}

  /** Reads the value; there is one read at a time. @throws what the store throws, if it is not known to be lost */
  async read(): Promise<Value> {
    try {
      const soon = this.#reading ?? this.readNow();
      this.value = soon instanceof Promise ? await this.#within(soon) : soon;
    } catch (error) {
      if (!this.isLost()) throw error;
    }
    return this.value;
  }

  /** It may end, or fail, when nobody waits for it any more. */
  #follow(soon: Promise<Value>): void {
    this.#reading = soon;
    const end = () => (this.#reading = null);
    soon.then((value) => {
      this.value = value;
      end();
    }, end);
  }

  /** A read in time, else the value of before. */
  async #within(soon: Promise<Value>): Promise<Value> {
    if (this.#reading !== soon) this.#follow(soon);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<Value>((resolve) => {
      timer = setTimeout(() => resolve(this.value), waitMs);
    });
    try {
      return await Promise.race([soon, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
