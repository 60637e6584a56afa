// Presence (protocol §4): offline after 2.5 stated intervals or 9 minutes of silence, never for what was sent while the
// server was down; 100,000 sessions end in shares; times of last packets are written behind.

import { expect, setDefaultTimeout, test } from "bun:test";
import { statedInterval } from "../../../lib/server/verbs/status.ts";
import type { SessionRow } from "../../../lib/server/rows.ts";
import { alone } from "../../../lib/server/nodes.ts";
import { limits } from "../../../lib/server/policy.ts";
import { ScriptedStore } from "../scripted-store.ts";
import { home, home2, say, ServerBench } from "../server-bench.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function entered(): ServerBench {
  const bench = new ServerBench();
  bench.enter("asmith");
  return bench;
}

const isOnline = (bench: ServerBench) => bench.store.endsOf("asmith").at(-1) === null;

test.each([
  ["heartbeat", 9 * 60_000],
  ["heartbeat every=30", 75_000],
  ["every=2 beats", 5_000],
  ["every=0.1", 2_500],
])("%p: offline after %p ms of silence, and not before", (message, silenceMs) => {
  const bench = entered();
  bench.ask(say.status("asmith", message));
  bench.pass(silenceMs);
  expect(isOnline(bench)).toBe(true);
  bench.pass(500);
  expect(isOnline(bench)).toBe(false);
  expect(bench.store.endsOf("asmith")).toEqual(["offline"]);
  expect(bench.codes(say.status("asmith"))).toEqual(["41"]);
  expect(bench.activity.at(-1)).toContain("asmith went offline");
});

test("any packet of the session is a sign of life, one from another source is not", () => {
  const bench = entered();
  bench.ask(say.status("asmith", "every=10"));
  bench.pass(20_000);
  bench.ask(say.data("asmith", "x"));
  bench.pass(20_000);
  expect(isOnline(bench)).toBe(true);
  bench.ask(say.status("asmith"), { ip: "198.51.100.66", port: 1 });
  bench.pass(5_500);
  expect(isOnline(bench)).toBe(false);
});

test("a stated interval holds until the next one, and not for the next session", () => {
  const bench = entered();
  bench.ask(say.status("asmith", "every=10"));
  bench.ask(say.status("asmith", "no interval here"));
  bench.pass(25_500);
  expect(isOnline(bench)).toBe(false);
  for (const every of ["every=10", "every=1"]) {
    bench.ask(say.login("asmith"));
    bench.pass(60_000);
    expect(isOnline(bench)).toBe(true);
    bench.ask(say.status("asmith", every));
  }
});

test("the interval is read from anywhere in the message, and clamped to its bounds", () => {
  expect(statedInterval("a every=30 b")).toBe(30);
  expect(statedInterval("every=1.5")).toBe(1.5);
  expect(statedInterval("every=0")).toBe(1);
  expect(statedInterval("every=999999999999")).toBe(86_400);
  for (const none of ["", "every", "every=", "every=x", "every=-5"]) {
    expect(statedInterval(none)).toBeNull();
  }
});

test("no device goes offline because the server was down", () => {
  const bench = entered();
  bench.ask(say.status("asmith", "every=10"));
  bench.pass(11_000);
  bench.wait(3_600_000);
  bench.restart();
  bench.pass(25_000);
  expect(isOnline(bench)).toBe(true);
  bench.pass(500);
  expect(isOnline(bench)).toBe(false);
});

test("no device goes offline because the process was stopped", () => {
  const bench = entered();
  bench.ask(say.status("asmith", "every=10"));
  bench.pass(1_000);
  bench.wait(3_600_000);
  bench.pass(25_000);
  expect(isOnline(bench)).toBe(true);
  bench.pass(1_000);
  expect(isOnline(bench)).toBe(false);
});

test.each([-3_600_000, 20_000, 3_600_000])(
  "a wall clock that was set by %d ms ends no session earlier or later",
  (stepMs) => {
    const bench = entered();
    bench.ask(say.status("asmith", "every=10"));
    bench.pass(10_000);
    bench.wall += stepMs;
    bench.pass(15_000);
    expect(isOnline(bench)).toBe(true);
    bench.pass(1_000);
    expect(isOnline(bench)).toBe(false);
    expect(bench.activity.at(-1)).toContain("asmith went offline: no packet for 25 s");
  },
);

test("a wall clock that was set back delays no session row", () => {
  const bench = entered();
  bench.pass(1_000);
  bench.wall -= 3_600_000;
  bench.ask(say.status("asmith", "every=99"));
  bench.pass(11_000);
  expect(bench.store.openSessions()).toMatchObject([{ everySeconds: 99 }]);
});

test("a LOGIN that arrives while the end of the old session is pending opens a new session", () => {
  const bench = entered();
  bench.ask(say.status("asmith", "every=10"));
  bench.pass(25_000);
  bench.wait(250);
  bench.engine.tick(bench.moment);
  bench.receive(say.login("asmith"));
  bench.turn();
  expect(bench.store.endsOf("asmith")).toEqual(["offline", null]);
  expect(bench.codes(say.status("asmith"))).toEqual(["40"]);
});

test("a silent session is ended once, however long its end takes to be stored", () => {
  const bench = entered();
  bench.ask(say.status("asmith", "every=10"));
  bench.pass(25_000);
  bench.store.applied = [];
  for (let i = 0; i < 4; i++) {
    bench.wait(250);
    bench.engine.tick(bench.moment);
  }
  bench.turn();
  expect(bench.store.applied).toEqual(["end-session"]);
});

