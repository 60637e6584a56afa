// What operators ask of alerts: an alert is over for them as soon as it is, not when its end is told.

import { expect, setDefaultTimeout, test } from "bun:test";
import { callOperation, operationNames, operationsOn } from "../../lib/alerts/alert-operations.ts";
import { alertLimits, type AlertQuery } from "../../lib/server/alert-store.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { benchWith, hook } from "./alert-bench.ts";

setDefaultTimeout(testTimeoutMs);

const all: AlertQuery = { state: null, rule: null, device: null, before: Infinity, limit: 10 };

test("an alert that is over is listed so at once, and is stored with its message", async () => {
  const bench = await benchWith("offline");
  const sender = { url: "" };
  const ports = {
    now: () => ({ wall: 0, monotonic: 0 }),
    post: async () => ({ failure: "" }),
    sender,
  };
  const operations = operationsOn(bench.desk, ports, () => bench.runner.ends);
  const states = async (query: Partial<AlertQuery>) =>
    (await operations.alerts({ ...all, ...query })).map(
      ({ device, state }) => `${device} ${state}`,
    );
  bench.set("pi2");
  for (const id of ["pi1", "pi2"]) bench.set(id, "silent");
  await bench.wait(70_000);
  expect(await states({ state: "open" })).toEqual(["pi2 firing", "pi1 firing"]);
  bench.set("pi1");
  await bench.wait(1_000);
  expect(bench.store.alerts.alerts(all).map(({ state }) => state)).toEqual(["firing", "firing"]);
  expect(await states({ state: "open" })).toEqual(["pi2 firing"]);
  expect(await states({ state: "resolved" })).toEqual(["pi1 resolved"]);
  expect(await states({})).toEqual(["pi2 firing", "pi1 resolved"]);
  expect(await states({ limit: 1 })).toEqual(["pi2 firing"]);
  expect(await states({ state: "resolved", device: "pi2" })).toEqual([]);
  await bench.wait(60_000);
  expect(bench.runner.ends).toEqual([]);
  expect(await states({})).toEqual(["pi2 firing", "pi1 resolved"]);
});

test("a call of another process carries out an operation by its name, and no other function", async () => {
  const bench = await benchWith("offline");
  const ports = {
    now: () => ({ wall: 0, monotonic: 0 }),
    post: async () => ({ failure: "" }),
    sender: { url: "" },
  };
  const operations = operationsOn(bench.desk, ports);
  expect(Object.keys(operations).toSorted()).toEqual([...operationNames].toSorted());
  expect(await callOperation(operations, "rules", [])).toMatchObject([
    { name: "rule", rule: "offline" },
  ]);
  for (const name of ["constructor", "toString", "", "rules "]) {
    expect(
      await callOperation(operations, name, []).catch((error: { code: string }) => error.code),
    ).toBe("bad-call");
  }
});

test("what several do at the same moment is all done, each upon what the others did", async () => {
  const { desk } = await benchWith("offline");
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, i) => desk.mute({ forMs: 60_000, note: `${i}` })),
  );
  const { mutes } = await desk.settings();
  expect(new Set(made.map(({ name }) => name)).size).toBe(20);
  expect(new Set(mutes.map(({ note }) => note)).size).toBe(20);
  await desk.putDestination("chat", { url: "http://127.0.0.1:1/" });
  const rule = desk.putRule("hot", { rule: "temp > 30", to: ["chat"] });
  const outcomes = await Promise.allSettled([rule, desk.remove("destination", "chat")]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  const rules = Array.from({ length: 70 }, (_, i) => desk.putRule(`r${i}`, { rule: "gone" }));
  await Promise.allSettled(rules);
  expect((await desk.settings()).rules).toHaveLength(alertLimits.rules);
});

test("the number of a mute is never used twice", async () => {
  const { desk } = await benchWith("offline");
  const first = await desk.mute({ forMs: 60_000 });
  expect(await desk.remove("mute", first.name)).toBe(true);
  const second = await desk.mute({ forMs: 60_000 });
  expect(await desk.remove("mute", first.name)).toBe(false);
  expect(await desk.remove("mute", second.name)).toBe(true);
});

test("a destination tells what its last try has shown, also while the message waits", async () => {
  const bench = await benchWith("offline");
  const { wall, monotonic } = bench;
  const ports = {
    now: () => ({ wall, monotonic }),
    post: async () => ({ failure: "" }),
    sender: { url: "" },
  };
  const operations = operationsOn(bench.desk, ports);
  const last = async () => (await operations.destinations()).map((one) => one.last?.status ?? null);
  expect(await last()).toEqual([null]);
  let isAway = true;
  bench.receive(hook, () =>
    isAway ? { failure: "nobody answers there" } : { status: 200, retryAfterMs: null, detail: "" },
  );
  bench.set("pi1", "silent");
  await bench.wait(80_000);
  expect(await last()).toEqual([
    expect.stringMatching(/^not delivered yet \([2-9] tries\): nobody answers there$/),
  ]);
  isAway = false;
  await bench.wait(120_000);
  expect(await last()).toEqual(["200"]);
});

test("mutes are listed in the order in which they were made", async () => {
  const { desk } = await benchWith("offline");
  const now = () => ({ wall: 0, monotonic: 0 });
  const ports = { now, post: async () => ({ failure: "" }), sender: { url: "" } };
  for (let i = 0; i < 11; i++) await desk.mute({ forMs: 60_000, note: `${i}` });
  const notes = (await operationsOn(desk, ports).mutes()).map(({ note }) => note);
  expect(notes).toEqual(Array.from({ length: 11 }, (_, i) => `${i}`));
});
