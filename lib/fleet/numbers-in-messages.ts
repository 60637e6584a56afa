// Owns the definition of the numbers in a report: its message is a single number, a list of `key=number` or `key:number`, or
// JSON; any other message has no numbers. Words are states (`states-in-messages`). Never reads a report itself.

import { fieldsMax, parseJson, valueAt, valuesIn } from "./json-in-messages.ts";

/** The field name of a number that is the whole message. */
export const aloneName = "value";

/** A message that is a single number. */
export const plain = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
/** A key and a number in a list, with an optional unit of up to 8 letters or signs. */
const pair =
  /(?:^|[\s,;&|])([^\s,;&|=:"'{}]{1,128})([=:])([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([%°A-Za-zµ²³/]{0,8})(?=$|[\s,;&|])/g;
/** A key that a colon may follow: not one that begins as a number, because `09:15` is a time. */
const colonKey = /^[^\s,;&|=:"'{}\d.+-][^\s,;&|=:"'{}]*$/;
const wholeNumber = /^[+-]?\d+$/;

const separator = /[\s,;&|]/;
/** All numbers in a message with their field names: `value`, the keys of a list, or the paths `a.b` of JSON. */
export function numbersIn(message: string): [name: string, value: number][] {
  if (plain.test(message)) {
    const value = Number(message);
    return Number.isFinite(value) ? [[aloneName, value]] : [];
  }
  const json = parseJson(message);
  if (json !== undefined) return valuesIn(json, numberOf);
  const found: [string, number][] = [];
  for (const [name, digits] of pairsIn(message)) {
    const value = Number(digits);
    if (Number.isFinite(value)) found.push([name, value]);
    if (found.length >= fieldsMax) break;
  }
  return found;
}

/** The pairs of a list: each key, number and unit as they are written. */
function* pairsIn(message: string): Generator<[name: string, digits: string, unit: string]> {
  for (const match of message.matchAll(pair)) {
    const [all, name = "", sign, digits = "", unit = ""] = match;
    if (sign === ":" && !takesColon(name)) continue;
    const isWhole = unit === "" && wholeNumber.test(digits);
    if (isWhole && isDecimalComma(message, match.index + all.length)) continue;
    yield [name, digits, unit];
  }
}

/** Whether `key:` with this key is the begin of a pair, as `key=` is with each key. */
export function takesColon(key: string): boolean {
  return colonKey.test(key);
}

/**
 * Whether there is a comma at a position, behind a whole number, that may be meant as a decimal point: `21,5` is neither 21
 * nor surely 21.5. In `1=20,2=21` the digit begins the next key.
 */
function isDecimalComma(message: string, at: number): boolean {
  if (message.charCodeAt(at) !== comma || !isDigit(message.charCodeAt(at + 1))) return false;
  let next = at + 2;
  while (next < message.length && !isSeparator(message.charCodeAt(next))) {
    if (message.charCodeAt(next++) === equalsSign) return false;
  }
  return true;
}

/** The unit behind the number of a field in a list, as `°C` in `temp=21.5°C`; null if there is none. */
export function unitIn(message: string, field: string): string | null {
  return unitsIn(message).get(field) ?? null;
}

/** The units behind the numbers of a list, by their fields; of a field that comes twice the first one. */
export function unitsIn(message: string): ReadonlyMap<string, string> {
  const units = new Map<string, string>();
  if (parseJson(message) !== undefined) return units;
  const seen = new Set<string>();
  for (const [name, , unit] of pairsIn(message)) {
    if (!seen.has(name) && unit !== "") units.set(name, unit);
    seen.add(name);
    if (seen.size >= fieldsMax) break;
  }
  return units;
}

/**
 * Makes a function that finds the number of one field in a message, NaN if there is none. It agrees with `numbersIn`.
 * @param field a field name as `numbersIn` returns it
 */
export function finderOf(field: string): (message: string) => number {
  const path = field.split(".");
  const hasColon = takesColon(field);
  const isAlone = field === aloneName;
  return (message) => {
    const json = parseJson(message);
    if (json !== undefined) return numberAt(json, path, field);
    if (isAlone && plain.test(message)) return finite(Number(message));
    return listNumber(message, field, hasColon);
  };
}

/** As `separator`. */
export function isSeparator(code: number): boolean {
  if (code < 0x80) {
    const isMark = code === 0x2c || code === 0x3b || code === 0x26 || code === 0x7c;
    return code === 0x20 || (code >= 9 && code <= 13) || isMark;
  }
  return separator.test(String.fromCharCode(code));
}

/** The number of a key in a list; NaN if there is none. @param hasColon whether a colon may follow the key */
function listNumber(message: string, key: string, hasColon: boolean): number {
  for (
    let at = behindKey(message, key, hasColon, 0);
    at >= 0;
    at = behindKey(message, key, hasColon, at)
  ) {
    const value = numberAfter(message, at);
    if (!Number.isNaN(value)) return finite(value);
  }
  return Number.NaN;
}

/**
 * The position behind the next `key=` of a list, or `key:`; -1 if there is none.
 * @param hasColon whether a colon may follow the key
 * @param from where the search begins: 0, or the position that was found before
 */
export function behindKey(message: string, key: string, hasColon: boolean, from: number): number {
  if (key === "") return -1;
  for (let at = message.indexOf(key, from); at >= 0; at = message.indexOf(key, at + 1)) {
    const sign = message.charCodeAt(at + key.length);
    if (sign !== equalsSign && !(hasColon && sign === colon)) continue;
    if (at === 0 || separator.test(message[at - 1] as string)) return at + key.length + 1;
  }
  return -1;
}

/**
 * The number at a position of a list, with an optional unit of up to 8 letters or signs behind it, up to the end of
 * the pair; NaN for anything else. It may be infinite.
 */
export function numberAfter(message: string, from: number): number {
  const { length } = message;
  const first = from < length ? message.charCodeAt(from) : 0;
  const begin = isSign(first) ? from + 1 : from;
  let at = begin;
  let decimals = -1;
  let mantissa = 0;
  // It never reads behind the end: that is many times slower.
  for (; at < length; at++) {
    const code = message.charCodeAt(at);
    if (isDigit(code)) {
      mantissa = mantissa * 10 + (code - zero);
      if (decimals >= 0) decimals++;
    } else if (code === point && decimals < 0) decimals = 0;
    else break;
  }
  const digits = decimals < 0 ? at - begin : at - begin - 1;
  if (digits === 0) return Number.NaN;
  const end = at < length ? behindExponent(message, at) : at;
  let unit = end;
  while (unit < length && unit - end < unitCharsMax && isUnit(message.charCodeAt(unit))) unit++;
  if (unit < length && !isSeparator(message.charCodeAt(unit))) return Number.NaN;
  if (unit === at && decimals < 0 && isDecimalComma(message, unit)) return Number.NaN;
  // Both numbers are exact, so their quotient is rounded as `Number` rounds the text.
  if (digits <= exactDigitsMax && end === at) {
    const size = decimals <= 0 ? mantissa : mantissa / (powersOfTen[decimals] as number);
    return first === minus ? -size : size;
  }
  return Number(message.slice(from, end));
}

const zero = 0x30;
const minus = 0x2d;
const [point, comma, colon, equalsSign] = [0x2e, 0x2c, 0x3a, 0x3d];
const unitCharsMax = 8;
/** An integer of so many digits is exact, and so is the power of ten of as many. */
const exactDigitsMax = 15;
const powersOfTen = Array.from({ length: exactDigitsMax + 1 }, (_, exponent) => 10 ** exponent);

function isSign(code: number): boolean {
  return code === 0x2b || code === minus;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Letters, and one of `%°µ²³/`. */
function isUnit(code: number): boolean {
  const letter = code | 0x20;
  if (letter >= 0x61 && letter <= 0x7a && code < 0x80) return true;
  return (
    code === 0x25 ||
    code === 0x2f ||
    code === 0xb0 ||
    code === 0xb5 ||
    code === 0xb2 ||
    code === 0xb3
  );
}

function behindDigits(message: string, from: number): number {
  let at = from;
  while (isDigit(message.charCodeAt(at))) at++;
  return at;
}

/** The position behind an exponent; the same without one. */
function behindExponent(message: string, from: number): number {
  if ((message.charCodeAt(from) | 0x20) !== 0x65) return from;
  const digits = isSign(message.charCodeAt(from + 1)) ? from + 2 : from + 1;
  const end = behindDigits(message, digits);
  return end === digits ? from : end;
}

/** @returns the value; NaN for one that is infinite */
export function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

/** The number at a path of JSON; NaN if there is none. @param path `field`, split */
export function numberAt(json: unknown, path: readonly string[], field: string): number {
  return valueAt(json, path, field, numberOf) ?? Number.NaN;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
