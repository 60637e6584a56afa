// Owns access to the dashboard's files. The compiled binary contains them bundled; a run from the sources bundles them
// at the start. Makes the paths in the page relative, and never looks at the other files.

import { join } from "node:path";
import page from "./ui/index.html";

/** The page imported above, as the entry point for bundling it from the sources. */
const source = "ui/index.html";

/** A file as it is served. */
export type PageFile = {
  readonly body: Blob | string;
  readonly type: string;
  /** Whether its name contains a hash of its content, so that browsers may cache it forever. */
  readonly isNamedByContent: boolean;
};

/** What the import of the page is in a compiled binary; in a run from the sources it has no `files`. */
type Bundle = {
  readonly files?: readonly {
    readonly path: string;
    readonly loader: string;
    readonly headers: Readonly<Record<string, string>>;
  }[];
};

/** Loads the files. Their keys are their URL paths; the page itself is `/`. */
export async function loadPages(): Promise<ReadonlyMap<string, PageFile>> {
  const { files } = page as unknown as Bundle;
  const pages = new Map<string, PageFile>();
  const add = async (path: string, isPage: boolean, type: string, body: Blob) => {
    if (isPage)
      pages.set("/", { body: relative(await body.text()), type, isNamedByContent: false });
    else pages.set(`/${path.split("/").at(-1)}`, { body, type, isNamedByContent: true });
  };
  if (files !== undefined) {
    for (const { path, loader, headers } of files) {
      await add(path, loader === "html", headers["content-type"] ?? "", Bun.file(path));
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
    await add(output.path, output.path.endsWith(".html"), output.type, output);
  }
  return pages;
}

/** The page with relative paths, so that a proxy can serve it below a path: `bun build --compile` writes absolute ones. */
function relative(html: string): string {
  return html.replaceAll(/\b(href|src)="\//g, '$1="./');
}

/** The response with a file. */
export function pageResponse({ body, type, isNamedByContent }: PageFile): Response {
  const cache = isNamedByContent ? "public, max-age=31536000, immutable" : "no-cache";
  return new Response(body, { headers: { "content-type": type, "cache-control": cache } });
}
