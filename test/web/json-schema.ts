// A small validator for the subset of JSON Schema that the API's document uses; it refuses keywords it does not know.

export type Schema = Readonly<Record<string, unknown>>;

const known = [
  "type",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "enum",
  "anyOf",
  "$ref",
  "format",
  "pattern",
  "maxLength",
  "prefixItems",
  "minItems",
  "maxItems",
  "description",
  "default",
  "minimum",
  "maximum",
];

/**
 * Validates a value.
 * @param root the document that `$ref` points into
 * @returns what is wrong, place by place; empty for a valid value
 */
export function errorsIn(value: unknown, schema: Schema, root: Schema, at = "$"): string[] {
  for (const word of Object.keys(schema)) {
    if (!known.includes(word)) return [`${at}: the validator does not know ${word}`];
  }
  const { $ref, anyOf } = schema;
  if (typeof $ref === "string") return errorsIn(value, resolve($ref, root), root, at);
  if (Array.isArray(anyOf)) {
    const fits = (anyOf as Schema[]).some((one) => errorsIn(value, one, root, at).length === 0);
    return fits ? [] : [`${at}: ${JSON.stringify(value)} fits none of anyOf`];
  }
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value)) {
    return [`${at}: ${JSON.stringify(value)} is none of ${JSON.stringify(schema["enum"])}`];
  }
  switch (schema["type"]) {
    case "object":
      return objectErrors(value, schema, root, at);
    case "array":
      return arrayErrors(value, schema, root, at);
    case "string":
      return textErrors(value, schema, at);
    case "integer":
    case "number":
      return numberErrors(value, schema, at);
    case "boolean":
      return typeof value === "boolean" ? [] : [`${at} is no boolean`];
    case "null":
      return value === null ? [] : [`${at} is not null`];
    default:
      return [];
  }
}

function objectErrors(value: unknown, schema: Schema, root: Schema, at: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [`${at} is no object`];
  const properties = (schema["properties"] ?? {}) as Record<string, Schema>;
  const required = (schema["required"] ?? []) as string[];
  const errors = required
    .filter((name) => !(name in value))
    .map((name) => `${at}.${name} is missing`);
  for (const [name, inner] of Object.entries(value)) {
    const own = properties[name];
    if (own !== undefined) errors.push(...errorsIn(inner, own, root, `${at}.${name}`));
    else if (schema["additionalProperties"] === false) errors.push(`${at}.${name} is unknown`);
    else if (typeof schema["additionalProperties"] === "object") {
      const other = schema["additionalProperties"] as Schema;
      errors.push(...errorsIn(inner, other, root, `${at}.${name}`));
    }
  }
  return errors;
}

function arrayErrors(value: unknown, schema: Schema, root: Schema, at: string): string[] {
  if (!Array.isArray(value)) return [`${at} is no array`];
  const { prefixItems, items = {}, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (value.length < (minItems as number)) return [`${at} is too short`];
  if (value.length > (maxItems as number)) return [`${at} is too long`];
  const first = (prefixItems ?? []) as readonly Schema[];
  return value.flatMap((item, i) =>
    errorsIn(item, first[i] ?? (items as Schema), root, `${at}[${i}]`),
  );
}

function textErrors(value: unknown, schema: Schema, at: string): string[] {
  if (typeof value !== "string") return [`${at} is no text`];
  const { pattern, format, maxLength } = schema;
  if (typeof maxLength === "number" && value.length > maxLength) return [`${at} is too long`];
  if (typeof pattern === "string" && !new RegExp(pattern).test(value)) return [`${at}: ${value}`];
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
  return format === "date-time" && !isTime ? [`${at}: ${value} is no time`] : [];
}

function numberErrors(value: unknown, schema: Schema, at: string): string[] {
  if (typeof value !== "number") return [`${at} is no number`];
  const { type, minimum, maximum } = schema;
  if (type === "integer" && !Number.isInteger(value)) return [`${at}: ${value} is not whole`];
  if (typeof minimum === "number" && value < minimum) return [`${at}: ${value} is too low`];
  return typeof maximum === "number" && value > maximum ? [`${at}: ${value} is too high`] : [];
}

function resolve(reference: string, root: Schema): Schema {
  let at: unknown = root;
  for (const word of reference.replace(/^#\//, "").split("/")) at = (at as Schema)[word];
  if (typeof at !== "object" || at === null) throw new Error(`${reference} leads nowhere`);
  return at as Schema;
}
