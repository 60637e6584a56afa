// When alerts begin, fire and end: `for`, hysteresis, silence, changed rules and devices, and clocks.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { alertLimits } from "../../lib/server/alert-store.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { fleetWith, JudgedFleet, ruleOf } from "./judged-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const [second, minute, hour] = [1_000, 60_000, 3_600_000];

describe("offline", () => {
  test("fires when a device has been silent for long enough, and ends when it is back", () => {
    const fleet = fleetWith("offline for 10m");
    fleet.set("pi1", "silent");
    expect(fleet.heard()).toEqual(["pending offline for 10m pi1"]);
    fleet.wait(10 * minute - second);
    expect(fleet.heard()).toEqual([]);
    fleet.wait(second);
    expect(fleet.heard()).toEqual(["fired offline for 10m pi1"]);
    fleet.wait(hour);
    fleet.set("pi1");
    expect(fleet.heard()).toEqual(["resolved offline for 10m pi1"]);
  });

  test("a device that flaps is never told of", () => {
    const fleet = fleetWith("offline for 10m");
    for (let i = 0; i < 20; i++) {
      fleet.set("pi1", "silent");
      fleet.wait(9 * minute);
      fleet.set("pi1");
      fleet.wait(minute);
    }
    expect(new Set(fleet.heard())).toEqual(
      new Set(["pending offline for 10m pi1", "dropped offline for 10m pi1"]),
    );
  });

  test("is not for one that logged off or never logged in; gone is for the former, too", () => {
    const fleet = fleetWith("offline", "gone");
    fleet.set("pi2", "never");
    fleet.set("pi1", "left");
    fleet.wait(hour);
    expect(fleet.heard()).toEqual(["pending gone pi1", "fired gone pi1"]);
    fleet.set("pi1", "silent");
    fleet.wait(hour);
    expect(fleet.heard()).toEqual(["pending offline pi1", "fired offline pi1"]);
    fleet.set("pi1");
    expect(fleet.heard()).toEqual(["resolved offline pi1", "resolved gone pi1"]);
  });

  test("of those that are silent already when the rule is made", () => {
    const fleet = fleetWith();
    fleet.set("pi1", "silent");
    fleet.rules(ruleOf("offline"));
    fleet.wait(minute);
    expect(fleet.heard()).toEqual(["pending offline pi1", "fired offline pi1"]);
  });
});

describe("a number", () => {
  test("fires only if no report in between was within bounds, and ends with the first that is", () => {
    const fleet = fleetWith("temp > 30 for 5m");
    fleet.report("pi1", "temp=31");
    fleet.wait(4 * minute);
    fleet.report("pi1", "temp=29");
    fleet.report("pi1", "temp=31");
    fleet.wait(4 * minute);
    fleet.report("pi1", "hum=3 temp=32°C");
    expect(fleet.heard().map((line) => line.split(" ")[0])).toEqual([
      "pending",
      "dropped",
      "pending",
    ]);
    // The device need not report again.
    fleet.wait(minute);
    expect(fleet.heard()).toEqual(["fired temp > 30 for 5m pi1 32"]);
    fleet.report("pi1", "hum=3");
    fleet.report("pi1", "temp=hot");
    fleet.set("pi1", "silent");
    fleet.wait(hour);
    expect(fleet.heard()).toEqual([]);
    fleet.report("pi1", '{"temp": 30}');
    expect(fleet.heard()).toEqual(["resolved temp > 30 for 5m pi1 30"]);
  });

  test("with until ends there, and a pending one earlier", () => {
    const fleet = fleetWith("temp > 30 until < 28 for 1m");
    fleet.report("pi1", "temp=31");
    fleet.report("pi1", "temp=29");
    expect(fleet.heard().at(-1)).toStartWith("dropped");
    fleet.report("pi1", "temp=31");
    fleet.wait(minute);
    for (const value of [29, 31, 28]) fleet.report("pi1", `temp=${value}`);
    expect(fleet.heard().map((line) => line.split(" ")[0])).toEqual(["pending", "fired"]);
    fleet.report("pi1", "temp=27.9");
    expect(fleet.heard()).toEqual(["resolved temp > 30 until < 28 for 1m pi1 27.9"]);
  });

  test("of several fields and rules, each by itself", () => {
    const fleet = new JudgedFleet();
    fleet.set("pi1");
    const now = { forMs: 0 };
    fleet.rules(ruleOf("a > 1", now), ruleOf("a > 2", now), ruleOf("b < 0", now));
    fleet.report("pi1", "a=2 b=-1");
    fleet.report("pi1", "a=3 b=1");
    expect(fleet.heard()).toEqual([
      "fired a > 1 pi1 2",
      "fired b < 0 pi1 -1",
      "fired a > 2 pi1 3",
      "resolved b < 0 pi1 1",
    ]);
  });
});

