// Owns finding where the parts of a chart begin among the readings of one chunk. Where their times ascend, few of them
// are looked up; else all are. Never reads a report itself.

import type { Columns, Decimation } from "./decimation.ts";
import type { Slice } from "./slice.ts";

/** The readings of one chunk and how their times are found. */
export type TimedColumns = {
  readonly columns: Columns;
  /** The time of the reading at an index, ms since 1970; NaN if its report was removed. */
  readonly timeAt: (index: number) => number;
  /** Whether these times ascend. */
  readonly isOrdered: boolean;
};

/**
 * The indexes of the readings whose times are in a range: from the first to below the second value, if the times ascend;
 * else all.
 */
export function indexesIn(
  { columns, timeAt, isOrdered }: TimedColumns,
  from: number,
  to: number,
): [begin: number, end: number] {
  const { length } = columns;
  if (!isOrdered) return [0, length];
  const begin = firstFrom(timeAt, from, 0, length, 0);
  return [begin, firstFrom(timeAt, to + 1, begin, length, length - begin)];
}

/** Adds the readings with the indexes from `begin` to below `end` to their buckets, if their times are in the range. */
export async function addTo(
  decimation: Decimation,
  timed: TimedColumns,
  begin: number,
  end: number,
  slice: Slice,
): Promise<void> {
  const { columns, timeAt, isOrdered } = timed;
  const [from, after] = [decimation.beginOf(0), decimation.beginOf(decimation.buckets.length)];
  let length = 1;
  for (let at = begin; at < end; at += length) {
    const time = timeAt(at);
    length = isOrdered ? Math.max(1, length) : 1;
    if (!(time >= from && time < after)) {
      length = 1;
      continue;
    }
    const bucket = decimation.bucketOf(time);
    if (isOrdered) {
      // The parts of a chart have about as many readings as the one before.
      const next = firstFrom(timeAt, decimation.beginOf(bucket + 1), at + 1, end, length - 1);
      length = next - at;
    }
    decimation.add(bucket, columns, at, at + length, timeAt);
    if (isOrdered || at % 4_096 === 0) await slice.breathe();
  }
}

/**
 * The index of the first reading from `low` on whose time is not before `time`; `high` if there is none. Searches
 * outwards from the index that is expected: the better it is, the fewer times are looked up.
 * @param expected how many readings after `low` the result is expected
 */
function firstFrom(
  timeAt: (index: number) => number,
  time: number,
  low: number,
  high: number,
  expected: number,
): number {
  let [from, to, stride] = [low, high, 1];
  for (let guess = Math.min(from + expected, to - 1); from < to; stride *= 2) {
    const isBelow = timeAt(guess) < time;
    if (isBelow) from = guess + 1;
    else to = guess;
    // Doubles the distance from the last guess; bisects once the guess leaves the bounds.
    guess = isBelow ? from + stride - 1 : to - stride;
    if (guess < from || guess >= to) guess = (from + to) >>> 1;
  }
  return from;
}
