// Join tokens as text: their form, what a password with one is, and what of it is found again however it was typed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { hasOwnSecret, tokenHash, tokenIn, tokenOf } from "../../../lib/server/door/join-token.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a token has all 128 bits of its random bytes", () => {
  expect(tokenOf(new Uint8Array(16))).toBe("join-00000000000000000000000000");
  expect(tokenOf(new Uint8Array(16).fill(255))).toBe("join-7zzzzzzzzzzzzzzzzzzzzzzzzz");
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
  const seen = new Set<string>([tokenOf(bytes)]);
  for (let bit = 0; bit < 128; bit++) {
    const one = Uint8Array.from(bytes);
    one[bit >> 3] = (one[bit >> 3] as number) ^ (1 << (bit & 7));
    seen.add(tokenOf(one));
  }
  expect(seen.size).toBe(129);
});

const token = "join-01jq4zz8g0000000000abcdefg";

test.each([
  [`${token}.secret`, token, true],
  [`${token}.`, token, false],
  [token, token, false],
  ["JOIN-OIJQ4ZZ8G000OOOOOOOABCDEFG.secret", token, true],
  ["Join-0Ljq4zz8g0000000000abcdefg.x", token, true],
  [`${token}secret`, null, false],
  [`${token.slice(0, -1)}.secret`, null, false],
  ["join-us-for-lunch", null, false],
  [` ${token}.secret`, null, false],
  ["secret", null, false],
])("in the password %p", (password, found, hasSecret) => {
  expect(tokenIn(password)).toBe(found);
  if (found !== null) expect(hasOwnSecret(password)).toBe(hasSecret);
});

test("what is stored of it is its SHA-256", () => {
  expect(Buffer.from(tokenHash("abc")).toString("hex")).toStartWith("ba7816bf8f01cfea414140de");
});
