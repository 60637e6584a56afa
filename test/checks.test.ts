// The checks that are programs of their own: lint, types and format. As tests, so that one command tells all.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { testTimeoutMs } from "./e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test.each(["lint", "types", "format"])("%s finds nothing", async (script) => {
  const check = Bun.spawn([process.execPath, "run", "--silent", script], {
    cwd: join(import.meta.dir, ".."),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = await Promise.all(
    [check.stdout, check.stderr].map((pipe) => new Response(pipe).text()),
  );
  const code = await check.exited;
  expect(code === 0 ? "" : said.join("")).toBe("");
});
