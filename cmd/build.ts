// Makes the binaries: ./iot-server and ./iot-client for this machine, or with --all one of each for every platform into
// dist/. A binary takes the place of an older one only after it has run. Knows nothing of what is in them.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dir, "..");
const programs = { "iot-server": "cmd/server.ts", "iot-client": "cmd/client.ts" } as const;
/** Bun fetches these runtimes from the npm registry, once, into its cache. */
const targets = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "windows-x64"] as const;
/** What the binaries of this machine were built from, and which files they are. */
const stampFile = join(root, "node_modules/.cache/iot-build.json");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

type Target = (typeof targets)[number];

const flags = process.argv.slice(2);
if (flags.some((flag) => flag !== "--all" && flag !== "--force")) {
  console.error("Usage: bun cmd/build.ts [--all | --force]");
  process.exit(2);
}
if (flags.includes("--all")) await buildAll();
else await buildHere(flags.includes("--force"));

/** For this machine, unless the binaries that are there came from the same sources. */
async function buildHere(force: boolean): Promise<void> {
  const sources = hashOfSources();
  if (!force && readStamp() === stampOf(sources)) return;
  const directory = join(root, "dist", `.build-${process.pid}`);
  try {
    for (const program of names()) {
      const path = await compile(program, join(directory, program));
      smokeRun(path);
    }
    // A rename: a server that runs keeps the file it started from.
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

/** For every platform. Those of other platforms cannot be tried here. */
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

/** Compiles one program. Returns its path, which ends in .exe for Windows. */
async function compile(program: Program, outfile: string, target?: Target): Promise<string> {
  const result = await Bun.build({
    entrypoints: [join(root, programs[program])],
    target: "bun",
    format: "esm", // With bytecode and without this, the binary dies at its start.
    // Bytecode halves the time to a start, which a client is used for over and over. In a server that stays, some of what
    // came as bytecode is never compiled well: a chart over a million reports took half as long again.
    bytecode: program === "iot-client",
    minify: true,
    compile: {
      outfile,
      ...(target === undefined ? {} : { target: `bun-${target}` as Bun.Build.CompileTarget }),
      // Else files of these names in the user's folder are read, and bunfig.toml is code.
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

/** Everything that can change a binary: the sources, the packages by their lock, the compiler. */
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

/** The sources and the binaries as they are now; undefined where a binary is missing. */
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
