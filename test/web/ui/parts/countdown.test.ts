// The time that is left, in words.

import { expect, setDefaultTimeout, test } from "bun:test";
import { leftWords } from "../../../../lib/web/ui/parts/countdown.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test.each([
  [-5, "0 s"],
  [1, "1 s"],
  [59_000, "59 s"],
  [60_000, "1 min 0 s"],
  [251_400, "4 min 12 s"],
  [1_798_000, "29 min 58 s"],
  [3_599_100, "1 h"],
  [5_400_000, "1 h 30 min"],
])("%p ms are %p", (ms, words) => {
  expect(leftWords(ms)).toBe(words);
});
