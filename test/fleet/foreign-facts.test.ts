// The reports of other servers as facts: all of them, in order, one call at a time, and no more than can be read.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ForeignFacts } from "../../lib/fleet/foreign-facts.ts";
import type { Fact } from "../../lib/server/feed.ts";
import type { ReportsOfOthers } from "../../lib/server/nodes.ts";
import type { ReportRow } from "../../lib/server/rows.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const rowOf = (sequence: number): ReportRow => ({
  sequence,
  device: "a",
  time: "t",
  received: 2,
  at: 1,
  code: "01",
  message: `${sequence}`,
});

/** Other servers that have stored the reports from `from` to below `end.now`; an endless number if that is Infinity. */
function follow(end: { now: number }) {
  const facts: Fact[] = [];
  const world = { begun: 0, reads: 0, trouble: null as Error | null, wait: Promise.resolve() };
  const reportsOfOthers = (): ReportsOfOthers => {
    world.begun++;
    let next = end.now === Infinity ? world.begun * 1_000_000 : end.now;
    return {
      next: async (limit) => {
        world.reads++;
        await world.wait;
        if (world.trouble !== null) throw world.trouble;
        const count = Math.min(limit, end.now - next);
        const reports = Array.from({ length: count }, (_, i) => rowOf(next + i));
        next += count;
        return { reports, more: count === limit };
      },
    };
  };
  const foreign = new ForeignFacts({ reportsOfOthers }, (some) => void facts.push(...some));
  const numbers = () =>
    facts.splice(0).flatMap((fact) => (fact.kind === "reported" ? fact.sequences : []));
  return { world, foreign, facts, numbers };
}

test("each report is told once, as the feed tells those of this server", async () => {
  const end = { now: 5 };
  const { foreign, facts, numbers } = follow(end);
  await foreign.poll();
  expect(facts).toEqual([]);
  end.now = 7;
  await foreign.poll();
  const reports = [rowOf(5), rowOf(6)];
  expect(facts).toEqual([{ kind: "reported", reports, sequences: [5, 6] }]);
  expect(numbers()).toEqual([5, 6]);
  end.now = 5_000;
  await foreign.poll();
  await foreign.poll();
  expect(numbers()).toEqual(Array.from({ length: 4_993 }, (_, i) => 7 + i));
  expect(foreign.skips).toBe(0);
});

test("a call while another one is under way does nothing, and one that fails loses nothing", async () => {
  const end = { now: 1 };
  const { world, foreign, numbers } = follow(end);
  end.now = 3;
  const { promise, resolve } = Promise.withResolvers<void>();
  world.wait = promise;
  const first = foreign.poll();
  await foreign.poll();
  expect(world.reads).toBe(1);
  resolve();
  await first;
  expect(numbers()).toEqual([1, 2]);
  end.now = 4;
  world.trouble = new Error("away");
  expect(foreign.poll()).rejects.toThrow("away");
  await Promise.resolve();
  world.trouble = null;
  await foreign.poll().catch(() => {});
  await foreign.poll();
  expect(numbers()).toEqual([3]);
});

test("one call reads a bounded number, and where more comes than can be read it begins anew after a while", async () => {
  const { world, foreign, numbers } = follow({ now: Infinity });
  await foreign.poll();
  expect([world.reads, numbers().length]).toEqual([32, 32 * 1_024]);
  for (let i = 1; i < 29; i++) await foreign.poll();
  expect([world.begun, foreign.skips]).toEqual([1, 0]);
  await foreign.poll();
  expect([world.begun, foreign.skips]).toEqual([2, 1]);
  numbers();
  await foreign.poll();
  expect(numbers()[0]).toBe(2_000_000);
});

test("one that comes to an end now and then leaves nothing out", async () => {
  const end = { now: 1 };
  const { foreign, numbers } = follow(end);
  for (let i = 0; i < 40; i++) {
    // Every other call leaves some.
    end.now += 40 * 1_024;
    await foreign.poll();
    await foreign.poll();
  }
  expect(foreign.skips).toBe(0);
  expect(numbers()).toHaveLength(40 * 40 * 1_024);
});
