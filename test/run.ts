// Runs every test and closes with one line for people and scripts: `N passed, N failed`. Arguments go to `bun test`.
// Decides nothing about a test, but for one thing: under CI=true a skipped test is a failure.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directory = mkdtempSync(join(tmpdir(), "iot-test-"));
const report = join(directory, "junit.xml");
const runner = Bun.spawn(
  [
    process.execPath,
    "test",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: join(import.meta.dir, ".."), stdio: ["ignore", "inherit", "inherit"] },
);
// A terminal tells the runner by itself; it ends, and then this process does.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => runner.kill("SIGTERM"));
const code = await runner.exited;

const totals = totalsOf(report);
rmSync(directory, { recursive: true, force: true });
// A file that does not load is no failed test in the report, and a runner that was ended leaves none.
if (totals.failed === 0 && (code !== 0 || totals.passed === 0)) totals.failed = 1;

const strict = process.env["CI"] === "true";
if (strict && totals.skipped > 0)
  console.log(`Skipped tests count as failed here: ${totals.skipped}.`);
const failed = totals.failed + (strict ? totals.skipped : 0);
const skipped = !strict && totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
console.log(`${totals.passed} passed, ${failed} failed${skipped}`);
process.exit(code === 0 && failed > 0 ? 1 : code);

type Totals = { passed: number; failed: number; skipped: number };

/** The totals of a JUnit report; a report that is missing or cut off counts as nothing passed. */
function totalsOf(path: string): Totals {
  let root: string | undefined;
  try {
    root = /<testsuites\b[^>]*>/.exec(readFileSync(path, "utf8"))?.[0];
  } catch {
    // The runner did not come so far.
  }
  const count = (name: string) =>
    Number(new RegExp(` ${name}="(\\d+)"`).exec(root ?? "")?.[1] ?? 0);
  const bad = count("failures") + count("errors");
  return {
    passed: count("tests") - bad - count("skipped"),
    failed: bad,
    skipped: count("skipped"),
  };
}
