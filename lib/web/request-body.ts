// Owns reading the body of a request: a small JSON object. Never accepts any other form.

import { Problem } from "./problem.ts";

/** Longest body of any request, in bytes. */
export const bodyBytesMax = 16_384;

/**
 * Reads the body as a JSON object.
 * @throws Problem `not-json`, `body-too-large`, `bad-body`
 */
export async function readJson(request: Request): Promise<Record<string, unknown>> {
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
