// Owns the reduction of many states to a few points: buckets of equal duration, each with its first state and how often the
// state changed up to the next one, so that no change is lost. Pure.

import { type Bucket, type Columns, Decimation } from "./decimation.ts";
import type { WordCodes } from "./word-column.ts";

/** How many different words a chart has; further ones are one. */
const wordsMax = 64;

export type StatePoints = {
  readonly words: string[];
  readonly times: number[];
  readonly state: number[];
  readonly changes: number[];
};

/** Collects the codes of states. */
export class StateDecimation extends Decimation {
  readonly #firsts = new Map<Bucket, { code: number; changes: number }>();

  override add(index: number, columns: Columns, begin: number, end: number, time: number): void {
    const bucket = this.buckets[index] as Bucket;
    const known = this.#firsts.get(bucket);
    const first = columns.values[begin] as number;
    let before = known === undefined ? first : bucket.last;
    let changes = known?.changes ?? 0;
    for (let at = begin; at < end; at++) {
      const code = columns.values[at] as number;
      if (code !== code || code === before) continue;
      changes++;
      before = code;
    }
    this.#firsts.set(bucket, { code: known?.code ?? first, changes });
    super.add(index, columns, begin, end, time);
  }

  /** The points for buckets of this decimation that are not empty, or for single states. */
  pointsOf(buckets: readonly Bucket[], codes: WordCodes): StatePoints {
    const points: StatePoints = { words: [], times: [], state: [], changes: [] };
    const places = new Map<number, number>();
    let before = Number.NaN;
    for (const bucket of buckets) {
      if (bucket.count === 0) continue;
      const { code, changes } = this.#firsts.get(bucket) ?? { code: bucket.last, changes: 0 };
      const place = points.changes.length - 1;
      if (place >= 0 && code !== before) points.changes[place]! += 1;
      before = bucket.last;
      points.times.push(bucket.time);
      points.state.push(placeOf(code, codes, places, points.words));
      points.changes.push(changes);
    }
    return points;
  }
}

/** The place of a word in a list, to which it is added if there is room. */
function placeOf(
  code: number,
  codes: WordCodes,
  places: Map<number, number>,
  words: string[],
): number {
  const known = places.get(code);
  if (known !== undefined) return known;
  const isFull = words.length >= wordsMax - 1;
  const word = isFull ? codes.wordOf(0) : codes.wordOf(code);
  const found = words.indexOf(word);
  const place = found >= 0 ? found : words.push(word) - 1;
  if (!isFull) places.set(code, place);
  return place;
}
