// For how much of a time a device was logged in, by its sessions.

import { expect, setDefaultTimeout, test } from "bun:test";
import { availabilityOf, type Spell } from "../../lib/fleet/availability.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const frame = { from: 1_000, to: 2_000, parts: 4 };
const spell = (started: number, ended: number | null, changes: Partial<Spell> = {}): Spell => ({
  started,
  lastSeen: ended ?? started,
  ended,
  reason: ended === null ? null : "logoff",
  ...changes,
});

test.each<[string, Spell[], number, number | null, (number | null)[]]>([
  ["no session", [], 0, 0, [0, 0, 0, 0]],
  ["all of it, as the session is open", [spell(5, null)], 0, 1, [1, 1, 1, 1]],
  ["a session before it", [spell(5, 900)], 0, 0, [0, 0, 0, 0]],
  ["a session across its begin", [spell(5, 1_125)], 0, 0.125, [0.5, 0, 0, 0]],
  ["two with a gap", [spell(1_500, 2_000), spell(1_000, 1_250)], 0, 0.75, [1, 0, 1, 1]],
  ["what overlaps counts once", [spell(1_000, 1_600), spell(1_400, 1_500)], 0, 0.6, [1, 1, 0.4, 0]],
  [
    "silent since its last packet",
    [spell(1_000, 1_900, { reason: "offline", lastSeen: 1_250 })],
    0,
    0.25,
    [1, 0, 0, 0],
  ],
  ["registered meanwhile", [spell(1_600, null)], 1_500, 0.8, [null, null, 0.6, 1]],
  ["registered later", [], 2_500, null, [null, null, null, null]],
  ["the clock was set back", [spell(1_900, 1_100)], 0, 0, [0, 0, 0, 0]],
])("%s", (_, sessions, known, share, parts) => {
  const found = availabilityOf(sessions, frame, known);
  expect(found.share === null ? null : Number(found.share.toFixed(6))).toBe(share);
  expect(found.parts.map((one) => (one === null ? null : Number(one.toFixed(6))))).toEqual(parts);
});
