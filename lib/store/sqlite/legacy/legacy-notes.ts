// Owns the limit that keeps the notes of a migration readable: the first notes of each kind, then how many more there
// are. Never writes a note itself.

/** How many notes of each kind are passed on one by one. */
const oneByOneMax = 50;

export class NoteLimit {
  readonly #counts = new Map<string, number>();

  constructor(private readonly onNote: (words: string) => void) {}

  /**
   * Passes a note on, unless there were too many of its kind.
   * @param kind what the note is about, in the plural, such as `rows left out`
   */
  add(kind: string, words: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= oneByOneMax) this.onNote(words);
  }

  /** Reports how many notes of each kind were not passed on. */
  close(): void {
    for (const [kind, count] of this.#counts) {
      if (count > oneByOneMax) this.onNote(`And ${count - oneByOneMax} more ${kind}.`);
    }
  }
}
