// A histogram of durations in fixed buckets, two to an octave from 8 µs to 33 s. Made once; an observation costs a
// logarithm and an addition.

const firstSeconds = 8e-6;
const stepsPerOctave = 2;
const octaves = 22;

/** Upper bounds in seconds; what is above the last one has a bucket of its own behind them. */
const bounds: readonly number[] = Array.from({ length: octaves * stepsPerOctave + 1 }, (_, i) =>
  Number((firstSeconds * 2 ** (i / stepsPerOctave)).toPrecision(3)),
);

export class Histogram {
  readonly bounds = bounds;
  /** Observations by bucket, not added up. */
  readonly counts = new Float64Array(bounds.length + 1);
  /** Of all observations, in seconds. */
  sum = 0;

  /**
   * Notes a duration.
   * @param seconds from 0 on
   * @param times how many had it
   */
  observe(seconds: number, times = 1): void {
    let bucket = Math.ceil(Math.log2(seconds / firstSeconds) * stepsPerOctave);
    if (!(bucket > 0)) bucket = 0;
    else if (bucket > bounds.length) bucket = bounds.length;
    // The bounds are rounded: one step decides.
    if (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++;
    else if (bucket > 0 && seconds <= (bounds[bucket - 1] as number)) bucket--;
    this.counts[bucket] = (this.counts[bucket] as number) + times;
    this.sum += seconds * times;
  }
}
