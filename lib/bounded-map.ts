// A Map with a bound: one more entry, and its first one is forgotten. Every cache and table whose keys a peer chooses
// can be one. Knows nothing of time, and nothing of what it holds.

/** A Map of at most `sizeMax` entries. The first in its order is forgotten first. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  /**
   * @param sizeMax the most entries
   * @param onForget called with each value that the bound drops; not for `delete`, `clear` or a value that is replaced
   */
  constructor(
    readonly sizeMax: number,
    private readonly onForget: ((value: Value) => void) | null = null,
  ) {
    super();
  }

  /** Sets an entry. A known key keeps its place in the order, as in any Map. */
  override set(key: Key, value: Value): this {
    super.set(key, value);
    if (this.size > this.sizeMax) this.#forgetFirst();
    return this;
  }

  /** Sets an entry and makes it the last in the order, so that the one renewed longest ago is forgotten first. */
  renew(key: Key, value: Value): void {
    this.delete(key);
    this.set(key, value);
  }

  #forgetFirst(): void {
    for (const key of this.keys()) {
      const value = this.get(key) as Value;
      this.delete(key);
      this.onForget?.(value);
      return;
    }
  }
}
