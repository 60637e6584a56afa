// Finds the word that was probably meant by a misspelled one, for errors. Knows no particular word.

/**
 * A sentence that names the nearest of some words, with a space at its end; empty if none is near.
 * @param word what was written
 * @param words all that could have been written; looked through, so at most a few hundred
 */
export function didYouMean(word: string, words: Iterable<string>): string {
  const near = nearest(word, words);
  return near === null ? "" : `Did you mean ${near}? `;
}

/** The nearest of some words, at most a third of its letters away and at most three; null if none is. */
export function nearest(word: string, words: Iterable<string>): string | null {
  // A long text is no misspelled word, and would take long to compare.
  if (word.length > 40) return null;
  let [best, distance]: [string | null, number] = [null, Number.POSITIVE_INFINITY];
  const wanted = word.toLowerCase();
  for (const each of words) {
    const away = distanceOf(wanted, each.toLowerCase());
    const allowed = Math.min(3, Math.max(1, Math.floor(each.length / 3)));
    if (away <= allowed && away < distance) [best, distance] = [each, away];
  }
  return best;
}

/** How many letters have to be put in, taken out, replaced or exchanged with their neighbour (optimal string alignment). */
function distanceOf(one: string, other: string): number {
  const width = other.length + 1;
  const cost = Array.from({ length: (one.length + 1) * width }, () => 0);
  const at = (i: number, j: number) => cost[i * width + j] as number;
  for (let i = 0; i <= one.length; i++) cost[i * width] = i;
  for (let j = 0; j < width; j++) cost[j] = j;
  for (let i = 1; i <= one.length; i++) {
    for (let j = 1; j < width; j++) {
      const isSame = one[i - 1] === other[j - 1];
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1));
      const isSwapped =
        i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) least = Math.min(least, at(i - 2, j - 2) + 1);
      cost[i * width + j] = least;
    }
  }
  return at(one.length, other.length);
}
