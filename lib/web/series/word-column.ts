// Owns states as numbers: a code for each word, so that columns, cache and charts hold them as they hold numbers; and reading
// one field's states from the bytes of many messages. Handles the usual forms and words itself. Never defines what a state is:
// `stateFinderOf` does, and other messages are passed to it.

import { aloneName, takesColon } from "../../fleet/numbers-in-messages.ts";
import { stateFinderOf } from "../../fleet/states-in-messages.ts";
import {
  colon,
  decoder,
  encoder,
  end,
  equalsSign,
  isAt,
  isLetter,
  isSeparator,
  openBrace,
  openBracket,
} from "./message-bytes.ts";

const wordsMax = 4_096;
const wordOfList = /^[^\s,;&|=:"'{}]+$/;
/** Of a field, so many words are found by their bytes. */
const recentMax = 16;
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

/** In place of a position: the message has no state of the field; only the finder can tell whether it has. */
const [nowhere, unsure] = [-1, -2] as const;

/** A word as bytes, with its code. */
type Recent = { readonly bytes: Uint8Array; readonly code: number };

/** Makes a function that writes the codes of a field in many messages, as `columnReaderOf` does numbers. */
export function wordColumnReaderOf(
  field: string,
  words: WordCodes,
): (bytes: Uint8Array, values: Float64Array) => number {
  const find = codeFinderOf(field, words);
  const isAlone = field === aloneName;
  const placeOf = isAlone ? beginOf : placeFinderOf(field);
  let recent: readonly Recent[] = [];
  const learn = (code: number) => {
    if (!(code > 0) || recent.some((one) => one.code === code)) return;
    const word = words.wordOf(code);
    // One of JSON with a space is another one in a list.
    if (!wordOfList.test(word)) return;
    recent = [{ bytes: encoder.encode(word), code }, ...recent].slice(0, recentMax);
  };
  return (bytes, values) => {
    const { length } = bytes;
    let count = 0;
    for (let start = 0, at = 0; start < length; start = at + 1) {
      const place = placeOf(bytes, start);
      let code = place === nowhere ? Number.NaN : -1;
      if (place >= 0) code = codeAt(bytes, place, recent, isAlone);
      at = Math.max(start, place);
      for (let byte = bytes[at]; byte !== end; byte = bytes[++at]);
      if (code < 0) {
        code = find(decoder.decode(bytes.subarray(start, at)));
        learn(code);
      }
      values[count++] = code;
    }
    return count;
  };
}

/**
 * The code of the recent word at a position; -1 if it is none of them.
 * @param isAlone whether the message ends behind it, else its pair
 */
function codeAt(
  bytes: Uint8Array,
  at: number,
  recent: readonly Recent[],
  isAlone: boolean,
): number {
  const first = bytes[at];
  for (const { bytes: word, code } of recent) {
    if (first !== word[0] || !isAt(bytes, at, word)) continue;
    const behind = bytes[at + word.length] as number;
    if (behind === end || (!isAlone && isSeparator(behind))) return code;
  }
  return -1;
}

/** Where a state may begin that is the whole message. */
function beginOf(bytes: Uint8Array, start: number): number {
  return isLetter(bytes[start] as number) ? start : unsure;
}

/** Makes a function that finds where the state of a field in a message may begin. */
function placeFinderOf(field: string): (bytes: Uint8Array, start: number) => number {
  const key = encoder.encode(field);
  const keyStart = key[0];
  const hasColon = takesColon(field);
  return (bytes, start) => {
    let byte = bytes[start] as number;
    if (byte === openBrace || byte === openBracket) return unsure;
    let at = start;
    for (let before = 0x20; byte !== end; before = byte, byte = bytes[++at] as number) {
      if (byte !== keyStart || !isAt(bytes, at, key)) continue;
      const sign = bytes[at + key.length];
      if (sign !== equalsSign && !(hasColon && sign === colon)) continue;
      // The byte before may be the end of a non-ASCII white space character, which is a separator too.
      if (before >= 0x80) return unsure;
      if (before !== 0x20 && !isSeparator(before)) continue;
      const place = at + key.length + 1;
      // A word begins with a letter; of a pair with anything else the next one of this key counts.
      if (isLetter(bytes[place] as number)) return place;
      if ((bytes[place] as number) >= 0x80) return unsure;
    }
    return nowhere;
  };
}
