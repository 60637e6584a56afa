// Owns the division of long work into short pieces, so that packets are processed between them. Never does the work.

/** After this time a piece ends, ms. */
const sliceMs = 4;

export class Slice {
  #began = performance.now();

  /**
   * Yields to the event loop if the current piece has lasted `sliceMs`. Call it after each step of at most a few ms.
   */
  async breathe(): Promise<void> {
    if (performance.now() - this.#began < sliceMs) return;
    await new Promise(setImmediate);
    this.#began = performance.now();
  }
}
