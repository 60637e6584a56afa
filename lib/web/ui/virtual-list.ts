// Rows of equal height in a window that scrolls: only those in sight are in the document, and they are used again. Draws
// once a frame at most.

import { oncePerFrame } from "./pace.ts";

export type VirtualRow = { readonly view: HTMLElement; show(place: number): void };

export type VirtualOptions = {
  readonly make: () => VirtualRow;
  /** Told which places are in sight. */
  readonly onSight: (first: number, last: number) => void;
  /** Pixels at the top of the window that something else covers. */
  readonly coverPx: () => number;
};

/** Rows kept above and below those in sight. */
const spare = 6;

export class VirtualList {
  readonly draw: () => void;
  #count = 0;
  #rowPx = 0;
  readonly #rows: VirtualRow[] = [];
  readonly #listening = new AbortController();

  constructor(
    private readonly host: HTMLElement,
    private readonly options: VirtualOptions,
  ) {
    this.draw = oncePerFrame(() => this.#draw());
    const { signal } = this.#listening;
    addEventListener("scroll", this.draw, { signal, passive: true });
    addEventListener("resize", () => this.#measure(), { signal });
  }

  /** How many rows there are. */
  set count(count: number) {
    this.#count = count;
    this.draw();
  }

  /** Rows that fit in the window, for a step by page. */
  get rowsInSight(): number {
    return Math.max(
      1,
      Math.floor((innerHeight - this.options.coverPx()) / (this.#rowPx || 48)) - 1,
    );
  }

  /** Scrolls as little as needed to have a row in sight. */
  reveal(place: number): void {
    const top = this.host.getBoundingClientRect().top + place * this.#rowPx;
    const cover = this.options.coverPx();
    if (top < cover) scrollBy(0, top - cover);
    else if (top + this.#rowPx > innerHeight - 8) scrollBy(0, top + this.#rowPx - innerHeight + 8);
    this.draw();
  }

  close(): void {
    this.#listening.abort();
  }

  #measure(): void {
    this.#rowPx = Number.parseFloat(getComputedStyle(this.host).getPropertyValue("--row")) || 48;
    this.draw();
  }

  #draw(): void {
    if (!this.host.isConnected) return;
    if (this.#rowPx === 0) this.#measure();
    const { top } = this.host.getBoundingClientRect();
    const fits = Math.ceil(innerHeight / this.#rowPx) + 1;
    const first = Math.max(0, Math.floor(-top / this.#rowPx) - spare);
    const last = Math.min(this.#count, first + fits + 2 * spare) - 1;
    this.host.style.height = `${this.#count * this.#rowPx}px`;
    const size = Math.max(this.#rows.length, fits + 2 * spare);
    while (this.#rows.length < Math.min(size, this.#count)) {
      const row = this.options.make();
      this.#rows.push(row);
      this.host.append(row.view);
    }
    // A place always has the same row while it is in sight: nothing is moved that needs no move.
    for (const [i, row] of this.#rows.entries()) {
      const place =
        first + ((((i - first) % this.#rows.length) + this.#rows.length) % this.#rows.length);
      row.view.hidden = place > last;
      if (row.view.hidden) continue;
      const at = `translateY(${place * this.#rowPx}px)`;
      if (row.view.style.transform !== at) row.view.style.transform = at;
      row.show(place);
    }
    this.options.onSight(first, last);
  }
}
