// How many password checks may wait, per source and in all. Beyond that the answer is 93; other sources get through.

import { expect, test } from "bun:test";
import { limits } from "../../lib/server/policy.ts";
import { codesOf, say, ServerBench } from "./server-bench.ts";

const from = (i: number) => ({ ip: `198.51.100.${i}`, port: 1994 });

/** Sends LOGINs of `count` devices from one source; returns the codes of the replies. */
function knock(bench: ServerBench, source: number, count: number): string[] {
  for (let i = 0; i < count; i++) bench.receive(say.login(`device-${source}-${i}`), from(source));
  return codesOf(bench.turn());
}

test("the share of one source is bounded", () => {
  const bench = new ServerBench();
  const { hashJobsPerSource } = limits;
  expect(knock(bench, 1, hashJobsPerSource)).toEqual([]);
  expect(knock(bench, 1, hashJobsPerSource + 2)).toEqual(["93", "93"]);
  expect(bench.jobs).toHaveLength(hashJobsPerSource);
  expect(knock(bench, 2, 1)).toEqual([]);
  bench.hash();
  expect(codesOf(bench.turn())).toEqual(Array.from({ length: hashJobsPerSource + 1 }, () => "31"));
  expect(knock(bench, 1, 1)).toEqual([]);
});

test("the queue as a whole is bounded", () => {
  const bench = new ServerBench();
  const sources = limits.hashJobs / limits.hashJobsPerSource;
  for (let i = 0; i < sources; i++) expect(knock(bench, i, limits.hashJobsPerSource)).toEqual([]);
  expect(bench.engine.desk.hashQueue.size).toBe(limits.hashJobs);
  expect(knock(bench, sources, 3)).toEqual(["93", "93", "93"]);
  expect(bench.jobs).toHaveLength(limits.hashJobs);
  bench.hash();
  bench.turn();
  expect(bench.engine.desk.hashQueue.size).toBe(0);
  expect(knock(bench, sources, 3)).toEqual([]);
});

test("an attempt that found the queue full does not count as refused, and may be repeated", () => {
  const bench = ServerBench.with("late");
  knock(bench, 1, limits.hashJobsPerSource);
  for (let i = 0; i < 12; i++) {
    bench.receive(say.login("late", "not this one, and a long one"), from(1));
    expect(codesOf(bench.turn())).toEqual(["93"]);
  }
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
