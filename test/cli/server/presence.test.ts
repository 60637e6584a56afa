// Presence as text for a person.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ago, describePresence, describeWaiting, stamp } from "../../../lib/cli/server/presence.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** 2026-11-22 09:14:06 UTC. */
const now = 1_795_338_846_000;
const minute = 60_000;

describe("presence", () => {
  const session = {
    started: now - 60 * minute,
    lastSeen: now - 5 * minute,
    ended: null,
    reason: null,
  };
  const ended = { ...session, ended: now - minute };

  test.each([
    ["never logged in", null, true],
    ["never logged in", null, false],
    ["online", session, true],
    ["last seen 2026-11-22 09:09:06Z (5 min ago), server stopped", session, false],
    [
      "offline since 2026-11-22 09:13:06Z (60 s ago, logged off)",
      { ...ended, reason: "logoff" },
      true,
    ],
    // Silence is noticed later than it began, so the time of the last packet is shown.
    [
      "offline since 2026-11-22 09:09:06Z (5 min ago, fell silent)",
      { ...ended, reason: "offline" },
      false,
    ],
    [
      "offline since 2026-11-22 09:13:06Z (60 s ago, replaced)",
      { ...ended, reason: "replaced" },
      true,
    ],
    [
      "offline since 2026-11-22 09:13:06Z (60 s ago, deregistered)",
      { ...ended, reason: "deregistered" },
      true,
    ],
    ["offline since 2026-11-22 09:13:06Z (60 s ago, ended)", ended, true],
  ] as const)("%s", (words, of, served) => {
    expect(describePresence(of, served, now)).toBe(words);
  });

  test.each([
    ["online", 60, true],
    ["online", null, true],
    ["online: last packet 5 min ago, one every 1 h", 3_600, true],
    ["last seen 2026-11-22 09:09:06Z (5 min ago), server stopped", 3_600, false],
  ])("to who waits: %s", (words, everySeconds, served) => {
    expect(describeWaiting({ ...session, everySeconds }, served, now)).toBe(words);
    expect(describeWaiting({ ...ended, everySeconds }, served, now)).toContain("offline since");
  });

  test.each([
    [-5_000, "0 s"],
    [0, "0 s"],
    [119_499, "119 s"],
    [120_000, "2 min"],
    [7_199_000, "120 min"],
    [7_200_000, "2 h"],
    [172_799_000, "48 h"],
    [172_800_000, "2 d"],
    [90 * 86_400_000, "90 d"],
  ])("%d ms ago is %s", (ms, words) => expect(ago(ms)).toBe(words));

  test("a time", () => expect(stamp(now)).toBe("2026-11-22 09:14:06Z"));
});
