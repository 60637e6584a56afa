// Which devices of the list are selected, by id, so that a selection survives what happens to the list. Pure; renders nothing.

/** The most devices that can be selected: more are not changed by hand. */
export const selectedMax = 10_000;

export class Selection {
  readonly #ids = new Set<string>();
  /** Where a range begins: the id that was selected or left last by itself. */
  #anchor: string | null = null;

  get size(): number {
    return this.#ids.size;
  }

  get ids(): readonly string[] {
    return [...this.#ids];
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Selects a device, or leaves it. */
  toggle(id: string): void {
    if (!this.#ids.delete(id)) this.#add([id]);
    this.#anchor = id;
  }

  /**
   * Does to a range what was done last to its other end: from there to a device, both included. Without another end, or if that is
   * not in the list, it is the device alone.
   * @param list the ids that are shown, in their order
   */
  extend(list: readonly string[], id: string): void {
    const from = this.#anchor === null ? -1 : list.indexOf(this.#anchor);
    const to = list.indexOf(id);
    if (from < 0 || to < 0) return this.toggle(id);
    const range = list.slice(Math.min(from, to), Math.max(from, to) + 1);
    if (this.has(list[from] as string)) this.#add(range);
    else for (const one of range) this.#ids.delete(one);
  }

  /** Selects these, besides those that are. */
  addAll(ids: Iterable<string>): void {
    this.#add(ids);
  }

  /** Forgets devices that are not there any more. */
  drop(ids: Iterable<string>): void {
    for (const id of ids) this.#ids.delete(id);
  }

  clear(): void {
    this.#ids.clear();
    this.#anchor = null;
  }

  #add(ids: Iterable<string>): void {
    for (const id of ids) {
      if (this.#ids.size >= selectedMax) return;
      this.#ids.add(id);
    }
  }
}
