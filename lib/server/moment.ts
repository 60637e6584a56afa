// A reading of both clocks, which every call into the engine brings. Reads no clock itself.

/** A moment by both clocks. Tests and the simulation move them apart. */
export type Moment = {
  /**
   * The wall clock, ms since 1970: may be wrong and may jump at any moment. Only written down and shown, never subtracted
   * or compared.
   */
  readonly wall: number;
  /** The monotonic clock, ms since some start: for durations, deadlines, locks, repeats and rate limits. */
  readonly monotonic: number;
};
