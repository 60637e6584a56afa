// Owns how the values in a message in JSON are named: by their paths `a.b`. Never decides which of them count.

/** Limits: fields per message, characters per name, depth of JSON. */
export const fieldsMax = 64;
const nameCharsMax = 128;
const depthMax = 6;

/** The value if it counts, undefined if not. */
export type Take<Value> = (value: unknown) => Value | undefined;

/** An object or array in JSON; undefined for anything else. */
export function parseJson(message: string): unknown {
  const first = message.charCodeAt(0);
  if (first !== 0x7b && first !== 0x5b) return undefined;
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

/** The values that count, with their paths. @param take never takes an object */
export function valuesIn<Value>(json: unknown, take: Take<Value>): [name: string, value: Value][] {
  const found: [string, Value][] = [];
  collect(json, "", depthMax, take, found);
  return found;
}

function collect<Value>(
  value: unknown,
  name: string,
  depth: number,
  take: Take<Value>,
  found: [string, Value][],
): void {
  if (found.length >= fieldsMax || name.length > nameCharsMax) return;
  const taken = take(value);
  if (taken !== undefined) {
    found.push([name, taken]);
  } else if (typeof value === "object" && value !== null && depth > 0) {
    for (const [key, inner] of Object.entries(value)) {
      collect(inner, name === "" ? key : `${name}.${key}`, depth - 1, take, found);
    }
  }
}

/** The value at a path, undefined if there is none that counts. A key may contain dots itself. @param path `field`, split */
export function valueAt<Value>(
  json: unknown,
  path: readonly string[],
  field: string,
  take: Take<Value>,
): Value | undefined {
  let at = json;
  for (const [depth, key] of path.entries()) {
    if (typeof at !== "object" || at === null) return undefined;
    const rest = path.slice(depth).join(".");
    if (depth < path.length - 1 && isKeyOf(at, rest)) {
      const whole = take((at as Record<string, unknown>)[rest]);
      if (whole !== undefined) return whole;
    }
    at = isKeyOf(at, key) ? (at as Record<string, unknown>)[key] : undefined;
  }
  return field === "" ? undefined : take(at);
}

/** Whether a parsed object or array has this key as its own; the `length` of an array does not count. */
function isKeyOf(value: object, key: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}
