// Owns the definition of the numbers in a report: its message is a single number, a `key=value` list, or JSON; any
// other message has no numbers. Never reads a report itself.

/** The field name of a number that is the whole message. */
export const aloneName = "value";

/** Limits: fields per message, characters per name, depth of JSON. */
const fieldsMax = 64;
const nameCharsMax = 128;
const depthMax = 6;

const plain = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
/** A key and a number in a list, with an optional unit of up to 8 letters or signs. */
const pair =
  /(?:^|[\s,;&|])([^\s,;&|=:"'{}]{1,128})=([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([%°A-Za-zµ²³/]{0,8})(?=$|[\s,;&|])/g;

const separator = /[\s,;&|]/;
/** The same without the key, at a position: the number, an optional unit, and the end of the pair. */
const valueForm =
  /([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:[%°A-Za-zµ²³/]{0,8})(?=$|[\s,;&|])/y;

/** All numbers in a message with their field names: `value`, the keys of a list, or the paths `a.b` of JSON. */
export function numbersIn(message: string): [name: string, value: number][] {
  if (plain.test(message)) {
    const value = Number(message);
    return Number.isFinite(value) ? [[aloneName, value]] : [];
  }
  const found: [string, number][] = [];
  const parsed = parseJson(message);
  if (parsed !== undefined) {
    collect(parsed, "", depthMax, found);
    return found;
  }
  for (const [, name, digits] of message.matchAll(pair)) {
    const value = Number(digits);
    if (Number.isFinite(value)) found.push([name as string, value]);
    if (found.length >= fieldsMax) break;
  }
  return found;
}

/** The unit behind the number of a field in a `key=value` list, as `°C` in `temp=21.5°C`; null if there is none. */
export function unitIn(message: string, field: string): string | null {
  return unitsIn(message).get(field) ?? null;
}

/** The units behind the numbers of a `key=value` list, by their fields; of a field that comes twice the first one. */
export function unitsIn(message: string): ReadonlyMap<string, string> {
  const units = new Map<string, string>();
  if (parseJson(message) !== undefined) return units;
  const seen = new Set<string>();
  for (const [, name = "", , unit = ""] of message.matchAll(pair)) {
    if (!seen.has(name) && unit !== "") units.set(name, unit);
    seen.add(name);
    if (seen.size >= fieldsMax) break;
  }
  return units;
}

/** A message that is looked through for several fields: its JSON is parsed once. */
export type ReadMessage = {
  readonly text: string;
  /** The object or array that it is in JSON; undefined for anything else. */
  readonly json: unknown;
};

/** Reads a message for `numberFinderOf`. */
export function readMessage(text: string): ReadMessage {
  return { text, json: parseJson(text) };
}

/**
 * Makes a function that finds the number of one field in a message, NaN if there is none. It agrees with `numbersIn`.
 * @param field a field name as `numbersIn` returns it
 */
export function numberFinderOf(field: string): (message: ReadMessage) => number {
  const path = field.split(".");
  const listKey = `${field}=`;
  const isAlone = field === aloneName;
  return ({ text, json }) => {
    if (json !== undefined) return numberAt(json, path, field);
    if (isAlone && plain.test(text)) return finite(Number(text));
    return listNumber(text, listKey);
  };
}

/** The same for messages that are looked through for this field only. */
export function finderOf(field: string): (message: string) => number {
  const find = numberFinderOf(field);
  return (message) => find(readMessage(message));
}

/** The number of a key in a `key=value` list; NaN if there is none. `key` includes the `=`. */
function listNumber(message: string, key: string): number {
  for (let at = message.indexOf(key); at >= 0; at = message.indexOf(key, at + 1)) {
    if (at > 0 && !separator.test(message[at - 1] as string)) continue;
    valueForm.lastIndex = at + key.length;
    const digits = valueForm.exec(message)?.[1];
    if (digits !== undefined) return finite(Number(digits));
  }
  return Number.NaN;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

/** An object or array in JSON; undefined for anything else. */
function parseJson(message: string): unknown {
  const first = message.charCodeAt(0);
  if (first !== 0x7b && first !== 0x5b) return undefined;
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

function collect(value: unknown, name: string, depth: number, found: [string, number][]): void {
  if (found.length >= fieldsMax || name.length > nameCharsMax) return;
  if (typeof value === "number" && Number.isFinite(value)) {
    found.push([name, value]);
  } else if (typeof value === "object" && value !== null && depth > 0) {
    for (const [key, inner] of Object.entries(value)) {
      collect(inner, name === "" ? key : `${name}.${key}`, depth - 1, found);
    }
  }
}

/** The number at a path of JSON; NaN if there is none. A key may contain dots itself. */
function numberAt(value: unknown, path: readonly string[], field: string): number {
  let at = value;
  for (const [depth, key] of path.entries()) {
    if (typeof at !== "object" || at === null) return Number.NaN;
    const rest = path.slice(depth).join(".");
    if (depth < path.length - 1 && isKeyOf(at, rest)) {
      const whole = (at as Record<string, unknown>)[rest];
      if (typeof whole === "number") return finite(whole);
    }
    at = isKeyOf(at, key) ? (at as Record<string, unknown>)[key] : undefined;
  }
  return typeof at === "number" && field !== "" ? finite(at) : Number.NaN;
}

/** Whether a parsed object or array has this key as its own; the `length` of an array does not count. */
function isKeyOf(value: object, key: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}
