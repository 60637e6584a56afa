// The agent against a small server, with a virtual clock and a lossy network: no report is lost or doubled, and all
// arrive in order.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ReportQueue } from "../../lib/client/report-queue.ts";
import { World } from "./agent-world.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("it registers, logs in, states its interval, delivers and logs off", () => {
  const world = new World().start();
  world.report("21 degrees");
  world.stop();
  expect(world.server.seen).toEqual(["REGISTER", "LOGIN", "STATUS", "DATA", "LOGOFF"]);
  expect(world.events).toEqual([
    { kind: "registered", code: "00" },
    { kind: "logged-in", again: false },
    { kind: "stopped", loggedOff: true, undelivered: 0, kept: 0 },
  ]);
  expect(world.agent.ended).toBe(true);
});

test("it sends one heartbeat per interval", () => {
  const world = new World().start();
  world.pass(300_000);
  expect(world.server.seen.filter((type) => type === "STATUS")).toHaveLength(6);
});

test.each(["11", "12", "13", "31"])("a REGISTER refused with %s ends the agent", (code) => {
  const world = new World();
  world.server.refuse.set("REGISTER", [code]);
  world.start();
  expect(world.events).toEqual([
    { kind: "refused", verb: "REGISTER", code, reason: "", undelivered: 0, kept: 0 },
  ]);
  expect(world.agent.wakeAt).toBeNull();
  world.report("too late");
  expect(world.server.reports).toEqual([]);
});

test("who has to wait is told why, once, and that the server is not away", () => {
  const world = new World();
  world.server.busyReason = "waiting for approval";
  world.server.refuse.set("REGISTER", ["93", "93", "93", "93"]);
  world.start();
  world.pass(120_000);
  expect(world.events).toEqual([
    { kind: "later", code: "93", reason: "waiting for approval" },
    { kind: "registered", code: "00" },
    { kind: "logged-in", again: false },
  ]);
});

test("a wrong password ends the agent at the LOGIN", () => {
  const world = new World();
  world.server.registered = true;
  world.server.password = "another";
  world.start();
  expect(world.kinds).toEqual(["registered", "refused"]);
  expect(world.server.seen).toEqual(["REGISTER", "LOGIN"]);
});

test("a lost session is opened again, and the report that met the refusal is delivered", () => {
  const world = new World().start();
  world.pass(10_000);
  world.server.loggedIn = false;
  world.report("one");
  world.report("two");
  expect(world.server.reports).toEqual(["one", "two"]);
  expect(world.events.at(-1)).toEqual({ kind: "logged-in", again: true });
});

test("a device that was deregistered meanwhile registers again", () => {
  const world = new World().start();
  world.pass(10_000);
  world.server.loggedIn = false;
  world.server.registered = false;
  world.report("one");
  expect(world.server.reports).toEqual(["one"]);
  expect(world.kinds).toEqual(["registered", "logged-in", "registered", "logged-in"]);
});

test("a session that is lost again at once is not reopened at once", () => {
  const world = new World().start();
  world.server.refuse.set("DATA", ["51", "51", "51"]);
  world.report("one");
  expect(world.server.reports).toEqual([]);
  world.pass(120_000);
  expect(world.server.reports).toEqual(["one"]);
});

test.each(["11", "12", "13"])(
  "a registered device whose REGISTER is refused with %s logs in and goes on, with a notice",
  (code) => {
    const world = new World();
    world.server.registered = true;
    world.server.refuse.set("REGISTER", [code]);
    world.start();
    world.report("one");
    expect(world.kinds).toEqual(["registration-kept", "logged-in"]);
    expect(world.events[0]).toEqual({ kind: "registration-kept", code, reason: "" });
    expect(world.server.reports).toEqual(["one"]);
  },
);

test("after a refused REGISTER a device tries LOGIN once", () => {
  const world = new World();
  world.server.refuse.set("REGISTER", ["12"]);
  world.start();
  world.pass(600_000);
  expect(world.server.seen).toEqual(["REGISTER", "LOGIN"]);
  expect(world.events).toMatchObject([{ kind: "refused", verb: "REGISTER", code: "12" }]);
});