describe("no report", () => {
  test("counts from the last one, of any or of a field; and not of devices that never sent one", () => {
    const fleet = fleetWith("no report in 1h", "no report of temp in 2h");
    fleet.set("pi2");
    fleet.report("pi1", "temp=1");
    fleet.wait(2 * hour - minute);
    fleet.report("pi1", "hum=1");
    fleet.wait(hour + 2 * minute);
    expect(fleet.heard()).toEqual([
      "pending no report in 1h pi1",
      "fired no report in 1h pi1",
      "resolved no report in 1h pi1",
      "pending no report of temp in 2h pi1",
      "fired no report of temp in 2h pi1",
      "pending no report in 1h pi1",
      "fired no report in 1h pi1",
    ]);
    expect(fleet.judge.asked(10)).toEqual(["pi2"]);
    fleet.judge.tell("pi2", false);
    fleet.wait(hour);
    expect(fleet.judge.asked(10)).toEqual([]);
    expect(fleet.heard()).toEqual([]);
  });

  test("after a restart the store says who has ever reported", () => {
    const fleet = fleetWith("no report in 1h");
    fleet.report("pi1", "1");
    fleet.restart();
    fleet.wait(hour + second);
    expect([fleet.judge.asked(10), fleet.heard()]).toEqual([["pi1"], []]);
    fleet.judge.tell("pi1", true);
    fleet.wait(minute + second);
    expect(fleet.heard()).toEqual(["pending no report in 1h pi1", "fired no report in 1h pi1"]);
  });
});

describe("what changes", () => {
  test("a device that is relabelled or deregistered is meant no more", () => {
    const fleet = new JudgedFleet();
    const kitchen = new Map([["area", "Kitchen"]]);
    fleet.rules(ruleOf("temp > 30", { select: "area=Kitchen", forMs: 0 }));
    fleet.set("pi1");
    fleet.report("pi1", "temp=31");
    expect(fleet.heard()).toEqual([]);
    fleet.set("pi1", "online", kitchen);
    fleet.report("pi1", "temp=31");
    fleet.set("pi1", "silent", kitchen);
    fleet.set("pi1");
    fleet.set("pi1", "online", kitchen);
    fleet.report("pi1", "temp=32");
    fleet.remove("pi1");
    fleet.report("pi1", "temp=33");
    expect(fleet.heard()).toEqual([
      "fired temp > 30 pi1 31",
      "resolved temp > 30 pi1 31",
      "fired temp > 30 pi1 32",
      "resolved temp > 30 pi1 32",
    ]);
  });

  test("a rule with another condition begins anew; another severity or receiver changes nothing", () => {
    const fleet = fleetWith("temp > 30");
    fleet.report("pi1", "temp=35");
    fleet.wait(minute);
    fleet.heard();
    fleet.rules(ruleOf("temp > 30", { severity: "critical", to: ["phone"], repeatMs: null }));
    fleet.wait(minute);
    expect(fleet.heard()).toEqual([]);
    expect([...fleet.judge.alerts].map(({ rule }) => rule.severity)).toEqual(["critical"]);
    fleet.rules(ruleOf("temp > 34", { name: "temp > 30" }));
    fleet.report("pi1", "temp=35");
    fleet.rules(ruleOf("temp > 34", { name: "temp > 30", isEnabled: false }));
    expect(fleet.heard()).toEqual([
      "resolved temp > 30 pi1 35",
      "pending temp > 30 pi1 35",
      "dropped temp > 30 pi1 35",
    ]);
  });

  test("a rule that has changed holds for nobody before the next step, and leaves nothing open", () => {
    const fleet = fleetWith("temp > 30", "hum > 50");
    for (const rules of [[ruleOf("temp > 34", { name: "temp > 30" })], []]) {
      fleet.judge.setRules(rules, fleet.now);
      fleet.report("pi1", "temp=33 hum=60");
      fleet.wait(second);
      expect([fleet.heard(), [...fleet.judge.alerts]]).toEqual([[], []]);
    }
    fleet.rules(ruleOf("temp > 34", { name: "temp > 30" }));
    fleet.report("pi1", "temp=35");
    expect(fleet.heard()).toEqual(["pending temp > 30 pi1 35"]);
  });

  test("the wall clock changes nothing but what is written down", () => {
    const fleet = fleetWith("offline for 10m", "no report in 1h", "temp > 30 for 5m");
    fleet.report("pi1", "temp=31");
    fleet.setWall(0);
    fleet.wait(5 * minute - second);
    expect(fleet.heard()).toEqual(["pending temp > 30 for 5m pi1 31"]);
    fleet.setWall(Date.UTC(2100, 1, 1));
    fleet.wait(second);
    expect(fleet.heard()).toEqual(["fired temp > 30 for 5m pi1 31"]);
    const [{ alert } = { alert: null }] = [...fleet.judge.alerts];
    expect(alert?.since).toBe(Date.UTC(2026, 10, 28) + hour);
  });

  test("what others watch, also of devices that are not registered", () => {
    const fleet = fleetWith("device waits", "command failed");
    fleet.judge.note("device waits", "new", true, fleet.now);
    fleet.judge.note("command failed", "pi1", true, fleet.now);
    fleet.judge.note("command failed", "pi1", true, fleet.now);
    fleet.wait(minute);
    fleet.restart();
    fleet.judge.changed("new", fleet.now);
    fleet.judge.note("device waits", "new", false, fleet.now);
    fleet.judge.note("command failed", "pi1", false, fleet.now);
    fleet.wait(0);
    expect(fleet.heard()).toEqual([
      "fired device waits new",
      "fired command failed pi1",
      "resolved device waits new",
      "resolved command failed pi1",
    ]);
  });
});

test("open alerts are bounded, and those without room are counted", () => {
  const fleet = new JudgedFleet();
  const over = 10;
  fleet.rules(ruleOf("offline"));
  for (let i = 0; i < alertLimits.openAlerts + over; i++) fleet.set(`d${i}`, "silent");
  expect([...fleet.judge.alerts]).toHaveLength(alertLimits.openAlerts);
  expect(fleet.judge.alerts.dropped).toBe(over);
});
