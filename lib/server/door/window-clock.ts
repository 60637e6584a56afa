// How long the door's window is still open: by the monotonic clock, from when this server saw it first. The wall clock only
// says how much of it passed while no server ran. Owns what is known of the window; stores nothing.

import type { WindowRow } from "./door-rows.ts";

/** What a node knows of a window: how long it is still open, ms; 0 or less once it is over. */
export type KnownWindow = { readonly number: number; readonly leftMs: number };

/** The shortest and the longest window, ms. */
export const windowMsMin = 1_000;
export const windowMsMax = 30 * 86_400_000;

/**
 * Whether a window is open.
 * @param known what the node knows of it, or of an earlier one
 * @param at the wall clock, ms since 1970; used only for a window that the node has not seen yet
 */
export function isOpen(row: WindowRow | null, known: KnownWindow | null, at: number): boolean {
  if (row === null || row.leftMs <= 0) return false;
  return (known?.number === row.number ? known.leftMs : leftAt(row, at)) > 0;
}

/**
 * How long a window is open that a server sees for the first time, ms: a wall clock that went back, or was never set, does
 * not make it longer.
 */
export function leftAt({ leftMs, until }: WindowRow, at: number): number {
  return Math.max(0, Math.min(leftMs, until - at));
}

export class WindowClock {
  #row: WindowRow | null = null;
  /** When it is over, by the monotonic clock, ms. */
  #endsAt = 0;

  /**
   * Notes the row of the store.
   * @param at the wall clock, ms since 1970
   * @param uptimeMs the monotonic clock
   */
  learn(row: WindowRow | null, at: number, uptimeMs: number): void {
    if (row === null || (this.#row !== null && row.number < this.#row.number)) return;
    if (row.number !== this.#row?.number) this.#endsAt = uptimeMs + leftAt(row, at);
    // Closed, here or by another server.
    if (row.leftMs <= 0) this.#endsAt = Math.min(this.#endsAt, uptimeMs);
    this.#row = row;
  }

  /** What is known of the latest window; null before there was one. */
  known(uptimeMs: number): KnownWindow | null {
    if (this.#row === null) return null;
    return { number: this.#row.number, leftMs: this.#endsAt - uptimeMs };
  }

  /** The window if it is open, with how long it still is. */
  open(uptimeMs: number): { readonly row: WindowRow; readonly leftMs: number } | null {
    const leftMs = this.#endsAt - uptimeMs;
    return this.#row === null || leftMs <= 0 ? null : { row: this.#row, leftMs };
  }

  /** The window that has ended since it was learned, and that the store still has as open. */
  over(uptimeMs: number): WindowRow | null {
    const row = this.#row;
    return row !== null && row.leftMs > 0 && this.#endsAt <= uptimeMs ? row : null;
  }
}
