// The digest of a request: its numbers and its hex say the same as the hash of another implementation.

import { expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { Digest, digestOf } from "../../lib/protocol/digest.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const texts = Array.from({ length: 500 }, (_, i) => Buffer.from(`DATA ${i}`));

test("a digest has its bits in the order of its hex", () => {
  for (const text of texts) {
    const hex = createHash("sha256").update(text).digest("hex");
    const digest = new Digest(text);
    const bits = Number.parseInt(hex.slice(0, 12), 16);
    expect([digestOf(text), digest.hex]).toEqual([hex, hex]);
    expect(digest.high * 2 ** 32 + (digest.low >>> 0)).toBe(bits);
  }
});

test("a digest stays what it was while others are made and written", () => {
  const digests = texts.map((text) => new Digest(text));
  expect(digests.map(({ hex }) => hex)).toEqual(texts.map((text) => digestOf(text)));
});
