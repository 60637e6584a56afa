// Owns states as numbers: a code for each word, so that columns, cache and charts hold them as they hold numbers; and reading
// one field's states from the bytes of many messages. Never defines what a state is: `stateFinderOf` does.

import { stateFinderOf } from "../fleet/states-in-messages.ts";

const end = "\x1f";
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const wordsMax = 4_096;
/** In place of words when there are too many. */
const otherWord = "…";

/** Words with their codes; bounded. A code never changes its word. */
export class WordCodes {
  readonly #words = [otherWord];
  readonly #codes = new Map<string, number>();

  /** @param serial tells it from those before: their codes mean other words */
  constructor(readonly serial: number) {}

  get isFull(): boolean {
    return this.#words.length >= wordsMax;
  }

  /** The code of a word, a new one if it has none yet. */
  codeOf(word: string): number {
    const known = this.#codes.get(word);
    if (known !== undefined) return known;
    if (this.isFull) return 0;
    this.#codes.set(word, this.#words.length);
    return this.#words.push(word) - 1;
  }

  wordOf(code: number): string {
    return this.#words[code] ?? otherWord;
  }
}

/** Makes a function that finds the code of a field's state in a message, NaN if there is none. */
export function codeFinderOf(field: string, words: WordCodes): (message: string) => number {
  const find = stateFinderOf(field);
  return (message) => {
    const word = find(message);
    return word === undefined ? Number.NaN : words.codeOf(word);
  };
}

/** Makes a function that writes these codes of many messages, as `columnReaderOf` does numbers. */
export function wordColumnReaderOf(
  find: (message: string) => number,
): (bytes: Uint8Array, values: Float64Array) => number {
  return (bytes, values) => {
    const messages = decoder.decode(bytes).split(end);
    const count = messages.length - 1;
    for (let i = 0; i < count; i++) values[i] = find(messages[i] as string);
    return count;
  };
}
