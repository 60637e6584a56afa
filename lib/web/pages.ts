// Owns access to the dashboard's files. The compiled binary contains them; a run from the sources makes them at the start.
// Chooses what of a file is sent: compressed or not, or only that it has not changed. Never looks at the other files.

import { gunzipSync } from "node:zlib";
import { builtPages } from "./built-pages.ts";
import { accepts, type Encoding, encodings } from "./encodings.ts";
import { type BuiltFile, bundlePages } from "./page-bundle.ts";

/** A file as it is served. */
export type PageFile = {
  readonly identity: Uint8Array<ArrayBuffer>;
  readonly compressed: Readonly<Partial<Record<Encoding, Uint8Array<ArrayBuffer>>>>;
  readonly type: string;
  /** Names the content; weak, as the compressed forms have the same. */
  readonly tag: string;
  /** Whether its name contains a hash of its content, so that browsers may cache it forever. */
  readonly isNamedByContent: boolean;
};

/** Of the compression in a run from the sources. */
const quickQuality = 1;

/** Loads the files. Their keys are their URL paths; the page itself is `/`. */
export async function loadPages(): Promise<ReadonlyMap<string, PageFile>> {
  const files = builtPages ?? (await bundlePages(quickQuality));
  return new Map(files.map((file) => [file.path, pageFile(file)]));
}

function pageFile({ path, type, bodies }: BuiltFile): PageFile {
  const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
  const compressed: Partial<Record<Encoding, Uint8Array<ArrayBuffer>>> = {};
  for (const encoding of encodings) {
    const body = bodies[encoding];
    if (body !== undefined) compressed[encoding] = bytes(body);
  }
  const identity = compressed.gzip
    ? new Uint8Array(gunzipSync(compressed.gzip))
    : bytes(bodies.identity ?? "");
  const tag = `W/"${Bun.hash(identity).toString(36)}"`;
  return { identity, compressed, type, tag, isNamedByContent: path !== "/" };
}

/** The response with a file. */
export function pageResponse(file: PageFile, { headers: asked }: Request): Response {
  const { identity, compressed, type, tag, isNamedByContent } = file;
  const headers: Record<string, string> = {
    "cache-control": isNamedByContent ? "public, max-age=31536000, immutable" : "no-cache",
    etag: tag,
  };
  if (compressed.gzip !== undefined) headers["vary"] = "accept-encoding";
  if (isKnown(asked.get("if-none-match"), tag)) return new Response(null, { status: 304, headers });
  headers["content-type"] = type;
  const accepted = asked.get("accept-encoding");
  for (const encoding of encodings) {
    const body = compressed[encoding];
    if (body === undefined || !accepts(accepted, encoding)) continue;
    return new Response(body, { headers: { ...headers, "content-encoding": encoding } });
  }
  return new Response(identity, { headers });
}

/** Whether a browser has the content with a tag. */
function isKnown(header: string | null, tag: string): boolean {
  const bare = (one: string) => one.trim().replace(/^W\//, "");
  return (header ?? "").split(",").some((one) => bare(one) === bare(tag));
}
