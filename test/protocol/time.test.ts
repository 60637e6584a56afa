// Times: what is understood, what is kept as sent, and that what is written is understood.

import { expect, test } from "bun:test";
import { decodeTime, encodeTime } from "../../lib/protocol/time.ts";
import { type TimeVector, vectors } from "./vectors.ts";

for (const { name, clause, text, ms } of vectors<TimeVector>("time.json")) {
  test(`${clause} ${name}`, () => expect(decodeTime(text)).toBe(ms));
}

test("what is written is understood, to the second", () => {
  const second = 1000;
  const [first, last, step] = [-62_167_219_200_000, 253_402_300_799_999, 86_399_999_999_977];
  for (let ms = first; ms <= last; ms += step) {
    const text = encodeTime(ms);
    expect(text).toMatch(/^\d{4}-\d\d-\d\d:\d\d:\d\d:\d\d$/);
    expect(decodeTime(text)).toBe(Math.floor(ms / second) * second);
  }
});
