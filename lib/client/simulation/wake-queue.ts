// Who is to be woken next: a binary heap over the devices of a fleet. Never holds a device twice.

/** What can be in the queue; it keeps its place and time itself. */
export type Woken = {
  /** Set by the queue: when it is woken, ms. */
  queuedAt: number;
  /** Set by the queue: its place, or -1. */
  place: number;
};

export class WakeQueue<T extends Woken> {
  readonly #heap: T[] = [];

  /** The time of the first, ms; null if it is empty. */
  get wakeAt(): number | null {
    return this.#heap[0]?.queuedAt ?? null;
  }

  /** Puts one in, or at another time. @param at ms; null takes it out */
  set(it: T, at: number | null): void {
    if (it.place >= 0) {
      if (it.queuedAt === at) return;
      this.#remove(it);
    }
    if (at === null) return;
    it.queuedAt = at;
    it.place = this.#heap.length;
    this.#heap.push(it);
    this.#rise(it);
  }

  /** Takes out the first if it is due, else returns null. */
  takeDue(now: number): T | null {
    const [first] = this.#heap;
    if (first === undefined || first.queuedAt > now) return null;
    this.#remove(first);
    return first;
  }

  #remove(it: T): void {
    const last = this.#heap.pop() as T;
    const { place } = it;
    it.place = -1;
    if (last === it) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  #put(it: T, place: number): void {
    this.#heap[place] = it;
    it.place = place;
  }

  #rise(it: T): void {
    for (;;) {
      const parent = this.#heap[(it.place - 1) >> 1];
      if (it.place === 0 || parent === undefined || parent.queuedAt <= it.queuedAt) return;
      const { place } = parent;
      this.#put(parent, it.place);
      this.#put(it, place);
    }
  }

  #sink(it: T): void {
    for (;;) {
      const left = this.#heap[2 * it.place + 1];
      const right = this.#heap[2 * it.place + 2];
      if (left === undefined) return;
      const child = right !== undefined && right.queuedAt < left.queuedAt ? right : left;
      if (child.queuedAt >= it.queuedAt) return;
      const { place } = child;
      this.#put(child, it.place);
      this.#put(it, place);
    }
  }
}
