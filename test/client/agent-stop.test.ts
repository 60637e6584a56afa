// The end of the agent: what it delivers after a stop, for how long, and what it says of the rest.

import { expect, setDefaultTimeout, test } from "bun:test";
import { World } from "./agent-world.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("stopped while the server is down, it gives up after its drain time and says how many reports are left", () => {
  const world = new World().start();
  world.server.up = false;
  world.report("one");
  world.stop();
  world.pass(9_999);
  expect(world.agent.ended).toBe(false);
  world.pass(1);
  expect(world.events.at(-1)).toEqual({
    kind: "stopped",
    loggedOff: false,
    undelivered: 1,
    kept: 0,
  });
  expect(world.agent.wakeAt).toBeNull();
});

test("stopped while it waits for a server that is back, it asks at once and delivers all", () => {
  const world = new World().start();
  world.server.up = false;
  for (let i = 0; i < 35; i++) world.report(`report ${i}`);
  world.pass(40_000);
  world.server.up = true;
  world.server.loggedIn = false;
  world.stop();
  expect(world.server.reports).toHaveLength(35);
  expect(world.events.at(-1)).toEqual({
    kind: "stopped",
    loggedOff: true,
    undelivered: 0,
    kept: 0,
  });
});

test("stopped while it pauses after a 95, it delivers within its drain time", () => {
  const world = new World().start();
  world.server.refuse.set("DATA", ["95", "95"]);
  world.report("one");
  world.stop();
  world.pass(5_000);
  expect(world.server.reports).toEqual(["one"]);
  expect(world.events.at(-1)).toEqual({
    kind: "stopped",
    loggedOff: true,
    undelivered: 0,
    kept: 0,
  });
});

test("stopped before its first login, it delivers what it has", () => {
  const world = new World();
  world.server.up = false;
  world.start();
  world.report("one");
  world.pass(5_000);
  world.server.up = true;
  world.stop();
  expect(world.server.reports).toEqual(["one"]);
  expect(world.kinds).toEqual(["registered", "logged-in", "stopped"]);
});

test("a server that answers slowly is left at the end of the drain time, with a LOGOFF", () => {
  const world = new World().start();
  world.server.refuse.set("DATA", Array(100).fill("95"));
  world.report("one");
  world.stop();
  world.pass(20_000);
  expect(world.events.at(-1)).toEqual({
    kind: "stopped",
    loggedOff: true,
    undelivered: 1,
    kept: 0,
  });
});

test("a second stop ends it at once, and says what is left", () => {
  const world = new World().start();
  world.server.up = false;
  world.report("one");
  world.stop();
  world.stop();
  expect(world.events.at(-1)).toEqual({
    kind: "stopped",
    loggedOff: false,
    undelivered: 1,
    kept: 0,
  });
  expect(world.agent.wakeAt).toBeNull();
});

test("stopped before it was ever logged in, it ends at once", () => {
  const world = new World();
  world.server.up = false;
  world.start();
  world.stop();
  expect(world.kinds).toEqual(["stopped"]);
});
