// The dashboard's own files: in the binary they come bundled; from the sources they are bundled at the start. Shows
// nothing itself.

import { join } from "node:path";
import page from "./ui/index.html";

/** The same file, for a run from the sources. */
const source = "ui/index.html";

/** A file as it is served. */
export type PageFile = {
  readonly body: Blob | string;
  readonly type: string;
  /** Whether its name changes with its content. */
  readonly isNamedByContent: boolean;
};

/** What a bundle is in a compiled binary; run from the sources it has no files. */
type Bundle = {
  readonly files?: readonly {
    readonly path: string;
    readonly loader: string;
    readonly headers: Readonly<Record<string, string>>;
  }[];
};

/** The files by their paths on the server; the page itself is `/`. */
export async function loadPages(): Promise<ReadonlyMap<string, PageFile>> {
  const { files } = page as unknown as Bundle;
  const pages = new Map<string, PageFile>();
  const add = (path: string, isPage: boolean, type: string, body: Blob) => {
    const name = isPage ? "/" : `/${path.split("/").at(-1)}`;
    pages.set(name, { body, type, isNamedByContent: !isPage });
  };
  if (files !== undefined) {
    for (const { path, loader, headers } of files) {
      add(path, loader === "html", headers["content-type"] ?? "", Bun.file(path));
    }
    return pages;
  }
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, source)],
    target: "browser",
    publicPath: "/",
    minify: true,
  });
  for (const output of outputs) {
    add(output.path, output.path.endsWith(".html"), output.type, output);
  }
  return pages;
}

/** The answer with a file. */
export function pageResponse({ body, type, isNamedByContent }: PageFile): Response {
  const cache = isNamedByContent ? "public, max-age=31536000, immutable" : "no-cache";
  return new Response(body, { headers: { "content-type": type, "cache-control": cache } });
}
