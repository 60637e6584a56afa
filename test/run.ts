// Runs every test and prints one last line for people and scripts: `N passed, N failed`. Arguments go to `bun test`.
// Does not change the result of a test, with one exception: under CI=true a skipped test counts as failed.

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
// On ^C the terminal signals the runner as well. This process ignores SIGINT and exits after the runner.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => runner.kill("SIGTERM"));
const code = await runner.exited;

const totals = totalsOf(report);
rmSync(directory, { recursive: true, force: true });
// The report counts neither a file that fails to load nor a runner that was killed (which leaves no report at all).
if (totals.failed === 0 && (code !== 0 || totals.passed === 0)) totals.failed = 1;

const strict = process.env["CI"] === "true";
if (strict && totals.skipped > 0)
  console.log(`Skipped tests count as failed here: ${totals.skipped}.`);
const failed = totals.failed + (strict ? totals.skipped : 0);
const skipped = !strict && totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
console.log(`${totals.passed} passed, ${failed} failed${skipped}`);
process.exit(code === 0 && failed > 0 ? 1 : code);

type Totals = { passed: number; failed: number; skipped: number };

/** The totals of a JUnit report. A report that is missing or truncated gives zero everywhere. */
function totalsOf(path: string): Totals {
  let root: string | undefined;
  try {
    root = /<testsuites\b[^>]*>/.exec(readFileSync(path, "utf8"))?.[0];
  } catch {
    // The runner ended before it wrote a report.
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