test("two devices of one id do not fight: they log in again three times, then ever more seldom", () => {
  const world = new World().start();
  const logins = () => world.server.seen.filter((type) => type === "LOGIN").length;
  /** Another device logs in two seconds after each login of this one. */
  const contest = (ms: number) => {
    for (const end = world.now + ms; world.now < end;) {
      world.pass(2_000);
      world.server.loggedIn = false;
      if (world.agent.queue.length === 0) world.report("x");
    }
  };
  contest(40_000);
  expect(logins()).toBeLessThanOrEqual(4);
  expect(world.events).toContainEqual({ kind: "contested", lost: 3, pauseMs: 60_000 });
  contest(3_600_000);
  expect(logins()).toBeLessThanOrEqual(4 + 10);
  expect(world.events.findLast(({ kind }) => kind === "contested")).toMatchObject({
    pauseMs: 600_000,
  });
  // The other device is gone: nothing is lost, and a later loss is no contest.
  world.pass(1_800_000);
  expect(world.agent.queue.length).toBe(0);
  world.server.loggedIn = false;
  world.report("last");
  expect(world.server.reports.at(-1)).toBe("last");
});

test("while the server is down reports wait, and are delivered in order when it is back", () => {
  const world = new World().start();
  world.server.up = false;
  const sent = Array.from({ length: 50 }, (_, i) => `report ${i}`);
  for (const message of sent) {
    world.report(message);
    world.pass(7_000);
  }
  expect(world.kinds.filter((kind) => kind === "away")).toHaveLength(1);
  world.server.up = true;
  world.pass(120_000);
  expect(world.server.reports).toEqual(sent);
  expect(world.kinds).toContain("back");
  expect(world.agent.queue.length).toBe(0);
});

test("a full queue drops the oldest report that is not in flight, counts it and emits an event", () => {
  const world = new World(1, 0, new ReportQueue(3)).start();
  world.server.up = false;
  for (const message of ["a", "b", "c", "d", "e"]) world.report(message);
  expect(world.agent.queue.length).toBe(3);
  expect(world.agent.queue.dropped).toBe(2);
  world.server.up = true;
  world.pass(60_000);
  expect(world.server.reports).toEqual(["a", "d", "e"]);
  expect(world.kinds.filter((kind) => kind === "report-dropped")).toHaveLength(2);
});

test("two equal readings at the same moment are two reports", () => {
  const world = new World().start();
  world.report("21");
  world.report("21");
  expect(world.server.reports).toEqual(["21", "21"]);
});

test.each(["93", "95"])("a report answered with %s is kept and sent again", (code) => {
  const world = new World().start();
  world.server.refuse.set("DATA", [code]);
  world.report("one");
  world.report("two");
  world.pass(30_000);
  expect(world.server.reports).toEqual(["one", "two"]);
});

test("a report that the server calls malformed is dropped, and the next one is sent", () => {
  const world = new World().start();
  world.server.refuse.set("DATA", ["90"]);
  world.report("one");
  world.report("two");
  expect(world.server.reports).toEqual(["two"]);
  expect(world.events).toContainEqual({ kind: "report-refused", code: "90", reason: "" });
});

test("a long report is cut to fit one datagram", () => {
  const world = new World().start();
  world.report("x".repeat(5_000));
  expect(world.server.reports).toHaveLength(1);
  const kept = (world.server.reports[0] as string).length;
  expect(kept).toBeGreaterThan(1_100);
  expect(world.events).toContainEqual({ kind: "report-cut", bytes: 5_000, kept });
});

test.each([...Array(20).keys()])(
  "under 30%% loss each way nothing is lost or doubled, seed %d",
  (seed) => {
    const run = () => {
      const world = new World(seed, 0.3).start();
      for (let i = 0; i < 60; i++) {
        world.report(`report ${i}`);
        world.pass(5_000);
        // The server crashes and forgets its session.
        if (i === 30) world.server.loggedIn = false;
      }
      world.pass(3_600_000);
      return { world, trace: JSON.stringify([world.events, world.server.seen]) };
    };
    const { world, trace } = run();
    expect(world.server.reports).toEqual(Array.from({ length: 60 }, (_, i) => `report ${i}`));
    expect(world.agent.queue.dropped).toBe(0);
    expect(run().trace).toBe(trace);
  },
);
