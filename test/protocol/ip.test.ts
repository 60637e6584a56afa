// IP literals: which texts are one, and the canonical text of each.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { canonicalIp, isIp } from "../../lib/protocol/ip.ts";
import { type IpVector, vectors } from "./vectors.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

for (const { name, clause, text, canonical } of vectors<IpVector>("ip.json")) {
  describe(`${clause} ${name}`, () => {
    test("is recognised", () => expect(isIp(text)).toBe(canonical !== null));
    // A text that is no literal is returned unchanged.
    test("has its canonical text", () => expect(canonicalIp(text)).toBe(canonical ?? text));
    test("is stable in canonical form", () => {
      expect(canonicalIp(canonicalIp(text))).toBe(canonicalIp(text));
    });
  });
}

test("each of the 256 patterns of zero groups has its own canonical text, which reads back", () => {
  const seen = new Set<string>();
  for (let pattern = 0; pattern < 256; pattern++) {
    const groups = Array.from({ length: 8 }, (_, at) => ((pattern >> at) & 1 ? "a0" : "0"));
    const written = canonicalIp(groups.join(":"));
    expect(isIp(written)).toBe(true);
    expect(canonicalIp(written.toUpperCase())).toBe(written);
    expect(canonicalIp(groups.map((group) => group.padStart(4, "0")).join(":"))).toBe(written);
    expect(new URL(`http://[${written}]/`).hostname).toBe(`[${written}]`);
    seen.add(written);
  }
  expect(seen.size).toBe(256);
});
