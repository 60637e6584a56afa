// The rate limits: a bucket, and the bounded table of buckets.

import { expect, setDefaultTimeout, test } from "bun:test";
import { KeyedBuckets, TokenBucket } from "../lib/token-bucket.ts";
import { testTimeoutMs } from "./e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a bucket holds its burst and fills at its rate", () => {
  const bucket = new TokenBucket(5, 20, 0);
  const take = (now: number, tries: number) =>
    Array.from({ length: tries }, () => bucket.take(now)).filter(Boolean).length;
  expect(take(0, 30)).toBe(20);
  expect(take(199, 5)).toBe(0);
  expect(take(200, 5)).toBe(1);
  expect(take(400, 5)).toBe(1);
  expect(take(1_000_000, 30)).toBe(20);
});

test("the number of remembered keys is bounded, and the longest unused is forgotten first", () => {
  const buckets = new KeyedBuckets(0, 1, 2);
  expect([buckets.take("a", 0), buckets.take("b", 0), buckets.take("a", 0)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(buckets.take("c", 0)).toBe(true);
  expect(buckets.take("a", 0)).toBe(false);
  expect(buckets.take("b", 0)).toBe(true);
});
