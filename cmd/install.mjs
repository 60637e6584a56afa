// Installs the packages of package-lock.json for `npm start` and `npm test`, on a machine with only Node and npm; so it
// is plain JavaScript. Needs no network if nothing is missing, and never writes the lock file.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

process.chdir(root);
if (!isInstalled()) {
  process.stdout.write("Installing the packages of package-lock.json…\n");
  run(process.execPath, [npmScript(), "ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}
// The package's own install script does not run if npm is configured to ignore such scripts.
if (!runs(join(root, "node_modules/bun/bin/bun.exe")))
  run(process.execPath, ["node_modules/bun/install.js"]);

/** Whether all packages that the lock file requires here are installed, by npm's own record of what it installed. */
function isInstalled() {
  const wanted = packagesOf("package-lock.json");
  const there = packagesOf("node_modules/.package-lock.json");
  if (wanted === undefined || there === undefined) return false;
  return Object.entries(wanted).every(([path, { integrity, optional }]) => {
    if (path === "") return true;
    // Packages for other platforms are optional and not installed.
    return there[path] === undefined ? optional === true : there[path].integrity === integrity;
  });
}

function packagesOf(lock) {
  try {
    return JSON.parse(readFileSync(lock, "utf8")).packages;
  } catch {
    return undefined;
  }
}

function npmScript() {
  const script = process.env.npm_execpath;
  if (script !== undefined) return script;
  process.stderr.write("Run this with npm: npm start, npm test.\n");
  process.exit(2);
}

function runs(program) {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: "inherit" });
  if (status === 0) return;
  process.stderr.write(
    `${program} ${args.join(" ")} failed${error ? `: ${error.message}` : ""}.\n`,
  );
  process.exit(1);
}
