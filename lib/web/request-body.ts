// Owns reading the body of a request: a small JSON object of texts. Never accepts any other form.

import type { BodyForm, BodyOf } from "./api/forms.ts";
import { Problem } from "./problem.ts";

/** Longest body of any request, in bytes. */
export const bodyBytesMax = 16_384;

type TextSchema = { readonly pattern?: string; readonly maxLength?: number };

/**
 * Reads the body by its form.
 * @throws Problem `not-json`, `body-too-large`, `bad-body`
 */
export async function readBody<F extends BodyForm>(request: Request, form: F): Promise<BodyOf<F>> {
  const given = await readJson(request);
  const properties = (form.schema["properties"] ?? {}) as Readonly<Record<string, TextSchema>>;
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

function fits(value: unknown, { pattern = "", maxLength = bodyBytesMax }: TextSchema): boolean {
  return (
    typeof value === "string" && value.length <= maxLength && new RegExp(pattern, "u").test(value)
  );
}

/**
 * Reads the body as a JSON object.
 * @throws Problem `not-json`, `body-too-large`, `bad-body`
 */
async function readJson(request: Request): Promise<Record<string, unknown>> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Problem("not-json", "Send a JSON object with content-type application/json.");
  }
  const text = await request.text();
  if (Buffer.byteLength(text) > bodyBytesMax) {
    throw new Problem("body-too-large", `At most ${bodyBytesMax} bytes.`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Reported below.
  }
  throw new Problem("bad-body", "The body is not a JSON object.");
}
