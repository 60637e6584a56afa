// What was so before a rule, or before a server leads: devices that wait are found, and commands that have ended while none led are
// told of; what is over meanwhile ends.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { AlertBench, benchWith, hook, textsOf } from "./alert-bench.ts";

setDefaultTimeout(testTimeoutMs);

const [second, minute] = [1_000, 60_000];
const openOnes = { rule: null, device: null, before: Infinity, limit: 9 } as const;

/** The lines of all texts; one message may have several. */
const linesOf = (bench: AlertBench) =>
  textsOf(bench)
    .flatMap((text) => text.split("\n"))
    .toSorted();
const firing = (bench: AlertBench) => bench.runner.firing.map(({ alert }) => alert.device);

describe("device waits", () => {
  test("a rule finds who waits already", async () => {
    const bench = await benchWith("offline");
    bench.door("new", "waiting");
    bench.door("other", "waiting");
    await bench.wait(minute);
    expect(bench.looks).toBe(0);
    await bench.desk.putRule("door", { rule: "device waits" });
    await bench.wait(10 * second);
    expect(textsOf(bench)).toEqual(["2 devices wait to be let in: new, other"]);
    bench.door("new", "rejected");
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual(["new does not wait any more"]);
    // It is changed: who still waits is told anew.
    await bench.desk.putRule("door", { rule: "device waits for 5s" });
    await bench.wait(minute);
    expect(linesOf(bench)).toEqual(["other does not wait any more", "other waits to be let in"]);
  });

  test("a rule that was changed looks at once, also if the door was looked at just now", async () => {
    const bench = await benchWith("device waits");
    bench.door("new", "waiting");
    await bench.wait(minute);
    bench.looks = 0;
    while (bench.looks === 0) await bench.wait(second);
    await bench.desk.putRule("rule", { rule: "device waits", select: "id=new" });
    await bench.wait(3 * second);
    expect(bench.store.alerts.alerts({ ...openOnes, state: "firing" })).toMatchObject([
      { device: "new", notices: 0 },
    ]);
  });

  test("the first rule of all does, too", async () => {
    const bench = new AlertBench();
    bench.door("new", "waiting");
    await bench.desk.putDestination("hook", { url: hook, format: "text" });
    await bench.wait(minute);
    await bench.desk.putRule("door", { rule: "device waits" });
    await bench.wait(10 * second);
    expect(textsOf(bench)).toEqual(["new waits to be let in"]);
  });

  test("it ends with an approval, a rejection, and without any word when a device is forgotten", async () => {
    const bench = await benchWith("device waits");
    const ids = ["approved", "forgotten", "rejected", "stays"];
    for (const id of ids) bench.door(id, "waiting");
    await bench.wait(10 * second);
    expect(textsOf(bench)).toHaveLength(1);
    bench.door("approved", "approved");
    bench.door("rejected", "rejected");
    bench.waiting?.delete("forgotten");
    await bench.wait(20 * second);
    expect(firing(bench)).toEqual(["stays"]);
  });

  test("a restart neither forgets nor repeats, and finds what has changed meanwhile", async () => {
    const bench = await benchWith("device waits", { repeatMs: null });
    bench.door("gone", "waiting");
    bench.door("stays", "waiting");
    await bench.wait(minute);
    expect(textsOf(bench)).toHaveLength(1);
    bench.waiting = new Set(["stays", "came"]);
    await bench.restart(minute);
    await bench.wait(2 * minute);
    expect(linesOf(bench)).toEqual(["came waits to be let in", "gone does not wait any more"]);
  });

  test("who came to another server is found within seconds, and a store that does not tell ends nothing", async () => {
    const bench = await benchWith("device waits");
    bench.waiting?.add("elsewhere");
    await bench.wait(20 * second);
    expect(textsOf(bench)).toEqual(["elsewhere waits to be let in"]);
    bench.waiting = null;
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual([]);
    const { looks } = bench;
    await bench.wait(minute);
    expect(bench.looks - looks).toBeLessThanOrEqual(6);
  });

  test("a look that is older than what was told meanwhile changes nothing of it", async () => {
    const bench = await benchWith("device waits");
    bench.door("new", "waiting");
    await bench.wait(minute);
    expect(textsOf(bench)).toHaveLength(1);
    // Approved between the read and its answer; another one came.
    bench.onLook = () => {
      bench.onLook = () => {};
      bench.door("new", "approved");
      bench.door("late", "waiting");
    };
    bench.looks = 0;
    while (bench.looks === 0) await bench.wait(second);
    expect(firing(bench)).toEqual(["late"]);
  });

  test("its selector is asked of the id: a stranger has no labels", async () => {
    const bench = await benchWith("device waits", { select: "id=th-*" });
    bench.waiting = new Set(["th-1", "pi1"]);
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual(["th-1 waits to be let in"]);
  });
});

