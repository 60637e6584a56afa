// Builds the binaries: ./iot-server and ./iot-client for this machine, or with --all both for every platform in dist/.
// Replaces the binaries of this machine only after the new ones have run. Of their content it knows only the
// dashboard's files, which it makes.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BuiltFile, bundlePages } from "../lib/web/page-bundle.ts";

const root = join(import.meta.dir, "..");
const programs = { "iot-server": "cmd/server.ts", "iot-client": "cmd/client.ts" } as const;
/** Bun downloads these runtimes from the npm registry once, into its cache. */
const targets = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "windows-x64"] as const;
/** The hash of the sources of this machine's binaries, and the identity of the binaries. */
const stampFile = join(root, "node_modules/.cache/iot-build.json");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Of the compression of the dashboard's files. */
const bestQuality = 11;

type Target = (typeof targets)[number];

/** Puts the dashboard's files into the binary. Each build makes them before: in a plugin, a build within a build never ends. */
function pages(files: readonly BuiltFile[]): Bun.BunPlugin {
  const contents = `export const builtPages = ${JSON.stringify(files)};`;
  return {
    name: "pages",
    setup(build) {
      const filter = /[\\/]lib[\\/]web[\\/]built-pages\.ts$/;
      build.onLoad({ filter }, () => ({ contents, loader: "js" }));
    },
  };
}

const flags = process.argv.slice(2);
if (flags.some((flag) => flag !== "--all" && flag !== "--force")) {
  console.error("Usage: bun cmd/build.ts [--all | --force]");
  process.exit(2);
}
if (flags.includes("--all")) await buildAll();
else await buildHere(flags.includes("--force"));

/** Builds for this machine, unless the existing binaries were built from the same sources. */
async function buildHere(force: boolean): Promise<void> {
  const sources = hashOfSources();
  if (!force && readStamp() === stampOf(sources)) return;
  const directory = join(root, "dist", `.build-${process.pid}`);
  try {
    for (const program of names()) {
      const path = await compile(program, join(directory, program));
      smokeRun(path);
    }
    // By rename: a running server keeps the file from which it was started.
    for (const program of names()) renameSync(join(directory, program), join(root, program));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stampOf(sources) ?? "");
  console.log(
    `Built ${names()
      .map((name) => `./${name}`)
      .join(" and ")}, version ${version}.`,
  );
}

/** Builds for every platform. Binaries for other platforms cannot be run here. */
async function buildAll(): Promise<void> {
  for (const target of targets) {
    for (const program of names()) {
      const path = await compile(program, join(root, "dist", `${program}-${target}`), target);
      const runsHere = target === `${process.platform}-${process.arch}`;
      if (runsHere) smokeRun(path);
      const megabytes = (statSync(path).size / 1e6).toFixed(0);
      console.log(`${path.slice(root.length + 1)}  ${megabytes} MB${runsHere ? ", ran" : ""}`);
    }
  }
}

/** Compiles a program. Returns its path, which ends in .exe for Windows. */
async function compile(program: Program, outfile: string, target?: Target): Promise<string> {
  const result = await Bun.build({
    entrypoints: [join(root, programs[program])],
    target: "bun",
    format: "esm", // With bytecode and without this, the binary crashes at its start.
    // Bytecode halves the start time, which matters for a client that is started often. In a server that runs for long,
    // some of the code in bytecode is never optimised: a chart of a million reports took 1.5 times as long.
    bytecode: program === "iot-client",
    minify: true,
    plugins: program === "iot-server" ? [pages(await bundlePages(bestQuality))] : [],
    compile: {
      outfile,
      ...(target === undefined ? {} : { target: `bun-${target}` as Bun.Build.CompileTarget }),
      // Otherwise the binary reads .env and bunfig.toml in the user's current folder, and bunfig.toml can run code.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  return result.outputs[0]?.path ?? outfile;
}

function smokeRun(path: string): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync([path, "--version"]);
  if (exitCode === 0 && stdout.toString().includes(version)) return;
  console.error(
    `${path} --version ended with ${exitCode}: ${stdout.toString()}${stderr.toString()}`,
  );
  process.exit(1);
}

type Program = keyof typeof programs;

function names(): Program[] {
  return Object.keys(programs) as Program[];
}

/** A hash of everything that can change a binary: the sources, the lock file of the packages, the compiler. */
function hashOfSources(): string {
  const hash = new Bun.CryptoHasher("sha256");
  const files = ["package.json", "package-lock.json", "tsconfig.json"];
  for (const folder of ["cmd", "lib"]) {
    for (const file of new Bun.Glob("**/*").scanSync({ cwd: join(root, folder) })) {
      files.push(`${folder}/${file}`);
    }
  }
  for (const file of files.sort()) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash
    .update(`${Bun.version} ${Bun.revision} ${process.platform} ${process.arch}`)
    .digest("hex");
}

/** The content of the stamp file for these sources and the present binaries; undefined if a binary is missing. */
function stampOf(sources: string): string | undefined {
  try {
    const files = names().map((name) => {
      const { ino, size, mtimeMs } = statSync(join(root, name));
      return { name, ino, size, mtimeMs };
    });
    return JSON.stringify({ sources, files });
  } catch {
    return undefined;
  }
}

function readStamp(): string {
  try {
    return readFileSync(stampFile, "utf8");
  } catch {
    return "none";
  }
}
