// Actions at the door and their results, as JSON and back.

import { expect, setDefaultTimeout, test } from "bun:test";
import { fromDoorJson, toDoorJson } from "../../lib/io/door-json.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("labels and bytes come back as they were, also those that a database gives", () => {
  const labels = new Map([
    ["map", "a"],
    ["__proto__", "b"],
  ]);
  const it = { labels, hash: Uint8Array.of(0, 255), key: Buffer.from([7]), none: null, n: [1.5] };
  const back = fromDoorJson(toDoorJson([it]));
  expect(back).toEqual([{ ...it, key: Uint8Array.of(7) }]);
});
