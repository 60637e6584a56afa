// Whose password is checked next while many wait, and who gets 93: a flood of LOGINs from a few sources keeps nobody
// else out.

import { expect, setDefaultTimeout, test } from "bun:test";
import { HashQueue, type HashResult, type Lane } from "../../../lib/server/passwords/hash-queue.ts";
import { limits } from "../../../lib/server/policy.ts";
import { codesOf, say, ServerBench } from "../server-bench.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const from = (i: number) => ({ ip: `198.51.100.${i}`, port: 1994 });
const placesMax = limits.hashJobs.stranger;

/** Sends LOGINs of `count` devices from one source; returns the codes of the replies. */
function knock(bench: ServerBench, source: number, count: number): string[] {
  for (let i = 0; i < count; i++) bench.receive(say.login(`device-${source}-${i}`), from(source));
  return codesOf(bench.turn());
}

/** A queue with jobs named by their passwords. */
function queueOf(...jobs: readonly [lane: Lane, source: string, count: number][]) {
  const queue = new HashQueue();
  const results = new Map<string, HashResult>();
  const add = (lane: Lane, source: string, password: string) => {
    const done = (result: HashResult) => void results.set(password, result);
    return queue.add(lane, source, { password, against: null, done });
  };
  for (const [lane, source, count] of jobs) {
    for (let i = 0; i < count; i++) add(lane, source, `${lane} ${source} ${i}`);
  }
  const take = (most: number) => queue.take(most).map(({ password }) => password);
  return { queue, add, take, results };
}

test("sources take turns: one with a single job waits for one job of each other", () => {
  const { add, take } = queueOf(["stranger", "a", 100], ["stranger", "b", 100]);
  add("stranger", "c", "honest");
  expect(take(4)).toEqual(["stranger a 0", "stranger b 0", "honest", "stranger a 1"]);
});

test("lanes share the time: sealed gets half, known sources three eighths, strangers one eighth", () => {
  const { take } = queueOf(["stranger", "a", 50], ["known", "b", 50], ["sealed", "c", 50]);
  const lanesOf = take(16).map((password) => password.split(" ")[0]);
  const count = (lane: string) => lanesOf.filter((taken) => taken === lane).length;
  expect([count("sealed"), count("known"), count("stranger")]).toEqual([8, 6, 2]);
});

test("a lane in which nobody waits gives its turn away, to strangers last", () => {
  const { take } = queueOf(["stranger", "a", 2], ["known", "b", 2]);
  expect(take(9)).toEqual(["known b 0", "known b 1", "stranger a 0", "stranger a 1"]);
});

test("a full lane: a source with fewer jobs takes the place of the latest of the source with most", () => {
  const { queue, add, take, results } = queueOf(["stranger", "a", placesMax]);
  expect(queue.size).toBe(placesMax);
  expect(add("stranger", "a", "one more")).toBe(false);
  expect(add("stranger", "b", "honest")).toBe(true);
  expect([...results]).toEqual([[`stranger a ${placesMax - 1}`, { displaced: true }]]);
  expect(queue.size).toBe(placesMax);
  expect(take(2)).toEqual(["stranger a 0", "honest"]);
});

test("a full lane of equal sources refuses another: nobody's place is taken for ever", () => {
  const { queue, add, results } = queueOf();
  for (let i = 0; i < placesMax; i++) expect(add("stranger", `source ${i}`, `${i}`)).toBe(true);
  expect(add("stranger", "one more", "late")).toBe(false);
  expect(results.size).toBe(0);
  expect(add("sealed", "one more", "in its own lane")).toBe(true);
  expect(queue.size).toBe(placesMax + 1);
});

test("640 LOGINs from five sources delay a REGISTER from another by no more than one job of each", () => {
  const bench = new ServerBench();
  bench.jobsAtOnce = 1;
  for (let source = 1; source <= 5; source++) knock(bench, source, 128);
  bench.receive(say.register("honest", "192.0.2.99"), from(99));
  const codes = codesOf(bench.turn());
  // What the REGISTER displaced is told so; the REGISTER itself is not refused.
  expect(codes).toEqual(["93"]);
  const answered: string[] = [];
  for (let i = 0; i < 7; i++) {
    bench.hash();
    answered.push(...codesOf([...bench.turn(), ...bench.turn()]));
  }
  expect(answered).toContain("00");
});

test("a device that is logged in does not wait behind strangers", () => {
  const bench = ServerBench.with("honest");
  bench.ask(say.login("honest", "password", "192.0.2.10"), from(99));
  bench.jobsAtOnce = 1;
  for (let source = 1; source <= 5; source++) knock(bench, source, 100);
  // From the same source, another password: it has to be checked.
  bench.receive(say.login("honest", "another password"), from(99));
  bench.turn();
  bench.hash();
  const codes = codesOf([...bench.turn(), ...bench.turn()]);
  bench.hash();
  codes.push(...codesOf([...bench.turn(), ...bench.turn()]));
  expect(codes).toContain("31");
  expect(bench.errors.join("\n")).toContain("LOGIN of honest refused: 31");
});

test("an attempt that found no place does not count as refused, and may be repeated", () => {
  const bench = ServerBench.with("late");
  bench.jobsAtOnce = 0;
  knock(bench, 1, placesMax);
  for (let i = 0; i < 12; i++) {
    bench.receive(say.login("late", "not this one, and a long one"), from(1));
    expect(codesOf(bench.turn())).toEqual(["93"]);
  }
  bench.jobsAtOnce = Number.POSITIVE_INFINITY;
  bench.turn();
  bench.hash();
  bench.turn();
  expect(bench.engine.desk.hashQueue.size).toBe(0);
  expect(bench.codes(say.login("late"), from(1))).toEqual(["70"]);
});

test("a displaced attempt does not count as refused either", () => {
  const bench = ServerBench.with("late");
  bench.jobsAtOnce = 0;
  knock(bench, 1, placesMax - 1);
  bench.receive(say.login("late", "not this one, and a long one"), from(1));
  bench.turn();
  for (let source = 2; source < 14; source++) {
    expect(knock(bench, source, 1)).toEqual(["93"]);
    bench.receive(say.login("late", "not this one, and a long one"), from(1));
    bench.turn();
  }
  bench.jobsAtOnce = Number.POSITIVE_INFINITY;
  bench.turn();
  bench.hash();
  bench.turn();
  expect(bench.codes(say.login("late"), from(1))).toEqual(["70"]);
});

test("a repeat of a LOGIN that is being checked takes no further place", () => {
  const bench = new ServerBench();
  for (let i = 0; i < 1_000; i++) bench.receive(say.login("device"), { ...from(1), port: 1 + i });
  bench.turn();
  expect(bench.jobs).toHaveLength(1);
});
