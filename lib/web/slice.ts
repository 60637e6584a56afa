// Long work in short pieces: between two of them the packets have their turn.

/** How long a piece may take, ms. */
const sliceMs = 4;

export class Slice {
  #began = performance.now();

  /** Lets everything else run where this piece has taken long enough. Call it after a step of at most a few ms. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#began < sliceMs) return;
    await new Promise(setImmediate);
    this.#began = performance.now();
  }
}
