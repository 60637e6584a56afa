// Finds the numbers of several fields in one pass over a message: for whoever looks at every report. Each number is the one that
// `numbers-in-messages` finds. Allocates nothing for a list.

import { parseJson } from "./json-in-messages.ts";
import {
  aloneName,
  finite,
  isSeparator,
  numberAfter,
  numberAt,
  plain,
  takesColon,
} from "./numbers-in-messages.ts";

/** Places of fields by `keyOf`, a power of two. */
const keys = 256;
const noPlaces: readonly number[] = [];

/** Finds the numbers of some fields in messages, each as its `finderOf` does. */
export class FieldNumbers {
  /** The places of the fields whose numbers are in the message that was read last: the first `count` of these, each once. */
  readonly found: Int32Array;
  count = 0;
  /** The numbers in that message, by the places of the fields; NaN for each that it has not. */
  readonly values: Float64Array;
  readonly #paths: readonly (readonly string[])[];
  /** The places of the fields whose names have the same key. */
  readonly #places: readonly (readonly number[])[];
  /** Whether a colon may follow the name. */
  readonly #hasColon: readonly boolean[];
  readonly #alone: number;

  /** @param fields names as `numbersIn` returns them, each once */
  constructor(readonly fields: readonly string[]) {
    this.values = new Float64Array(fields.length).fill(Number.NaN);
    this.found = new Int32Array(fields.length);
    this.#paths = fields.map((field) => field.split("."));
    const places = Array.from({ length: keys }, (): number[] => []);
    for (const [place, field] of fields.entries()) {
      places[keyOf(field.charCodeAt(0), field.length)]?.push(place);
    }
    this.#places = places;
    this.#hasColon = fields.map(takesColon);
    this.#alone = fields.indexOf(aloneName);
  }

  /** Reads a message; what it has is in `found` and `values` then. */
  read(message: string): void {
    for (let i = 0; i < this.count; i++) this.values[this.found[i] as number] = Number.NaN;
    this.count = 0;
    const json = parseJson(message);
    if (json !== undefined) return this.#readJson(json);
    if (!this.#readList(message) && this.#alone >= 0 && plain.test(message)) {
      this.#note(this.#alone, Number(message));
    }
    for (let i = 0; i < this.count; i++) {
      const place = this.found[i] as number;
      this.values[place] = finite(this.values[place] as number);
    }
  }

  #readJson(json: unknown): void {
    for (const [place, path] of this.#paths.entries()) {
      this.#note(place, numberAt(json, path, this.fields[place] as string));
    }
  }

  /** @returns whether the message may be a list */
  #readList(message: string): boolean {
    let [equals, colon] = [message.indexOf("="), message.indexOf(":")];
    if (equals < 0 && colon < 0) return false;
    while (equals >= 0 || colon >= 0) {
      const isColon = equals < 0 || (colon >= 0 && colon < equals);
      const sign = isColon ? colon : equals;
      this.#readPair(message, sign, isColon);
      if (isColon) colon = message.indexOf(":", sign + 1);
      else equals = message.indexOf("=", sign + 1);
    }
    return true;
  }

  #readPair(message: string, sign: number, isColon: boolean): void {
    let start = sign;
    while (start > 0 && !isSeparator(message.charCodeAt(start - 1))) start--;
    const place = this.#placeOf(message, start, sign);
    // Of a field that comes twice the first number counts, also one that is too large.
    if (place < 0 || !Number.isNaN(this.values[place])) return;
    if (isColon && this.#hasColon[place] !== true) return;
    this.#note(place, numberAfter(message, sign + 1));
  }

  /** The place of the field with this part of the message as its name; -1 if there is none. */
  #placeOf(message: string, start: number, end: number): number {
    const length = end - start;
    const places = this.#places[keyOf(message.charCodeAt(start), length)] ?? noPlaces;
    for (let i = 0; i < places.length; i++) {
      const name = this.fields[places[i] as number] as string;
      if (name.length === length && message.startsWith(name, start)) return places[i] as number;
    }
    return -1;
  }

  #note(place: number, value: number): void {
    if (Number.isNaN(value)) return;
    this.values[place] = value;
    this.found[this.count++] = place;
  }
}

/** Few names share one. */
function keyOf(firstCode: number, length: number): number {
  return (Math.imul(firstCode, 31) ^ length) & (keys - 1);
}
