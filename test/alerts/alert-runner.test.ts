// Alerts from a device to a receiver: what is told when, together, again, or not; restarts, and a store that fails.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { AlertBench, benchWith, hook, textsOf as texts } from "./alert-bench.ts";

setDefaultTimeout(testTimeoutMs);

const [second, minute, hour] = [1_000, 60_000, 3_600_000];

describe("what is told", () => {
  test("that a device is offline, and that it is back", async () => {
    const bench = await benchWith("offline for 10m");
    bench.set("pi1", "silent", new Map([["name", "Cold room"]]));
    await bench.wait(10 * minute + 4 * second);
    expect(texts(bench)).toEqual([]);
    await bench.wait(2 * second);
    expect(texts(bench)).toEqual(["Cold room (pi1) is offline"]);
    expect(bench.store.alerts.alerts(everyAlert)).toMatchObject([
      { state: "firing", notices: 1, rule: "rule", device: "pi1" },
    ]);
    bench.set("pi1");
    await bench.wait(minute);
    expect(texts(bench)).toEqual(["pi1 is back"]);
    expect(bench.store.alerts.alerts(everyAlert)).toMatchObject([
      { state: "resolved", notices: 2 },
    ]);
  });

  test("numbers as they are, at once where the rule has no for", async () => {
    const bench = await benchWith("temp > 30 until < 28 for 1s");
    bench.report("pi1", "temp=31.5");
    await bench.wait(8 * second);
    expect(texts(bench)).toEqual(["temp of pi1 is 31.5 (> 30)"]);
    bench.report("pi1", "temp=27");
    await bench.wait(minute);
    expect(texts(bench)).toEqual(["temp of pi1 is 27 again"]);
  });

  test("nothing of an alert that is over before it was told", async () => {
    const bench = await benchWith("temp > 30 for 1s");
    for (let i = 0; i < 100; i++) {
      bench.report("pi1", "temp=31");
      await bench.wait(3 * second);
      bench.report("pi1", "temp=29");
      await bench.wait(3 * second);
    }
    expect(texts(bench)).toEqual([]);
  });

  test("5,000 devices that fall silent at once are one message, and their return two at most", async () => {
    const bench = await benchWith("offline");
    const ids = Array.from({ length: 5_000 }, (_, i) => `d${i}`);
    for (const id of ids) bench.set(id);
    for (const id of ids) bench.set(id, "silent");
    await bench.wait(2 * minute);
    expect(texts(bench)).toEqual(["5000 devices are offline: d0, d1, … and 4998 more"]);
    for (const id of ids.slice(0, 3)) bench.set(id);
    await bench.wait(10 * second);
    for (const id of ids.slice(3)) bench.set(id);
    await bench.wait(2 * minute);
    const back = texts(bench);
    expect(back.length).toBeLessThanOrEqual(2);
    expect(back[0]).toStartWith("3 devices are back: d0, d1, d2");
  });

  test("again after the time of the rule, six times; with never not at all", async () => {
    const bench = await benchWith("offline", { repeatMs: hour });
    bench.set("pi1", "silent");
    await bench.wait(10 * hour);
    expect(texts(bench)).toHaveLength(7);
    await bench.desk.putRule("rule", { rule: "gone", repeatMs: null });
    await bench.wait(10 * hour);
    // The changed rule has ended the alert of before, and begun its own.
    expect(texts(bench)).toEqual(["pi1 is back", "pi1 is gone"]);
  });

  test("to those that the rule names, or to all", async () => {
    const bench = await benchWith("offline");
    await bench.desk.putDestination("other", { url: "http://other/", format: "text" });
    await bench.desk.putRule("one", { rule: "gone", to: ["other"] });
    bench.set("pi1", "silent");
    await bench.wait(5 * minute);
    expect(texts(bench)).toEqual(["pi1 is offline"]);
    const others = bench.taken<{ text: string }>("http://other/").map(({ text }) => text);
    expect(others.toSorted()).toEqual(["pi1 is gone", "pi1 is offline"]);
  });
});

