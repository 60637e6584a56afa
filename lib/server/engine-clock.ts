// The time of the current call into the engine. Reads no clock: each call brings a moment.

import { encodeTime } from "../protocol/time.ts";
import type { Moment } from "./moment.ts";

export class EngineClock {
  /** The wall clock, ms since 1970, to be written down and shown. */
  wallMs: number;
  /** The monotonic clock, ms: all that is measured, due or limited by time goes by it. */
  uptimeMs: number;
  #second = -1;
  #time = "";

  constructor({ wall, monotonic }: Moment) {
    this.wallMs = wall;
    this.uptimeMs = monotonic;
  }

  /** Sets the time. Every call into the engine does this first. */
  set({ wall, monotonic }: Moment): void {
    this.wallMs = wall;
    this.uptimeMs = monotonic;
  }

  /** The wall clock in the wire format; formatted once a second. */
  get time(): string {
    const second = Math.floor(this.wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = encodeTime(this.wallMs);
    }
    return this.#time;
  }
}
