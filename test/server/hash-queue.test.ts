// How many passwords may wait: so many of one source, so many in all; past that 93, and others get through.

import { expect, test } from "bun:test";
import { limits } from "../../lib/server/policy.ts";
import { codesOf, say, ServerBench } from "./server-bench.ts";

const from = (i: number) => ({ ip: `198.51.100.${i}`, port: 1994 });

/** LOGINs of so many devices from one source. */
function knock(bench: ServerBench, source: number, count: number): string[] {
  for (let i = 0; i < count; i++) bench.receive(say.login(`device-${source}-${i}`), from(source));
  return codesOf(bench.turn());
}

test("one source has its share, and no more", () => {
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

test("all sources together have a bound", () => {
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

test("whoever was turned away is not counted as refused, and may come again", () => {
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

test("what waits in memory while a check goes on is not doubled by repeats", () => {
  const bench = new ServerBench();
  for (let i = 0; i < 1_000; i++) bench.receive(say.login("device"), { ...from(1), port: 1 + i });
  bench.turn();
  expect(bench.jobs).toHaveLength(1);
});
