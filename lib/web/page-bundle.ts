// Owns the making of the dashboard's files: bundles the scripts, one part for each page, names every file by its content, and
// compresses what is text. Used by the build, and by a run from the sources. Never serves a file.

import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** A file of the dashboard. Its bodies are in base64; what is no text has only that which is not compressed. */
export type BuiltFile = {
  readonly path: string;
  readonly type: string;
  readonly bodies: { readonly identity?: string; readonly gzip?: string; readonly br?: string };
};

const folder = join(import.meta.dir, "ui");
/** The page and the manifest of the app: they refer to other files of the folder by `"./NAME"`. */
const [page, manifest] = ["index.html", "manifest.webmanifest"] as const;
const [script, ...styles] = ["main.ts", "style.css", "later.css"] as const;
/** Small, and bundled by itself, so that it can run before the rest is there. */
const early = "early.ts";
const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  webmanifest: "application/manifest+json",
};

/**
 * Makes all files. That of the page itself has the path `/`.
 * @param quality of the compression; the best, 11, takes most of a second
 */
export async function bundlePages(quality: number): Promise<readonly BuiltFile[]> {
  const [scripts, alone] = await Promise.all([bundled([script, ...styles]), bundled([early])]);
  const contents = new Map([...scripts.contents, ...alone.contents]);
  const names = new Map([...scripts.names, ...alone.names]);
  for (const file of new Bun.Glob("*.{svg,png}").scanSync(folder)) {
    add(file, await Bun.file(join(folder, file)).bytes());
  }
  add(manifest, Buffer.from(referring(await textOf(manifest), names)));
  const preloads = scripts.needed
    .map((name) => `<link rel="modulepreload" href="./${name}" />`)
    .join("\n    ");
  const html = referring((await textOf(page)).replace("<!-- needed -->", preloads), names);
  const files = [...contents].map(([name, content]) =>
    builtFile(`/${name}`, name, content, quality),
  );
  return [builtFile("/", page, Buffer.from(html), quality), ...files];

  function add(file: string, content: Uint8Array): void {
    const hash = Bun.hash(content).toString(36).padStart(8, "0").slice(0, 8);
    const name = file.replace(/\.(?=[^.]+$)/, `-${hash}.`);
    names.set(file, name);
    contents.set(name, content);
  }
}

/** What was made of entry points: the content of each file, their names, and what the script imports from the start. */
type Bundled = {
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly names: ReadonlyMap<string, string>;
  readonly needed: readonly string[];
};

async function bundled(entries: readonly string[]): Promise<Bundled> {
  const { outputs, metafile } = await Bun.build({
    entrypoints: entries.map((entry) => join(folder, entry)),
    target: "browser",
    minify: true,
    splitting: true,
    metafile: true,
    naming: {
      entry: "[name]-[hash].[ext]",
      chunk: "part-[hash].[ext]",
      asset: "[name]-[hash].[ext]",
    },
  });
  const contents = new Map<string, Uint8Array>();
  for (const output of outputs)
    contents.set(nameOf(output.path), new Uint8Array(await output.arrayBuffer()));
  const names = new Map<string, string>();
  const needed: string[] = [];
  for (const [path, { entryPoint, imports }] of Object.entries(metafile?.outputs ?? {})) {
    const entry = entries.find((one) => entryPoint?.endsWith(`ui/${one}`));
    if (entry === undefined) continue;
    names.set(entry, nameOf(path));
    if (entry !== script) continue;
    for (const { path: part, kind } of imports) {
      if (kind === "import-statement") needed.push(nameOf(part));
    }
  }
  return { contents, names, needed };
}

/** A text whose references to files of the folder are to what is served in their place. */
function referring(text: string, names: ReadonlyMap<string, string>): string {
  const served = new Set(names.values());
  return text.replaceAll(/"\.\/([\w.-]+)"/g, (_, file: string) => {
    const name = served.has(file) ? file : names.get(file);
    if (name === undefined) throw new Error(`The dashboard has no file ${file}.`);
    return `"./${name}"`;
  });
}

function builtFile(path: string, name: string, content: Uint8Array, quality: number): BuiltFile {
  const extension = name.split(".").at(-1) ?? "";
  const type = types[extension];
  if (type === undefined) throw new Error(`The dashboard has no type for ${name}.`);
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  if (extension === "png") return { path, type, bodies: { identity: base64(content) } };
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: quality } };
  const gzip = base64(gzipSync(content, { level: 9 }));
  return { path, type, bodies: { gzip, br: base64(brotliCompressSync(content, options)) } };
}

function textOf(file: string): Promise<string> {
  return Bun.file(join(folder, file)).text();
}

function nameOf(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
