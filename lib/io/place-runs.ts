// A set of places in a file, as runs of consecutive numbers: places are added in order and leave mostly from the front, so
// that millions of them are a few runs. Never reads the file.

type Run = { first: number; last: number };

export class PlaceRuns {
  #runs: Run[] = [];
  #size = 0;

  /** Number of places. */
  get size(): number {
    return this.#size;
  }

  /** Adds a place; it must be higher than all others. */
  add(place: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && place === last.last + 1) last.last = place;
    else this.#runs.push({ first: place, last: place });
    this.#size++;
  }

  /** Removes a place, if it is there. */
  remove(place: number): void {
    const i = this.#runs.findIndex(({ last }) => last >= place);
    const run = this.#runs[i];
    if (run === undefined || run.first > place) return;
    const parts = [
      { first: run.first, last: place - 1 },
      { first: place + 1, last: run.last },
    ].filter(({ first, last }) => first <= last);
    this.#runs.splice(i, 1, ...parts);
    this.#size--;
  }

  /** The first places after `place`, in order, at most `count`. */
  after(place: number, count: number): number[] {
    const found: number[] = [];
    for (const { first, last } of this.#runs) {
      for (let at = Math.max(first, place + 1); at <= last && found.length < count; at++) {
        found.push(at);
      }
      if (found.length >= count) break;
    }
    return found;
  }

  clear(): void {
    this.#runs = [];
    this.#size = 0;
  }
}
