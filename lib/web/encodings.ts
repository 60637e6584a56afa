// Owns the choice of a content encoding by what a client accepts, and the compression of answers. Never compresses a stream.

import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** The encodings there are, the best first. */
export const encodings = ["br", "gzip"] as const;
export type Encoding = (typeof encodings)[number];

const compress = promisify(gzip);
/** A shorter text would gain nothing. */
const compressedMin = 1_000;
/** Fast: a tenth longer than the best, in a quarter of its time. */
const level = 4;

/** Whether an `Accept-Encoding` header accepts an encoding. */
export function accepts(header: string | null, wanted: Encoding): boolean {
  for (const part of (header ?? "").toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((word) => word.trim());
    if (name === wanted) return !parameters.some((one) => /^q=0(\.0*)?$/.test(one));
  }
  return false;
}

/**
 * The body for a text: compressed on another thread if the request accepts that, else as it is.
 * @returns the body and the headers that it needs
 */
export async function bodyFor(
  request: Request,
  text: string,
): Promise<{ body: string | Uint8Array<ArrayBuffer>; headers: Readonly<Record<string, string>> }> {
  // Only of what is read: an answer to a change may contain a secret, whose length would tell of it.
  if (request.method !== "GET" || text.length < compressedMin) return { body: text, headers: {} };
  const headers = { vary: "accept-encoding" };
  if (!accepts(request.headers.get("accept-encoding"), "gzip")) return { body: text, headers };
  const body = new Uint8Array(await compress(text, { level }));
  return { body, headers: { ...headers, "content-encoding": "gzip" } };
}
