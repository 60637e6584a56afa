// Notices of one cause: one a minute, with the number of those left out.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Causes } from "../../../lib/cli/client/causes.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a cause is told once a minute, with how many were left out; causes do not mix", () => {
  let now = 0;
  const causes = new Causes(() => now);
  expect([causes.pass("93"), causes.pass("93"), causes.pass("95"), causes.pass("93")]).toEqual([
    0,
    null,
    0,
    null,
  ]);
  now = 60_000;
  expect([causes.pass("93"), causes.pass("93"), causes.pass("95")]).toEqual([2, null, 0]);
});

test("the table of causes is bounded", () => {
  const causes = new Causes(() => 0);
  for (let n = 0; n < 1_000; n++) causes.pass(`cause ${n}`);
  expect(causes.pass("cause 999")).toBeNull();
  expect(causes.pass("cause 0")).toBe(0);
});
