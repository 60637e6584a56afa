// Which selector mutes the selected devices: their ids as long as these fit, and the list's own only if it means them all.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readSelector, selectorCharsMax as most } from "../../../../lib/server/selector.ts";
import { selectorCharsMax } from "../../../../lib/web/api/words.ts";
import { muteSelector } from "../../../../lib/web/ui/bulk/mute-selector.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const many = (count: number) => Array.from({ length: count }, (_, i) => `th-${1_000 + i}`);

test("the ids, as many as a selector has room for", () => {
  expect(selectorCharsMax).toBe(most);
  expect(muteSelector(["pi1"], null)).toEqual({ select: "id=pi1", isOpen: false });
  expect(muteSelector(["a.b", "c:d"], "area=x")).toEqual({ select: "id=a.b|c:d", isOpen: false });
  const full = muteSelector(many(127), null);
  expect(full?.select).toHaveLength(3 + 127 * 8 - 1);
  expect(readSelector(full?.select ?? "").ok).toBe(true);
  expect(muteSelector(many(128), null)).toBeNull();
});

test("more are meant by the selector of the list only", () => {
  expect(muteSelector(many(5_000), "area=Cellar")).toEqual({ select: "area=Cellar", isOpen: true });
  expect(muteSelector(many(5_000), null)).toBeNull();
});
