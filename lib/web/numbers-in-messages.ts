// The numbers in a report: the message is a number, a `key=value` list, or JSON. What is none of these has none.

/** The name of a number that stands alone. */
export const aloneName = "value";

/** Fields shown of one message at most; names and depth are bounded too. */
const fieldsMax = 64;
const nameCharsMax = 128;
const depthMax = 6;

const plain = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
/** A key and a number in a list, with a unit of a few letters or signs behind it. */
const pair =
  /(?:^|[\s,;&|])([^\s,;&|=:"'{}]{1,128})=([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:[%°A-Za-zµ²³/]{0,8})(?=$|[\s,;&|])/g;

/** The number of a key and what may stand behind it, at a place. */
const valueForm =
  /([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:[%°A-Za-zµ²³/]{0,8})(?=$|[\s,;&|])/y;

/** All numbers of a message with their names: `value`, the keys of a list, the paths `a.b` of JSON. */
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

/**
 * A function that finds one field's number in messages, NaN where there is none; it agrees with `numbersIn`. Charts read
 * millions of messages through it, so what is usual has a way of its own.
 * @param field a name that `numbersIn` gives
 */
export function finderOf(field: string): (message: string) => number {
  const path = field.split(".");
  const listKey = `${field}=`;
  const objectKey = `${JSON.stringify(field)}:`;
  const alone = field === aloneName;
  return (message) => {
    const first = message.charCodeAt(0);
    if (first === 0x7b || first === 0x5b) {
      const quick = path.length === 1 ? flatNumber(message, objectKey) : null;
      if (quick !== null) return quick;
      const parsed = parseJson(message);
      if (parsed !== undefined) return numberAt(parsed, path, field);
    } else if (alone && plain.test(message)) {
      return finite(Number(message));
    }
    return listNumber(message, listKey);
  };
}

/** The number behind a key in a flat object in JSON without escapes; null where only a parser can tell. */
function flatNumber(message: string, key: string): number | null {
  const at = message.lastIndexOf(key);
  if (at < 0 || message.includes("{", 1) || message.includes("[") || message.includes("\\"))
    return null;
  if (message.charCodeAt(message.length - 1) !== 0x7d) return null;
  const number = digitsAt(message, at + key.length);
  return number !== number || !isEnd(message.charCodeAt(digitsEnd)) ? null : number;
}

/** The number of a key in a `key=value` list. */
function listNumber(message: string, key: string): number {
  for (let at = message.indexOf(key); at >= 0; at = message.indexOf(key, at + 1)) {
    if (at > 0 && !isSeparator(message.charCodeAt(at - 1))) continue;
    const start = at + key.length;
    const quick = digitsAt(message, start);
    const behind = digitsEnd >= message.length ? 0x20 : message.charCodeAt(digitsEnd);
    if (quick === quick && isSeparator(behind)) return quick;
    valueForm.lastIndex = start;
    const digits = valueForm.exec(message)?.[1];
    if (digits !== undefined) return finite(Number(digits));
  }
  return Number.NaN;
}

/** Where the digits that `digitsAt` read ended. */
let digitsEnd = 0;
const powersOfTen = Array.from({ length: 16 }, (_, i) => 10 ** i);

/** A decimal of at most 15 digits without an exponent: exact, as both parts are; NaN for all else. */
function digitsAt(text: string, start: number): number {
  let at = start;
  let code = text.charCodeAt(at);
  const negative = code === 0x2d;
  if (negative || code === 0x2b) code = text.charCodeAt(++at);
  let whole = 0;
  let digits = 0;
  let behindPoint = 0;
  for (; code >= 0x30 && code <= 0x39; code = text.charCodeAt(++at), digits++) {
    whole = whole * 10 + code - 0x30;
  }
  if (code === 0x2e && digits > 0) {
    code = text.charCodeAt(++at);
    for (; code >= 0x30 && code <= 0x39; code = text.charCodeAt(++at), behindPoint++) {
      whole = whole * 10 + code - 0x30;
    }
  }
  digitsEnd = at;
  if (digits === 0 || digits + behindPoint > 15) return Number.NaN;
  const value = whole / (powersOfTen[behindPoint] as number);
  return negative ? -value : value;
}

/** White space as the patterns have it, and `,` `;` `&` `|`. */
function isSeparator(code: number): boolean {
  if (code < 0x80) {
    return (
      code === 0x20 ||
      code === 0x2c ||
      code === 0x3b ||
      code === 0x26 ||
      code === 0x7c ||
      (code >= 0x09 && code <= 0x0d)
    );
  }
  return /\s/.test(String.fromCharCode(code));
}

/** What ends a number in an object in JSON. */
function isEnd(code: number): boolean {
  return code === 0x2c || code === 0x7d || code === 0x20;
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

/** The number at a path; a key may have dots in it. */
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

/** Whether a parsed object or array has this key; `length` is none. */
function isKeyOf(value: object, key: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}
