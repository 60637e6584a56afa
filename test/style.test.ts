// The house rules that a linter cannot express. Each failure names the file and what to do instead.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { areaOf, areas, mayImport, mayUse, unknownNames } from "./import-rule.ts";
import { testTimeoutMs } from "./e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const root = join(import.meta.dir, "..");

type Source = { readonly path: string; readonly text: string; readonly code: string };

const sources: readonly Source[] = ["cmd", "lib", "test"]
  .flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.{ts,mjs}`).scanSync({ cwd: root })].sort())
  .map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    return { path, text, code: withoutComments(text) };
  });

/** Defines a rule. `check` returns what is wrong with a file and what to do about it, or false. */
function rule(name: string, check: (source: Source) => string | string[] | false): void {
  test(name, () => {
    const broken = sources.flatMap((source) => {
      const found = check(source);
      const all = found === false ? [] : [found].flat();
      return all.map((sentence) => `${source.path}: ${sentence}`);
    });
    expect(broken).toEqual([]);
  });
}

const linesMax = 300;

rule(`a file has at most ${linesMax} lines`, ({ text }) => {
  const lines = text.split("\n").length - 1;
  return lines > linesMax && `${lines} lines; it does two things, make it two files`;
});

rule("a file starts by saying what it owns", ({ text }) => {
  const [first, second] = text.split("\n") as [string, string];
  if (first.startsWith("#!") ? second.startsWith("// ") : first.startsWith("// ")) return false;
  return "put two or three // lines on top: what the file owns, and what it never does";
});

rule("a file name is a noun in kebab-case", ({ path }) => {
  const name = basename(path);
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.(ts|mjs)$/.test(name))
    return "write it as kebab-case.ts";
  if (/(^|[-/])(utils?|helpers?|misc|common|shared|stuff)[-./]/.test(path)) {
    return "name the file after the one thing that is in it";
  }
  return false;
});

rule("an exported function of lib has a doc comment", ({ path, text }) => {
  if (!path.startsWith("lib/")) return false;
  const lines = text.split("\n");
  return lines.flatMap((line, i) => {
    const name = /^export (?:async )?function\*? (\w+)/.exec(line)?.[1];
    const above = lines[i - 1] ?? "";
    // Of several overloads only the first has a doc comment.
    if (name === undefined || above.endsWith("*/") || above.includes(` ${name}(`)) return [];
    return [`say above ${name}() what it does: parameters with units, result, errors, clause`];
  });
});

rule("imports name their file with its ending", ({ code }) =>
  importsOf(code)
    .filter((name) => name.startsWith(".") && posix.extname(name) === "")
    .map((name) => `import "${name}.ts"`),
);

rule("every test runs", ({ path, code }) => {
  const hit = /\b(?:test|describe|it)\.(?:only|skip|skipIf|todo|todoIf|failing)\b/.exec(code)?.[0];
  return path !== "test/style.test.ts" && hit !== undefined && `${hit}: mend the test or delete it`;
});

rule("a test has a time limit that a loaded machine meets", ({ path, code }) => {
  if (!path.endsWith(".test.ts") || code.includes("setDefaultTimeout(")) return false;
  return "call setDefaultTimeout(testTimeoutMs): the default of 5 s is too short for a busy machine";
});

rule("no test sleeps", ({ path, code }) => {
  if (!path.startsWith("test/") || path === "test/style.test.ts") return false;
  return /\bBun\.sleep/.test(code) && "wait for the event itself, or move the virtual clock";
});

rule("the wall clock is read in cmd only", ({ path, code }) => {
  // The dashboard shows times of the server; until it knows them, those of the browser.
  if (!path.startsWith("lib/") || path === "lib/web/ui/moments.ts") return false;
  return (
    /\bDate\.now\b|new Date\(\)/.test(code) &&
    "take the time as an argument or a port: monotonic for what is measured, wall time for what is written down"
  );
});

const isCore = (path: string) => areaOf(path)?.isCore === true;

rule("the core reads no clock", ({ path, code }) => {
  const hit = isCore(path) && /\bnew Date\(\)|\bDate\(\)|\bperformance\.now/.exec(code)?.[0];
  return hit ? `${hit}: take the time as an argument, in ms since 1970` : false;
});

rule("the core uses of Bun only what computes", ({ path, code }) => {
  if (!isCore(path)) return false;
  return [...code.matchAll(/\bBun\.(?!SHA256\b|CryptoHasher\b|hash\b|TOML\b)\w+/g)].map(
    ([hit]) => `${hit}: take a port as an argument; its implementation belongs in lib/io`,
  );
});

rule("what is in lib has a row in ARCHITECTURE.md", ({ path }) => {
  if (!path.startsWith("lib/") || areaOf(path) !== undefined) return false;
  return "say in its first table what the room owns, and may import";
});

test("the tables of ARCHITECTURE.md name what there is", () => {
  expect(unknownNames).toEqual([]);
  const gone = areas.filter((area) => !sources.some(({ path }) => areaOf(path) === area));
  expect(gone.map(({ path }) => `${path} has a row and no file`)).toEqual([]);
});

rule("imports go one way", ({ path, code }) => {
  const area = areaOf(path);
  if (area === undefined) return false;
  return targetsOf(path, code)
    .filter((target) => {
      const to = areaOf(target);
      return to === undefined || !mayImport(area, to);
    })
    .map(
      (target) => `${target} is out of reach: move the code, or take it as an argument or a port`,
    );
});

rule("a room imports only the packages of its row", ({ path, code }) => {
  const area = areaOf(path);
  if (area === undefined) return false;
  return importsOf(code)
    .filter((name) => !name.startsWith(".") && !mayUse(area, name))
    .map((name) => `${name}: take a port as an argument, or move the code to where it belongs`);
});

test("lint knows the core as ARCHITECTURE.md tells it", () => {
  const { overrides } = JSON.parse(readFileSync(join(root, ".oxlintrc.json"), "utf8")) as {
    overrides: { files: string[]; rules: Record<string, unknown> }[];
  };
  const strict = overrides.filter(({ rules }) => "no-restricted-globals" in rules);
  const core = areas.filter((area) => area.isCore).map(({ path }) => path.replace(/\/$/, "/**"));
  expect(strict.map(({ files }) => files.toSorted())).toEqual([core.toSorted()]);
});

test("imports make no cycle", () => {
  const graph = new Map(sources.map(({ path, code }) => [path, targetsOf(path, code)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    } else if (!done.has(path)) {
      for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of graph.keys()) visit(path, []);
  expect(cycles.map((cycle) => `${cycle}: move what both need into a file below them`)).toEqual([]);
});

test("the lock names no registry and knows every package's content", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const broken = Object.entries<Record<string, unknown>>(packages).filter(
    ([path, entry]) => path !== "" && ("resolved" in entry || !("integrity" in entry)),
  );
  // To renew the lock: delete node_modules and the old lock, then run
  // npm install --package-lock-only --omit-lockfile-registry-resolved
  expect(broken.map(([path]) => path)).toEqual([]);
});

/** The project's own files that a file imports. */
function targetsOf(path: string, code: string): string[] {
  return importsOf(code)
    .filter((name) => name.startsWith("."))
    .map((name) => posix.join(posix.dirname(path), name));
}

function importsOf(code: string): string[] {
  const statements =
    /^\s*(?:import|export)\b[^;"']*?\bfrom\s*"([^"]+)"|\b(?:import|require)\s*\(?\s*"([^"\n]+)"/gm;
  return [...code.matchAll(statements)].map((match) => (match[1] ?? match[2]) as string);
}

/** The text without comments, including comments that follow code on the same line. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$|\s\/\/ .*$/gm, "");
}
