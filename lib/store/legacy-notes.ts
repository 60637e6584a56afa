// Keeps the notes of a migration readable: so many of each kind, then their number.

/** Of each kind so many are told one by one. */
const oneByOneMax = 50;

export class NoteLimit {
  readonly #counts = new Map<string, number>();

  constructor(private readonly onNote: (words: string) => void) {}

  /** @param kind what such things are called, in the plural */
  add(kind: string, words: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= oneByOneMax) this.onNote(words);
  }

  /** Tells how many there were that were not told. */
  close(): void {
    for (const [kind, count] of this.#counts) {
      if (count > oneByOneMax) this.onNote(`And ${count - oneByOneMax} more ${kind}.`);
    }
  }
}