const everyAlert = { state: null, rule: null, device: null, before: Infinity, limit: 100 } as const;

describe("a mute", () => {
  test("hushes what is meant, and what still fires is told when it ends", async () => {
    const bench = await benchWith("offline");
    await bench.desk.mute({ select: "id=pi1", forMs: hour, note: "new batteries" });
    bench.set("pi2");
    for (const id of ["pi1", "pi2"]) bench.set(id, "silent");
    await bench.wait(59 * minute);
    expect(texts(bench)).toEqual(["pi2 is offline"]);
    await bench.wait(2 * minute);
    expect(texts(bench)).toEqual(["pi1 is offline"]);
  });

  test("lasts no longer than it was meant to, whatever the clock says after a restart", async () => {
    const bench = await benchWith("offline");
    await bench.desk.mute({ forMs: hour });
    bench.wall = 0;
    await bench.restart();
    bench.set("pi1", "silent");
    await bench.wait(59 * minute);
    expect(texts(bench)).toEqual([]);
    await bench.wait(3 * minute);
    expect(texts(bench)).toEqual(["pi1 is offline"]);
  });
});

describe("a restart", () => {
  test("in any state neither repeats nor forgets", async () => {
    const bench = await benchWith("offline for 10m", { repeatMs: null });
    bench.set("pi1", "silent");
    await bench.wait(5 * minute);
    await bench.restart();
    await bench.wait(9 * minute);
    expect(texts(bench)).toEqual([]);
    // It fires, and the server is killed before it is told.
    await bench.wait(minute + second);
    expect(bench.store.alerts.open()).toMatchObject([{ state: "firing", notices: 0 }]);
    expect(texts(bench)).toEqual([]);
    await bench.restart();
    await bench.wait(10 * second);
    expect(texts(bench)).toEqual(["pi1 is offline"]);
    await bench.restart(hour);
    await bench.wait(hour);
    expect(texts(bench)).toEqual([]);
    // It is back, and the server is killed before that is told.
    bench.set("pi1");
    await bench.wait(2 * second);
    await bench.restart();
    await bench.wait(minute);
    expect(texts(bench)).toEqual(["pi1 is back"]);
    await bench.restart();
    await bench.wait(hour);
    expect(texts(bench)).toEqual([]);
  });

  test("goes on with messages that wait, under their numbers", async () => {
    const bench = await benchWith("offline");
    bench.receive(hook, () => ({ failure: "nobody listens there" }));
    bench.set("pi1", "silent");
    await bench.wait(2 * minute);
    const keys = () => new Set(bench.posts.map(({ key }) => key));
    const before = keys();
    expect(before.size).toBe(1);
    bench.taken(hook);
    bench.receive(hook, () => ({ status: 204, retryAfterMs: null, detail: "" }));
    await bench.restart();
    expect(keys()).toEqual(before);
    expect(texts(bench)).toEqual(["pi1 is offline"]);
    await bench.wait(hour);
    expect(texts(bench)).toEqual([]);
    expect(bench.store.alerts.waiting()).toEqual([]);
  });
});

test("a store that fails: nothing is told before it is stored, and all is told then", async () => {
  const bench = await benchWith("offline");
  const { alerts } = bench.store;
  const commit = alerts.commit.bind(alerts);
  alerts.commit = () => {
    throw new Error("the disk is full");
  };
  bench.set("pi1", "silent");
  await bench.wait(10 * minute);
  expect(texts(bench)).toEqual([]);
  expect(new Set(bench.troubles)).toEqual(new Set(["Error: the disk is full"]));
  alerts.commit = commit;
  await bench.wait(2 * second);
  expect(texts(bench)).toEqual(["pi1 is offline"]);
});

