// Times: which are understood, which are kept as sent, and that every encoded time is understood.

import { expect, setDefaultTimeout, test } from "bun:test";
import { decodeTime, encodeTime, parseIsoTime } from "../../lib/protocol/time.ts";
import { type TimeVector, vectors } from "./vectors.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

for (const { name, clause, text, ms } of vectors<TimeVector>("time.json")) {
  test(`${clause} ${name}`, () => expect(decodeTime(text)).toBe(ms));
}

test("every encoded time decodes, with its second", () => {
  const second = 1000;
  const [first, last, step] = [-62_167_219_200_000, 253_402_300_799_999, 86_399_999_999_977];
  for (let ms = first; ms <= last; ms += step) {
    const text = encodeTime(ms);
    expect(text).toMatch(/^\d{4}-\d\d-\d\d:\d\d:\d\d:\d\d$/);
    expect(decodeTime(text)).toBe(Math.floor(ms / second) * second);
  }
});

const nine = Date.UTC(2026, 10, 22, 9);

test.each([
  ["2026-11-22", Date.UTC(2026, 10, 22)],
  ["2026-11-22T09:00", nine],
  ["2026-11-22 09:00:00Z", nine],
  ["2026-11-22t09:00:00.500z", nine + 500],
  ["2026-11-22T10:00+01:00", nine],
  ["2026-11-22T04:00-0500", nine],
  ["2024-02-29", Date.UTC(2024, 1, 29)],
] as const)("an ISO time, UTC if it names no zone: %s", (text, ms) => {
  expect(parseIsoTime(text)).toBe(ms);
});

test.each([
  "",
  "9",
  "2026",
  "2026-11",
  "11/22/2026",
  "22 Nov 2026",
  "2026-02-30",
  "2026-13-01",
  "2026-11-22T",
  "2026-11-22T24:01",
  "2026-11-22T09",
  "2026-11-22+01:00",
  "2026-11-22:09:00:00",
  "yesterday",
])("no ISO time: %p", (text) => {
  expect(parseIsoTime(text)).toBeNull();
});

test("a time is decoded the same, whichever time was decoded before it", () => {
  const texts = [
    "2026-11-22:09:15:06",
    "2026-11-22:09:15:59.999",
    "2026-11-22:09:15:60",
    "2026-11-22:09:15:0x",
    "2026-11-22:09:15:06,250",
    "2026-11-22:09:15:06.25",
    "2026-11-22:09:15:06.2500",
    "2026-11-22:09:15:",
    "1969-12-31:23:59:30",
    "0000-01-01:00:00:00.001",
    "none15",
    "none150000",
    "1795338906",
  ];
  // Each after an invalid time of no minute, and after a time of its own minute and of another.
  const alone = texts.map((text) => (decodeTime("2001-01-01:00:00:00"), decodeTime(text)));
  expect(alone.filter((ms) => ms !== null)).toHaveLength(5);
  for (const before of texts) {
    for (const [i, text] of texts.entries()) {
      decodeTime(before);
      expect([before, text, decodeTime(text)]).toEqual([before, text, alone[i] ?? null]);
    }
  }
  expect(alone[8]).toBe(-30_000);
});
