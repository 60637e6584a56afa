// For how long the store has been in service: by this time commands are too late (protocol §4.14). Monotonic clocks count it, so no
// step of the wall clock ends or prolongs a command. Reads no clock.

import type { Moment } from "../moment.ts";
import type { ServiceTime } from "../rows.ts";

/** No wall clock that shows less was ever right: 2026-01-01. */
const plausibleMs = Date.UTC(2026, 0, 1);

export class ServiceClock {
  /** What it showed at `#since` by the monotonic clock, ms. */
  #ms: number;
  #since: number;

  /** @param noted what the store knows of it; null for a new store */
  constructor(noted: ServiceTime | null, { wall, monotonic }: Moment) {
    this.#ms = noted === null ? 0 : noted.ms + pauseMs(noted, wall);
    this.#since = monotonic;
  }

  /** The time of service, ms. @param uptimeMs by the monotonic clock */
  at(uptimeMs: number): number {
    return Math.floor(this.#ms + uptimeMs - this.#since);
  }

  /** Another node of the store has counted more. */
  raise(ms: number, uptimeMs: number): void {
    if (ms <= this.at(uptimeMs)) return;
    this.#ms = ms;
    this.#since = uptimeMs;
  }
}

/**
 * For how long no server has run, ms. Nothing but the wall clock knows that: if it was plainly wrong then, or is now, or was set
 * back, the time is not counted, and a command waits for longer rather than shorter.
 */
export function pauseMs({ wall: then, now }: ServiceTime, wall: number): number {
  const today = now ?? wall;
  if (then === null || then < plausibleMs || today < plausibleMs) return 0;
  return Math.max(0, today - then);
}