test("a server that does not lead any more tells nothing; the next one goes on", async () => {
  const bench = await benchWith("offline");
  const { alerts } = bench.store;
  bench.set("pi1", "silent");
  await bench.wait(50 * second);
  alerts.lead = () => false;
  await bench.wait(hour);
  expect(texts(bench)).toEqual([]);
  expect(bench.runner.status.leads).toBe(false);
  alerts.lead = () => true;
  await bench.wait(2 * minute);
  expect(texts(bench)).toEqual(["pi1 is offline"]);
});

describe("reports at other servers of the store", () => {
  test("are judged as those of this one, each once", async () => {
    const bench = await benchWith("temp > 30 for 1s");
    bench.reportElsewhere("pi1", "temp=31");
    await bench.wait(10 * second);
    expect(texts(bench)).toEqual(["temp of pi1 is 31 (> 30)"]);
    bench.report("pi1", "temp=32");
    bench.reportElsewhere("pi1", "temp=20");
    await bench.wait(minute);
    expect(texts(bench)).toEqual(["temp of pi1 is 20 again"]);
    await bench.wait(hour);
    expect(texts(bench)).toEqual([]);
    expect(bench.follows).toBe(1);
  });

  test("keep a device from being missed; while they cannot be read nobody is", async () => {
    const bench = await benchWith("no report in 10m for 1s");
    bench.report("pi1", "x");
    for (let i = 0; i < 20; i++) {
      await bench.wait(5 * minute);
      bench.reportElsewhere("pi1", "x");
    }
    bench.foreignTrouble = new Error("the store is away");
    await bench.wait(hour);
    expect(texts(bench)).toEqual([]);
    bench.foreignTrouble = null;
    await bench.wait(9 * minute);
    expect(texts(bench)).toEqual([]);
    await bench.wait(2 * minute);
    expect(texts(bench)).toEqual(["pi1 has sent no report for 10m"]);
  });

  test("are read only while this server leads and a rule needs reports", async () => {
    const bench = await benchWith("offline");
    expect(bench.follows).toBe(0);
    await bench.desk.putRule("hot", { rule: "temp > 30" });
    await bench.wait(minute);
    await bench.desk.putRule("cold", { rule: "temp < 3" });
    await bench.wait(minute);
    expect(bench.follows).toBe(1);
    const { alerts } = bench.store;
    alerts.lead = () => false;
    await bench.wait(3 * second);
    const reads = bench.foreignReads;
    await bench.wait(minute);
    expect(bench.foreignReads).toBe(reads);
    alerts.lead = () => true;
    await bench.wait(3 * second);
    expect(bench.follows).toBe(2);
    for (const name of ["hot", "cold"]) await bench.desk.remove("rule", name);
    await bench.wait(3 * second);
    expect(bench.foreignReads).toBeGreaterThan(reads);
    const after = bench.foreignReads;
    await bench.wait(minute);
    expect(bench.foreignReads).toBe(after);
  });
});

test("without rules nothing is loaded and nothing is subscribed to", async () => {
  const bench = new AlertBench();
  let reads = 0;
  const { alerts } = bench.store;
  const open = alerts.open.bind(alerts);
  alerts.open = () => (reads++, open());
  await bench.wait(hour);
  expect(reads).toBe(1);
});

test("a device that waits to be let in, and a command that failed, are told as long as that is so", async () => {
  const bench = await benchWith("device waits");
  await bench.desk.putRule("failed", { rule: "command failed" });
  await bench.wait(2 * second);
  bench.door("new", "waiting");
  bench.commandEnded("pi1", "failed");
  await bench.wait(10 * second);
  expect(texts(bench).toSorted()).toEqual(["a command to pi1 failed", "new waits to be let in"]);
  bench.commandEnded("pi1", "cancelled");
  await bench.wait(minute);
  expect(texts(bench)).toEqual([]);
  bench.door("new", "approved");
  bench.commandEnded("pi1", "done");
  await bench.wait(minute);
  expect(texts(bench).toSorted()).toEqual([
    "new does not wait any more",
    "pi1 does as it is told again",
  ]);
});
