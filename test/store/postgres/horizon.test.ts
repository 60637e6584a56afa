// Below which number no report comes any more: of this server's own numbers at once, of those of others after a while, if
// nothing is being stored since.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Readers } from "../../../lib/store/postgres/connection/readers.ts";
import { chunkSize, Horizon } from "../../../lib/store/postgres/reports/horizon.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** A horizon of a database as `state` says. */
function horizonOf(final: number) {
  const state = {
    now: 0,
    end: 1,
    summedUp: 0,
    oldestMs: null as number | null,
    done: { from: Infinity, below: Infinity },
    asked: 0,
  };
  const read = async (text: string) => {
    const { end, summedUp, oldestMs: ms } = state;
    if (!text.includes("pg_locks")) return [{ end, summedUp, removals: 0, removedIn: -1 }];
    state.asked++;
    return [{ ms }];
  };
  const numbers = {
    get done() {
      return state.done;
    },
  };
  const readers = { read } as unknown as Pick<Readers, "read">;
  const horizon = new Horizon(readers, numbers, final, () => state.now);
  /** The horizon when the numbers have gone to `end` at a moment. */
  const at = async (now: number, end: number) => {
    Object.assign(state, { now, end });
    return (await horizon.read()).finalBelow;
  };
  return { state, horizon, at };
}

test("other servers' numbers are final 30 s after they went beyond", async () => {
  const { at, state } = horizonOf(1);
  expect(await at(0, 500)).toBe(1);
  expect(await at(400, 600)).toBe(1);
  expect(await at(10_000, 700)).toBe(1);
  expect(await at(29_999, 800)).toBe(1);
  expect(await at(30_400, 900)).toBe(600);
  expect(await at(39_999, 900)).toBe(600);
  expect(await at(40_000, 900)).toBe(700);
  // Nobody is asked what is known.
  const { asked } = state;
  expect(await at(40_500, 900)).toBe(700);
  expect(state.asked).toBe(asked);
  // Never again lower, also if the newest reports are removed.
  expect(await at(100_000, 5)).toBe(900);
  expect(await at(200_000, 5)).toBe(900);
});

test("as long as a transaction is storing that is older, nothing is final", async () => {
  const { at, state } = horizonOf(1);
  await at(1_000, 500);
  state.oldestMs = 30_001;
  expect(await at(31_000, 500)).toBe(1);
  state.oldestMs = 60_001;
  expect(await at(61_000, 600)).toBe(1);
  state.oldestMs = 60_000;
  expect(await at(61_000, 600)).toBe(500);
  expect(await at(61_500, 900)).toBe(500);
});

test("this server's own numbers are final at once, while no others are between", async () => {
  const { at, state, horizon } = horizonOf(257);
  state.done = { from: 257, below: 400 };
  expect([await at(0, 500), horizon.reachable]).toEqual([400, 400]);
  state.done = { from: 257, below: 500 };
  expect(await at(0, 500)).toBe(500);
  // Another server has taken a block.
  state.done = { from: 1_025, below: 1_100 };
  expect(await at(1_000, 1_100)).toBe(500);
  expect([await at(31_000, 1_200), horizon.reachable]).toEqual([1_100, 1_100]);
  expect(state.asked).toBe(1);
  state.done = { from: 1_025, below: 1_300 };
  expect(await at(31_001, 1_300)).toBe(1_300);
});

test("what another server has summed up is final", async () => {
  const { at, state } = horizonOf(0);
  state.summedUp = 3;
  expect(await at(0, 5 * chunkSize)).toBe(3 * chunkSize);
});

test("it remembers no more than it needs", async () => {
  const { horizon, state } = horizonOf(0);
  for (let i = 1; i <= 100_000; i++) {
    state.now += 10;
    horizon.note(i);
  }
  expect(horizon.reachable).toBeGreaterThan(100_000 - 3_200);
  expect(horizon.reachable).toBeLessThanOrEqual(100_000 - 3_000);
});
