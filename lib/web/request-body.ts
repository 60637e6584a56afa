// Owns reading the body of a request: a small JSON object of texts, whole numbers, lists and maps of texts. Never accepts any
// other form.

import { isUtf8 } from "node:buffer";
import type { BodyForm, BodyOf } from "./api/forms.ts";
import { Problem } from "./problem.ts";

type PartSchema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: PartSchema;
  readonly additionalProperties?: PartSchema;
};

/**
 * Reads the body by its form.
 * @throws Problem `not-json`, `body-too-large`, `bad-body`
 */
export async function readBody<F extends BodyForm>(request: Request, form: F): Promise<BodyOf<F>> {
  const given = await readJson(request, form.bytesMax);
  const properties = (form.schema["properties"] ?? {}) as Readonly<Record<string, PartSchema>>;
  const required = (form.schema["required"] ?? []) as readonly string[];
  const names = new Set(Object.keys(given));
  for (const [name, schema] of Object.entries(properties)) {
    const isMissing = !names.delete(name);
    if (isMissing && !required.includes(name)) continue;
    if (!fits(given[name], schema)) throw new Problem("bad-body", form.wrong[name] ?? "");
  }
  if (names.size > 0 && form.unknown !== null) throw new Problem("bad-body", form.unknown);
  return given as BodyOf<F>;
}

function fits(value: unknown, schema: PartSchema): boolean {
  const { type, additionalProperties, pattern = "", maxLength = Infinity } = schema;
  if (type === "array") return Array.isArray(value) && isList(value, schema);
  if (type === "object")
    return isObject(value) && areAll(Object.values(value), additionalProperties);
  if (type === "integer") return Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof value !== "string" || value.length > maxLength) return false;
  return schema.enum?.includes(value) ?? new RegExp(pattern, "u").test(value);
}

function isList(values: readonly unknown[], schema: PartSchema): boolean {
  const { items, minItems = 0, maxItems = Infinity } = schema;
  return values.length >= minItems && values.length <= maxItems && areAll(values, items);
}

function areAll(values: readonly unknown[], schema: PartSchema = {}): boolean {
  return values.every((value) => fits(value, schema));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the body as a JSON object.
 * @throws Problem `not-json`, `body-too-large`, `bad-body`
 */
async function readJson(request: Request, bytesMax: number): Promise<Record<string, unknown>> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Problem("not-json", "Send a JSON object with content-type application/json.");
  }
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > bytesMax) {
    throw new Problem("body-too-large", `At most ${bytesMax} bytes.`);
  }
  // Read as far as it goes, it would mean something else than was sent.
  if (!isUtf8(bytes)) throw new Problem("bad-body", "The body is not UTF-8.");
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isObject(value)) return value;
  } catch {
    // Reported below.
  }
  throw new Problem("bad-body", "The body is not a JSON object.");
}
