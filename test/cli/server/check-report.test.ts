// What `iot-server check` prints: sizes, damage, leftovers, and what to do about them.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { checkLines, size } from "../../../lib/cli/server/check-report.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

describe("a check", () => {
  const sound = {
    schema: 2,
    served: true,
    bytes: 5_000_000,
    logBytes: 0,
    freeBytes: 4_096,
    diskFreeBytes: 9e9,
    devices: 1,
    sessions: 2,
    reports: 3,
    reservedIds: [],
    damage: [],
    leftovers: [],
    secondNames: [],
  };

  test("of a sound database", () => {
    expect(checkLines("iot.db", sound)).toEqual([
      "iot.db: schema 2, served now",
      "5.0 MB, 4.1 kB of it free to be used again; 0 bytes in its log; 9.0 GB free on the disk",
      "1 device, 2 sessions, 3 reports",
      "Every page is whole, and every report is found.",
    ]);
  });

  test("reports damage and what to do", () => {
    const text = checkLines("iot.db", { ...sound, reports: null, damage: ["page 7"] }).join("\n");
    expect(text).toContain("damaged: page 7");
    expect(text).toContain("iot-server restore --db iot.db");
    expect(text).toContain(".recover");
    expect(text).toContain("reports unreadable");
    expect(text).not.toContain("whole, and");
  });

  test("reports a device with an id that no device may have", () => {
    const text = checkLines("iot.db", { ...sound, reservedIds: ["server"] }).join("\n");
    expect(text).toContain("A device is registered as server, which no device may be called");
  });

  test("reports leftovers, and that the disk is nearly full", () => {
    const left = {
      leftovers: [{ path: "a.unfinished", bytes: 5 }],
      secondNames: ["iot.db.before"],
    };
    const text = checkLines("iot.db", { ...sound, ...left, diskFreeBytes: 1_000 }).join("\n");
    expect(text).toContain("a.unfinished (5 bytes) was left by");
    expect(text).toContain("iot.db.before is iot.db under a second name");
    expect(text).toContain("disk is nearly full");
  });

  test.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1_000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [1_234_567_890, "1.2 GB"],
    [5e15, "5000.0 TB"],
  ])("%d is %s", (bytes, words) => expect(size(bytes)).toBe(words));
});
