// What the queue of the operator's questions remembers of those that were given up: a bounded number, the latest.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Asks } from "../../lib/server/asks.ts";
import { limits } from "../../lib/server/policy.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { home } from "./server-bench.ts";

setDefaultTimeout(testTimeoutMs);

test("of the questions that were given up only the latest are remembered for a late answer", () => {
  const asks = new Asks();
  const ask = { code: "01", target: "x", answerTo: home, by: "cli", onResult: () => {} } as const;
  const last = limits.asks + 1;
  for (let number = 1; number <= last; number++) {
    asks.add({ ...ask, id: `d${number}` });
    for (const open of asks.due(0, 0)) open.number = number;
    asks.drop(`d${number}`, 0);
  }
  const answerable = [1, 2, last].map((number) => asks.answerable(`d${number}`, 0));
  expect(answerable).toEqual([0, 2, last]);
});
