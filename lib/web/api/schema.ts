// Owns how a shape of the HTTP interface is told: as a JSON Schema (as in OpenAPI 3.1) that carries the TypeScript type of
// its values, so that no type is written a second time. Never checks a value: the compiler and the tests do.

declare const told: unique symbol;

/** A JSON Schema of values of the type `Value`. */
export type Schema<Value = unknown> = {
  readonly [keyword: string]: unknown;
  readonly [told]?: Value;
};

/** The type of the values of a schema. */
export type Infer<S> = S extends { readonly [told]?: infer Value } ? Value : never;

type Properties = Readonly<Record<string, Schema>>;

export const text: Schema<string> = { type: "string" };
export const time: Schema<string> = { type: "string", format: "date-time" };
export const yes: Schema<boolean> = { type: "boolean" };
export const number: Schema<number> = { type: "number" };
export const amount: Schema<number> = { type: "number", minimum: 0 };
export const count: Schema<number> = { type: "integer", minimum: 0 };
export const anything: Schema<Readonly<Record<string, unknown>>> = { type: "object" };

/** One of some words; null can be one of them. */
export function word<const Words extends readonly (string | null)[]>(
  ...words: Words
): Schema<Words[number]> {
  return words.includes(null) ? { enum: words } : { type: "string", enum: words };
}

/** An array of values of a schema. */
export function listOf<Value>(items: Schema<Value>): Schema<readonly Value[]> {
  return { type: "array", items };
}

/** An object with any keys, and values of a schema. */
export function mapOf<Value>(values: Schema<Value>): Schema<Readonly<Record<string, Value>>> {
  return { type: "object", additionalProperties: values };
}

/** An array of exactly two values. */
export function pairOf<One, Other>(
  one: Schema<One>,
  other: Schema<Other>,
): Schema<readonly [One, Other]> {
  return { type: "array", prefixItems: [one, other], minItems: 2, maxItems: 2 };
}

/** A value of a schema, or null. */
export function orNull<Value>(schema: Schema<Value>): Schema<Value | null> {
  return { anyOf: [schema, { type: "null" }] };
}

/** An object with exactly these properties, all of them required. */
export function object<P extends Properties>(
  properties: P,
): Schema<{ readonly [Name in keyof P]: Infer<P[Name]> }> {
  return {
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** An object with none but these properties, each of which can be missing. */
export function options<P extends Properties>(
  properties: P,
): Schema<{ readonly [Name in keyof P]?: Infer<P[Name]> }> {
  return { type: "object", properties, additionalProperties: false };
}

/** An object with exactly these properties, of which the optional ones can be missing. */
export function objectWith<P extends Properties, O extends Properties>(
  properties: P,
  optional: O,
): Schema<
  { readonly [Name in keyof P]: Infer<P[Name]> } & { readonly [Name in keyof O]?: Infer<O[Name]> }
> {
  return {
    type: "object",
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** A schema with a description, in Markdown. */
export function about<Value>(schema: Schema<Value>, words: string): Schema<Value> {
  return { ...schema, description: words };
}
