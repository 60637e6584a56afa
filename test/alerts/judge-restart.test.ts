// Alerts across a restart, in each state: nothing is told twice, nothing is forgotten, and there is no storm.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { fleetWith, JudgedFleet, ruleOf } from "./judged-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const [second, minute, hour] = [1_000, 60_000, 3_600_000];

describe("a restart neither repeats nor forgets", () => {
  test("a pending alert waits anew", () => {
    const fleet = fleetWith("offline for 10m");
    fleet.set("pi1", "silent");
    fleet.wait(9 * minute);
    fleet.restart(hour);
    fleet.wait(9 * minute);
    expect(fleet.heard()).toEqual(["pending offline for 10m pi1"]);
    fleet.wait(minute);
    expect(fleet.heard()).toEqual(["fired offline for 10m pi1"]);
    expect(fleet.stored.size).toBe(1);
  });

  test("a firing one stays, and ends if it is over by then", () => {
    const fleet = fleetWith("offline", "temp > 30");
    fleet.set("pi1", "silent");
    fleet.report("pi1", "temp=31");
    fleet.wait(hour);
    fleet.heard();
    for (let i = 0; i < 3; i++) {
      fleet.restart(minute);
      fleet.wait(hour);
    }
    expect(fleet.heard()).toEqual([]);
    const { devices } = fleet;
    devices.set("pi1", { ...devices.get("pi1"), presence: "online" } as never);
    fleet.restart();
    fleet.report("pi1", "temp=30");
    expect(fleet.heard()).toEqual(["resolved offline pi1", "resolved temp > 30 pi1 30"]);
  });

  test("no storm: who is silent has a minute, at least, to be heard", () => {
    const fleet = new JudgedFleet();
    for (let i = 0; i < 100; i++) fleet.set(`d${i}`, "silent");
    fleet.rules(ruleOf("offline", { forMs: 0 }));
    fleet.wait(minute - second);
    for (let i = 0; i < 99; i++) fleet.set(`d${i}`);
    fleet.heard();
    fleet.wait(second);
    expect(fleet.heard()).toEqual(["fired offline d99"]);
  });

  test("without its rule or its device an alert is over", () => {
    const fleet = fleetWith("offline", "temp > 30");
    fleet.set("pi2");
    for (const id of ["pi1", "pi2"]) fleet.set(id, "silent");
    fleet.report("pi1", "temp=31");
    fleet.wait(minute);
    fleet.heard();
    fleet.devices.delete("pi2");
    fleet.rules(ruleOf("temp > 30"));
    fleet.heard();
    fleet.restart();
    expect(fleet.heard()).toEqual([]);
    expect([...fleet.stored.values()].map(({ rule }) => rule)).toEqual(["temp > 30"]);
    fleet.devices.delete("pi1");
    fleet.restart();
    expect(fleet.heard()).toEqual(["resolved temp > 30 pi1 31"]);
  });
});