/** A server that finds `count` open sessions at its start. */
function crowded(count: number): ServerBench {
  const store = new ScriptedStore();
  const stored = Array.from({ length: count }, (_, i): SessionRow => ({
    session: i + 1,
    device: `d${i}`,
    source: { ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, port: 1 },
    stated: { ip: "10.0.0.1", port: 1 },
    started: 0,
    lastSeen: 0,
    everySeconds: 10,
    clientKey: null,
    clockOffset: null,
    ended: null,
    reason: null,
    node: "",
  }));
  for (const row of stored) store.rows.put(row);
  return new ServerBench(store, stored);
}

test("100,000 silent sessions end in bounded batches, each of them once", () => {
  const bench = crowded(100_000);
  bench.pass(25_000);
  expect(bench.store.applied).toEqual([]);
  const shares: number[] = [];
  while (bench.engine.desk.sessions.size > 0 && shares.length < 20) {
    bench.store.applied = [];
    bench.pass(250);
    shares.push(bench.store.applied.length);
  }
  expect(Math.max(...shares)).toBeLessThanOrEqual(20_000);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBe(100_000);
  expect(bench.store.openSessions()).toEqual([]);
});

test("a few silent sessions are found among many that beat", () => {
  const bench = crowded(20_000);
  const silent = 10;
  for (let passed = 0; passed < 27_000; passed += 9_000) {
    for (let i = 0; i < 20_000 - silent; i++) {
      const ip = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
      bench.receive(say.status(`d${i}`), { ip, port: 1 });
    }
    bench.turn();
    bench.pass(9_000);
  }
  expect(bench.engine.desk.sessions.size).toBe(20_000 - silent);
});

/** The number of sessions in each touch that is stored while `act` runs. */
function touchesOf(bench: ServerBench, act: () => void): number[] {
  const sizes: number[] = [];
  bench.store.onWrite = (write) => {
    if (write.kind === "touch-sessions") sizes.push(write.touches.length);
  };
  act();
  bench.store.onWrite = () => {};
  return sizes;
}

test("last packets are written every ten seconds, each session once, in bounded batches", () => {
  const bench = crowded(2_000);
  for (let i = 0; i < 2_000; i++) {
    const from = { ip: `10.0.${i >> 8}.${i & 255}`, port: 2 };
    bench.receive(say.status(`d${i}`), from);
    bench.receive(say.status(`d${i}`, "every=20"), from);
  }
  bench.turn();
  expect(bench.store.applied).toEqual([]);
  expect(touchesOf(bench, () => bench.pass(9_750))).toEqual([]);
  const share = limits.touchesPerBatch;
  expect(touchesOf(bench, () => bench.pass(1_000))).toEqual([
    share,
    share,
    share,
    2_000 - 3 * share,
  ]);
  expect(touchesOf(bench, () => bench.pass(10_000))).toEqual([]);
  const row = bench.store.sessions.get(8);
  expect(row).toMatchObject({ everySeconds: 20, source: { ip: "10.0.0.7", port: 2 } });
});

test("a clean stop writes all of them", () => {
  const bench = entered();
  bench.pass(2_000);
  bench.ask(say.status("asmith", "every=20"), home2);
  bench.engine.settle(bench.moment);
  bench.turn();
  const [row] = bench.store.openSessions();
  expect(row).toMatchObject({ lastSeen: bench.wall, everySeconds: 20, source: home2 });
});

test("a clean stop also writes the rows whose turn in a round has not come yet", () => {
  const bench = crowded(2_000);
  for (let i = 0; i < 2_000; i++) {
    bench.receive(say.status(`d${i}`), { ip: `10.0.${i >> 8}.${i & 255}`, port: 2 });
  }
  bench.turn();
  // The round has begun: one share is written, the others wait.
  const written = touchesOf(bench, () => bench.pass(10_000));
  expect(written).toEqual([limits.touchesPerBatch]);
  bench.engine.settle(bench.moment);
  bench.turn();
  const rows = bench.store.openSessions();
  expect(rows).toHaveLength(2_000);
  expect(rows.filter(({ source }) => source.port !== 2)).toEqual([]);
});

test("after a restart the session goes on with its interval and source", () => {
  const bench = entered();
  bench.ask(say.status("asmith", "every=20"));
  bench.pass(11_000);
  bench.restart();
  expect(bench.codes(say.status("asmith"), home)).toEqual(["40"]);
  bench.pass(50_500);
  expect(isOnline(bench)).toBe(false);
});

test("while a node is unsure of its sessions no silence counts: it refuses what comes", () => {
  const nodes = { ...alone, own: "a", sureUntil: Infinity };
  const store = new ScriptedStore("a");
  const bench = new ServerBench(store, [], store, nodes);
  bench.enter("asmith");
  bench.ask(say.status("asmith", "every=2"));
  nodes.sureUntil = bench.monotonic;
  bench.pass(3_000);
  expect(bench.codes(say.status("asmith"))).toEqual(["93"]);
  bench.pass(10_000);
  nodes.sureUntil = Infinity;
  bench.pass(4_500);
  expect(isOnline(bench)).toBe(true);
  bench.pass(1_000);
  expect(isOnline(bench)).toBe(false);
});
