// A histogram of durations in fixed buckets, usually two for each doubling, from 8 µs to 33 s. An observation costs one
// logarithm and an addition, and allocates nothing.

export class Histogram {
  /** Upper bounds in seconds. Longer durations have one more bucket after these. */
  readonly bounds: readonly number[];
  /** Observations of each bucket, not cumulative. */
  readonly counts: Float64Array;
  /** The sum of all observations, in seconds. */
  sum = 0;

  /** @param octaves how often the first bound is doubled, each time in so many steps */
  constructor(
    private readonly firstSeconds = 8e-6,
    private readonly stepsPerOctave = 2,
    octaves = 22,
  ) {
    this.bounds = Array.from({ length: octaves * stepsPerOctave + 1 }, (_, i) =>
      Number((firstSeconds * 2 ** (i / stepsPerOctave)).toPrecision(3)),
    );
    this.counts = new Float64Array(this.bounds.length + 1);
  }

  /**
   * Adds a duration.
   * @param seconds 0 or more
   * @param times how many observations had this duration
   */
  observe(seconds: number, times = 1): void {
    const { bounds, firstSeconds, stepsPerOctave } = this;
    let bucket = Math.ceil(Math.log2(seconds / firstSeconds) * stepsPerOctave);
    if (!(bucket > 0)) bucket = 0;
    else if (bucket > bounds.length) bucket = bounds.length;
    // The bounds are rounded to three digits, so the logarithm may be off by one bucket.
    if (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++;
    else if (bucket > 0 && seconds <= (bounds[bucket - 1] as number)) bucket--;
    this.counts[bucket] = (this.counts[bucket] as number) + times;
    this.sum += seconds * times;
  }
}
