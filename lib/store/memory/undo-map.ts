// A Map whose changes can be undone: the tables of the store in memory. A batch that fails leaves no trace.

/** What has changed in several maps since the last `clear`. */
export class UndoLog {
  #steps: (() => void)[] = [];

  add(undo: () => void): void {
    this.#steps.push(undo);
  }

  /** Takes back all changes, the latest first. */
  undoAll(): void {
    for (const undo of this.#steps.splice(0).reverse()) undo();
  }

  /** Keeps all changes. */
  clear(): void {
    this.#steps = [];
  }
}

export class UndoMap<K, V> extends Map<K, V> {
  readonly #log: UndoLog;

  constructor(log: UndoLog) {
    super();
    this.#log = log;
  }

  override set(key: K, value: V): this {
    this.#log.add(this.#restoring(key));
    return super.set(key, value);
  }

  override delete(key: K): boolean {
    this.#log.add(this.#restoring(key));
    return super.delete(key);
  }

  #restoring(key: K): () => void {
    if (!this.has(key)) return () => void super.delete(key);
    const before = this.get(key) as V;
    return () => void super.set(key, before);
  }
}
