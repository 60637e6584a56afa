// Owns the reduction of many readings to a few points: buckets, each with minimum, maximum and mean, so that no spike
// is lost. Pure. Never knows the time of a report: it works on sequence numbers, and the caller maps them to times.

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

/** The readings between two borders. */
export type Bucket = {
  /** The sequence number of its first reading; -1 if it is empty. */
  first: number;
  min: number;
  max: number;
  sum: number;
  count: number;
};

/** Collects the readings between the first and the last border into buckets. */
export class Decimation {
  /** One bucket between each two neighbouring borders. */
  readonly buckets: readonly Bucket[];
  count = 0;
  /** The latest reading; NaN if there is none yet. */
  last = Number.NaN;

  /** @param borders sequence numbers, ascending: a bucket has the reports from one border to below the next */
  constructor(private readonly borders: Float64Array) {
    this.buckets = Array.from({ length: borders.length - 1 }, () => ({
      first: -1,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
      sum: 0,
      count: 0,
    }));
  }

  /** Adds those of some readings that are between the borders. Call it in the order of the reports. */
  add({ first, places, values, length }: Columns): void {
    const { borders, buckets } = this;
    let at = firstAtOrAbove(places, length, (borders[0] as number) - first);
    for (
      let i = bucketOf(borders, first + (places[at] ?? 0));
      i < buckets.length && at < length;
      i++
    ) {
      const end = (borders[i + 1] as number) - first;
      let min = Number.POSITIVE_INFINITY;
      let max = Number.NEGATIVE_INFINITY;
      let sum = 0;
      let last = 0;
      let count = 0;
      let began = at;
      for (; at < length && (places[at] as number) < end; at++) {
        const value = values[at] as number;
        if (value !== value) continue;
        if (count++ === 0) began = at;
        sum += value;
        last = value;
        if (value < min) min = value;
        if (value > max) max = value;
      }
      if (count === 0) continue;
      const bucket = buckets[i] as Bucket;
      if (bucket.count === 0) bucket.first = first + (places[began] as number);
      bucket.min = Math.min(bucket.min, min);
      bucket.max = Math.max(bucket.max, max);
      bucket.sum += sum;
      this.last = last;
      bucket.count += count;
      this.count += count;
    }
  }
}

/** The readings from sequence number `low` to below `high`, each in a bucket of its own. */
export function readingsBetween(columns: Columns, low: number, high: number): Bucket[] {
  const { first, places, values, length } = columns;
  const buckets: Bucket[] = [];
  for (let at = firstAtOrAbove(places, length, low - first); at < length; at++) {
    const [number, value] = [first + (places[at] as number), values[at] as number];
    if (number >= high) break;
    if (value !== value) continue;
    buckets.push({ first: number, min: value, max: value, sum: value, count: 1 });
  }
  return buckets;
}

/** The index of the bucket that contains a sequence number; 0 if it is below all borders. */
function bucketOf(borders: Float64Array, number: number): number {
  let low = 0;
  let high = borders.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((borders[middle] as number) <= number) low = middle;
    else high = middle;
  }
  return low;
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
