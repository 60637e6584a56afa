// Owns the search for the places at which times begin among reports whose times ascend, which looks up few of the times.
// Never reads a report itself.

/**
 * Searches ascending times for others.
 * @param timeAt the time of the report at an index, ms since 1970; NaN if it was removed
 * @param count how many reports there are
 * @param times ascending, ms since 1970
 * @returns for each of `times` the index of the first report that is not before it, `count` if there is none; null if a
 *   report that was looked up was removed, because the others then tell nothing
 */
export function firstsFrom(
  timeAt: (index: number) => number,
  count: number,
  times: Float64Array,
): number[] | null {
  const found: number[] = [];
  // The parts of a chart have about as many reports as the one before.
  let [before, low] = [0, 0];
  for (const time of times) {
    const first = firstFrom(timeAt, time, low, count, low - before);
    if (first === null) return null;
    [before, low] = [low, first];
    found.push(first);
  }
  return found;
}

/**
 * The index of the first report from `low` to below `high` whose time is not before `time`; `high` if there is none.
 * Searches outwards from the index that is expected: the better it is, the fewer times are looked up.
 * @param expected how many reports after `low` the result is expected
 */
function firstFrom(
  timeAt: (index: number) => number,
  time: number,
  low: number,
  high: number,
  expected: number,
): number | null {
  let [from, to, stride] = [low, high, 1];
  for (let guess = Math.min(from + expected, to - 1); from < to; stride *= 2) {
    const guessed = timeAt(guess);
    if (Number.isNaN(guessed)) return null;
    const isBelow = guessed < time;
    if (isBelow) from = guess + 1;
    else to = guess;
    // Doubles the distance from the last guess; bisects once the guess leaves the bounds.
    guess = isBelow ? from + stride - 1 : to - stride;
    if (guess < from || guess >= to) guess = (from + to) >>> 1;
  }
  return from;
}
