// Owns the reduction of many readings to a few points: buckets of equal duration, each with minimum, maximum and mean, so
// that no spike is lost. Pure. Never reads a report: the caller tells which readings belong to which bucket.

/**
 * A device's reports in the order of their sequence numbers, with the value in each, NaN if it has none. Only the first
 * `length` elements of the arrays are used.
 */
export type Columns = {
  /** The sequence number of place 0. */
  readonly first: number;
  readonly places: Uint16Array;
  readonly values: Float64Array;
  readonly length: number;
};

/** The readings of one part of the range. */
export type Bucket = {
  /** The time of its first reading, ms since 1970; meaningless if it is empty. */
  time: number;
  min: number;
  max: number;
  sum: number;
  count: number;
  /** Its latest reading. */
  last: number;
};

/** Collects the readings of a range of time into buckets of equal duration. */
export class Decimation {
  readonly buckets: readonly Bucket[];
  count = 0;
  readonly #durationMs: number;

  /**
   * @param from ms since 1970
   * @param to ms since 1970, inclusive
   * @param parts how many buckets
   */
  constructor(
    private readonly from: number,
    to: number,
    parts: number,
  ) {
    this.#durationMs = (to - from + 1) / parts;
    this.buckets = Array.from({ length: parts }, () => ({
      time: Number.POSITIVE_INFINITY,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
      sum: 0,
      count: 0,
      last: Number.NaN,
    }));
  }

  /** The latest reading; NaN if there is none. */
  get last(): number {
    return this.buckets.findLast(({ count }) => count > 0)?.last ?? Number.NaN;
  }

  /** The range, ms since 1970: its first millisecond, and the one after it. */
  get bounds(): readonly [from: number, after: number] {
    return [this.beginOf(0), this.beginOf(this.buckets.length)];
  }

  /** The first millisecond of a bucket; for the bucket after the last one, that after the range. */
  beginOf(bucket: number): number {
    return Math.ceil(this.from + bucket * this.#durationMs);
  }

  /**
   * The index of the bucket that a time belongs to.
   * @param time ms since 1970, inside the range
   */
  bucketOf(time: number): number {
    let bucket = Math.floor((time - this.from) / this.#durationMs);
    // The division may have been rounded.
    while (time < this.beginOf(bucket)) bucket--;
    while (time >= this.beginOf(bucket + 1)) bucket++;
    return bucket;
  }

  /**
   * Adds consecutive readings that all belong to one bucket. Call it in the order of the reports.
   * @param begin the index of the first of them, which has a number
   * @param end the index after the last one
   * @param time when the first of them was measured, ms since 1970
   */
  add(bucketIndex: number, { values }: Columns, begin: number, end: number, time: number): void {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    let sum = 0;
    let last = 0;
    let count = 0;
    for (let at = begin; at < end; at++) {
      const value = values[at] as number;
      if (value !== value) continue;
      count++;
      sum += value;
      last = value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    const bucket = this.buckets[bucketIndex] as Bucket;
    bucket.time = Math.min(bucket.time, time);
    bucket.min = Math.min(bucket.min, min);
    bucket.max = Math.max(bucket.max, max);
    bucket.sum += sum;
    bucket.last = last;
    bucket.count += count;
    this.count += count;
  }
}

/** A reading as a bucket of its own. */
export function single(time: number, value: number): Bucket {
  return { time, min: value, max: value, sum: value, count: 1, last: value };
}

/** The index of the first reading from `begin` to below `end` that has a number; `end` if there is none. */
export function firstNumber({ values }: Columns, begin: number, end: number): number {
  let at = begin;
  while (at < end && Number.isNaN(values[at])) at++;
  return at;
}

/** Whether columns are of the same reports. */
export function haveSamePlaces(one: Columns, other: Columns): boolean {
  if (one === other) return true;
  if (one.length !== other.length || one.first !== other.first) return false;
  for (let i = 0; i < one.length; i++) if (one.places[i] !== other.places[i]) return false;
  return true;
}

/** The index of the first of the first `length` places that is not lower than `place`; `length` if there is none. */
export function firstAtOrAbove(places: Uint16Array, length: number, place: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] as number) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
