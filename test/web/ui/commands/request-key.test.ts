// The key of what a page sends: the same until it is done, and for nothing else.

import { expect, setDefaultTimeout, test } from "bun:test";
import { RequestKey } from "../../../../lib/web/ui/commands/request-key.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("what is sent again has the key of before, and all else another one", () => {
  const key = new RequestKey();
  const sent = { message: "on", ttl: "1d" };
  const first = key.for(sent);
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(key.for({ ...sent })).toBe(first);
  const other = key.for({ ...sent, ttl: "1h" });
  const back = key.for(sent);
  key.done();
  const next = key.for(sent);
  expect(new Set([first, other, back, next, new RequestKey().for(sent)]).size).toBe(5);
});
