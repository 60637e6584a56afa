// Owns the definition of the states in a report: words in place of numbers, as `open`, `door=open`, `door:open` or in JSON
// `"open"` and `true`. Never reads a report itself.

import { fieldsMax, parseJson, valueAt, valuesIn } from "./json-in-messages.ts";
import { aloneName, behindKey, takesColon } from "./numbers-in-messages.ts";

/** A state begins with a letter, as no number, date or address does that is meant as one, and has up to 32 characters. */
const alone = /^\s*(\p{L}[^\s,;&|=:"'{}]{0,31})\s*$/u;
const pair =
  /(?:^|[\s,;&|])([^\s,;&|=:"'{}]{1,128})([=:])(\p{L}[^\s,;&|=:"'{}]{0,31})(?=$|[\s,;&|])/gu;
const wordInList = /\p{L}[^\s,;&|=:"'{}]{0,31}(?=$|[\s,;&|])/uy;
/** In JSON it may have spaces. */
const wordInJson = /^\p{L}[^\p{Cc}]{0,31}$/u;

/** All states in a message with their field names, which are those that numbers have. */
export function statesIn(message: string): [name: string, word: string][] {
  const whole = alone.exec(message)?.[1];
  if (whole !== undefined) return [[aloneName, whole]];
  const json = parseJson(message);
  if (json !== undefined) return valuesIn(json, stateOf);
  const found: [string, string][] = [];
  for (const [, name = "", sign, word = ""] of message.matchAll(pair)) {
    if (sign === ":" && !takesColon(name)) continue;
    found.push([name, word]);
    if (found.length >= fieldsMax) break;
  }
  return found;
}

/**
 * Makes a function that finds the state of one field in a message, undefined if there is none. It agrees with `statesIn`.
 * @param field a field name as `statesIn` returns it
 */
export function stateFinderOf(field: string): (message: string) => string | undefined {
  const path = field.split(".");
  const hasColon = takesColon(field);
  const isAlone = field === aloneName;
  return (message) => {
    const json = parseJson(message);
    if (json !== undefined) return valueAt(json, path, field, stateOf);
    const whole = isAlone ? alone.exec(message)?.[1] : undefined;
    return whole ?? wordOf(message, field, hasColon);
  };
}

/** The word of a key in a list. */
function wordOf(message: string, key: string, hasColon: boolean): string | undefined {
  for (
    let at = behindKey(message, key, hasColon, 0);
    at >= 0;
    at = behindKey(message, key, hasColon, at)
  ) {
    wordInList.lastIndex = at;
    const found = wordInList.exec(message);
    if (found !== null) return found[0];
  }
  return undefined;
}

function stateOf(value: unknown): string | undefined {
  if (typeof value === "boolean") return String(value);
  return typeof value === "string" && wordInJson.test(value) ? value : undefined;
}
