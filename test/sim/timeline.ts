// Virtual time: events in order of their time, and of their scheduling if times are equal. Never reads a real clock.

type Happening = { readonly at: number; readonly order: number; readonly happen: () => void };

export class Timeline {
  /** The number of events that have happened. */
  steps = 0;
  #scheduled = 0;
  /** A binary heap, the next event first. */
  readonly #heap: Happening[] = [];

  /** @param now ms since 1970 */
  constructor(public now: number) {}

  after(ms: number, happen: () => void): void {
    this.at(this.now + ms, happen);
  }

  at(time: number, happen: () => void): void {
    const heap = this.#heap;
    heap.push({ at: Math.max(Math.ceil(time), this.now), order: this.#scheduled++, happen });
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  /** Runs all events up to a time, ms since 1970. */
  run(until: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#removeFirst();
      this.now = next.at;
      this.steps++;
      next.happen();
    }
    this.now = until;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Happening;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let parent = 0; ;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && this.#isBefore(child, least)) least = child;
      }
      if (least === parent) return;
      this.#swap(parent, least);
      parent = least;
    }
  }

  #isBefore(left: number, right: number): boolean {
    const [one, other] = [this.#heap[left] as Happening, this.#heap[right] as Happening];
    return one.at < other.at || (one.at === other.at && one.order < other.order);
  }

  #swap(left: number, right: number): void {
    const kept = this.#heap[left] as Happening;
    this.#heap[left] = this.#heap[right] as Happening;
    this.#heap[right] = kept;
  }
}
