// Makes few points of many: buckets of equal width in time, each with its lowest, highest and mean, so that no spike is
// lost. Pure.

/** Readings in the order they were received; the first `length` count. */
export type Columns = {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly length: number;
};

export type Points = {
  readonly times: number[];
  readonly min: number[];
  readonly max: number[];
  readonly mean: number[];
  readonly count: number[];
};

/** Collects columns into points of a range. */
export class Decimation {
  readonly #width: number;
  readonly #firsts: Float64Array;
  readonly #mins: Float64Array;
  readonly #maxs: Float64Array;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  /**
   * @param from ms, the first that counts
   * @param to ms, the last that counts
   * @param points buckets at most
   */
  constructor(
    private readonly from: number,
    private readonly to: number,
    points: number,
  ) {
    this.#width = Math.max(1, (to - from + 1) / points);
    this.#firsts = new Float64Array(points);
    this.#mins = new Float64Array(points).fill(Number.POSITIVE_INFINITY);
    this.#maxs = new Float64Array(points).fill(Number.NEGATIVE_INFINITY);
    this.#sums = new Float64Array(points);
    this.#counts = new Float64Array(points);
  }

  add({ times, values, length }: Columns): void {
    const last = this.#counts.length - 1;
    for (let i = 0; i < length; i++) {
      const time = times[i] as number;
      if (time < this.from || time > this.to) continue;
      const value = values[i] as number;
      const bucket = Math.min(last, Math.floor((time - this.from) / this.#width));
      if (this.#counts[bucket] === 0) this.#firsts[bucket] = time;
      this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
      this.#sums[bucket] = (this.#sums[bucket] as number) + value;
      if (value < (this.#mins[bucket] as number)) this.#mins[bucket] = value;
      if (value > (this.#maxs[bucket] as number)) this.#maxs[bucket] = value;
    }
  }

  /** The buckets that have something in them, at the time of their first reading. */
  points(): Points {
    const points: Points = { times: [], min: [], max: [], mean: [], count: [] };
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      const count = this.#counts[bucket] as number;
      if (count === 0) continue;
      points.times.push(this.#firsts[bucket] as number);
      points.min.push(this.#mins[bucket] as number);
      points.max.push(this.#maxs[bucket] as number);
      points.mean.push((this.#sums[bucket] as number) / count);
      points.count.push(count);
    }
    return points;
  }
}

/** How many readings are in a range. */
export function countIn({ times, length }: Columns, from: number, to: number): number {
  let count = 0;
  for (let i = 0; i < length; i++) {
    const time = times[i] as number;
    if (time >= from && time <= to) count++;
  }
  return count;
}

/** Every reading of a range as a point of its own. */
export function pointsOfAll(parts: readonly Columns[], from: number, to: number): Points {
  const points: Points = { times: [], min: [], max: [], mean: [], count: [] };
  for (const { times, values, length } of parts) {
    for (let i = 0; i < length; i++) {
      const time = times[i] as number;
      if (time < from || time > to) continue;
      const value = values[i] as number;
      points.times.push(time);
      points.min.push(value);
      points.max.push(value);
      points.mean.push(value);
      points.count.push(1);
    }
  }
  return points;
}