describe("command failed", () => {
  test("a rule is not told of what failed before it; commands of other servers are heard from it on", async () => {
    const bench = await benchWith("offline");
    bench.commandEnded("pi1", "failed");
    await bench.wait(second);
    expect(bench.commandLoads).toBe(0);
    await bench.desk.putRule("failed", { rule: "command failed" });
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual([]);
    expect(bench.commandLoads).toBe(1);
    bench.commandEnded("pi1", "expired");
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual(["a command to pi1 failed"]);
  });

  test("commands that other servers were given and ended within a moment are found, each once", async () => {
    const bench = await benchWith("offline");
    bench.endElsewhere("old", "failed");
    await bench.desk.putRule("failed", { rule: "command failed" });
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual([]);
    bench.endElsewhere("pi1", "done");
    bench.endElsewhere("pi1", "failed");
    bench.endElsewhere("pi1", "cancelled");
    bench.endElsewhere("mended", "expired");
    bench.endElsewhere("mended", "done");
    await bench.wait(minute);
    expect(linesOf(bench)).toEqual(["a command to pi1 failed"]);
    bench.commandEnded("pi1", "done");
    await bench.wait(minute);
    expect(linesOf(bench)).toEqual(["pi1 does as it is told again"]);
    await bench.wait(10 * minute);
    // Without a rule nothing is looked at, and a rule of later is not told of it.
    await bench.desk.remove("rule", "failed");
    await bench.wait(minute);
    bench.endElsewhere("pi1", "failed");
    await bench.desk.putRule("failed", { rule: "command failed" });
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual([]);
  });

  test("nor is the first rule of all", async () => {
    const bench = new AlertBench();
    await bench.desk.putDestination("hook", { url: hook, format: "text" });
    await bench.wait(minute);
    bench.commandEnded("pi1", "failed");
    await bench.desk.putRule("failed", { rule: "command failed" });
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual([]);
  });

  test("what ends before a server begins to lead is told then, if that was a short time ago", async () => {
    const bench = await benchWith("command failed");
    let leads = false;
    bench.store.alerts.lead = () => leads;
    await bench.restart();
    bench.commandEnded("old", "failed");
    await bench.wait(3 * minute);
    bench.commandEnded("mended", "failed");
    bench.commandEnded("mended", "done");
    bench.commandEnded("pi1", "failed");
    bench.commandEnded("pi1", "cancelled");
    await bench.wait(10 * second);
    expect(textsOf(bench)).toEqual([]);
    leads = true;
    await bench.wait(20 * second);
    expect(textsOf(bench)).toEqual(["a command to pi1 failed"]);
  });

  test("what expires in the first moment of a start is told; an open alert goes on, and ends with a done one", async () => {
    const bench = await benchWith("command failed", { repeatMs: null });
    bench.commandEnded("pi1", "failed");
    await bench.wait(10 * second);
    expect(textsOf(bench)).toHaveLength(1);
    bench.runner.close();
    const started = bench.restart();
    bench.commandEnded("pi2", "expired");
    await started;
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual(["a command to pi2 failed"]);
    bench.commandEnded("pi1", "done");
    await bench.wait(minute);
    expect(textsOf(bench)).toEqual(["pi1 does as it is told again"]);
  });
});
