// The places of waiting reports: a set in order, compared with an array, whatever is added and removed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { PlaceRuns } from "../../lib/io/place-runs.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test.each([1, 2, 3, 4])("it is the same as a sorted array, seed %d", (seed) => {
  const random = new SeededRandom(seed);
  const runs = new PlaceRuns();
  let all: number[] = [];
  let last = 0;
  for (let step = 0; step < 3_000; step++) {
    const draw = random.below(100);
    if (draw < 50) {
      last += 1 + random.below(3) * random.below(2);
      runs.add(last);
      all.push(last);
    } else if (draw < 99) {
      const place = random.below(last + 2);
      runs.remove(place);
      all = all.filter((other) => other !== place);
    } else {
      runs.clear();
      all = [];
    }
    const from = random.below(last + 2);
    const count = random.below(5);
    const wanted = all.filter((place) => place > from).slice(0, count);
    expect([runs.size, runs.after(from, count)]).toEqual([all.length, wanted]);
  }
});
