// What the times of a report say of each other, and the zone that is named.

import { expect, setDefaultTimeout, test } from "bun:test";
import { zoneWords } from "../../../../lib/web/ui/parts/formats.ts";
import { clockWords, waitedWords } from "../../../../lib/web/ui/device/report-times.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const at = Date.UTC(2026, 10, 22, 9, 15, 6);

test.each([
  [at, ""],
  [at + 4_999, ""],
  [at + 40_000, "measured 40 s before it arrived"],
  [at + 7_200_000, "measured 2 h before it arrived"],
  // The server's clock was set back meanwhile.
  [at - 60_000, ""],
])("received at %p: %j", (received, words) => {
  expect(waitedWords(received, at)).toBe(words);
});

test.each([
  ["2026-11-22:09:15:06", ""],
  ["2026-11-22:09:15:09.500", ""],
  ["2026-11-22:10:15:06", "The device's clock is 1 h ahead of UTC"],
  ["2026-11-22:09:14:26", "The device's clock is 40 s behind UTC"],
  [String(at / 1000), ""],
  ["yesterday", "No time that the server understands"],
])("the device says %s: %j", (stated, words) => {
  expect(clockWords(stated, at)).toBe(words);
});

test.each([
  ["UTC", "UTC"],
  ["Europe/Berlin", "Europe/Berlin (UTC+01:00)"],
  ["Asia/Kathmandu", "Asia/Kathmandu (UTC+05:45)"],
  ["Pacific/Marquesas", "Pacific/Marquesas (UTC-09:30)"],
])("the zone %s is named %j", (zone, words) => {
  expect(zoneWords(at, zone)).toBe(words);
});
