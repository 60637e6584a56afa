// A scrolling list of rows of equal height. Only rows in view are in the document, and their elements are reused. Renders
// at most once in a frame.

import { oncePerFrame } from "../pace.ts";

export type VirtualRow = { readonly view: HTMLElement; show(place: number): void };

export type VirtualOptions = {
  readonly make: () => VirtualRow;
  /** Called with the indices of the first and last row in view. */
  readonly onSight: (first: number, last: number) => void;
  /** How many pixels at the top of the window are covered by something else. */
  readonly coverPx: () => number;
};

/** Extra rows above and below those in view. */
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
    addEventListener("resize", () => this.measure(), { signal });
  }

  /** Sets the number of rows. */
  set count(count: number) {
    this.#count = count;
    this.draw();
  }

  /** How many rows fit in the window: the step of Page Up and Page Down. */
  get rowsInSight(): number {
    return Math.max(
      1,
      Math.floor((innerHeight - this.options.coverPx()) / (this.#rowPx || 48)) - 1,
    );
  }

  /** Scrolls just enough to bring a row into view. */
  reveal(place: number): void {
    const top = this.host.getBoundingClientRect().top + place * this.#rowPx;
    const cover = this.options.coverPx();
    if (top < cover) scrollBy(0, top - cover);
    else if (top + this.#rowPx > innerHeight - 8) scrollBy(0, top + this.#rowPx - innerHeight + 8);
    this.draw();
  }

  /** Reads the height of a row anew from the style sheet. */
  measure(): void {
    const height = getComputedStyle(this.host).getPropertyValue("--row");
    // Before it is in the document it has no style.
    this.#rowPx = this.host.isConnected ? Number.parseFloat(height) || 48 : 0;
    this.draw();
  }

  close(): void {
    this.#listening.abort();
  }

  #draw(): void {
    if (!this.host.isConnected) return;
    if (this.#rowPx === 0) this.measure();
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
    // An index keeps its element while it is in view, so that scrolling moves only the rows that changed.
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
