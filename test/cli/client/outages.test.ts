// Outages of the server: told once a minute; what is over before its turn is counted, what lasts is told.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Outages } from "../../../lib/cli/client/outages.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function start() {
  let now = 0;
  let timer: { readonly at: number; readonly run: () => void } | null = null;
  const told: string[] = [];
  const clock = {
    now: () => now,
    after: (ms: number, run: () => void) => {
      timer = { at: now + ms, run };
      return () => {
        timer = null;
      };
    },
  };
  const outages = new Outages(
    clock,
    ({ kind }, leftOut) => void told.push(`${now} ${kind} ${leftOut}`),
  );
  const pass = (ms: number) => {
    now += ms;
    const due = timer;
    if (due === null || due.at > now) return;
    timer = null;
    due.run();
  };
  const away = () => outages.take({ kind: "away", queued: 1 });
  const back = () => outages.take({ kind: "back", queued: 1 });
  return { outages, told, pass, away, back, isWaiting: () => timer !== null };
}

test("the first outage and its end are told at once; short ones after it are counted in the next", () => {
  const { told, pass, away, back } = start();
  for (let n = 0; n < 10; n++) {
    away();
    pass(5_000);
    back();
    pass(5_000);
  }
  expect(told).toEqual(["0 away 0", "5000 back 0", "60000 away 5", "65000 back 0"]);
});

test("an outage that lasts is told at the end of the minute, and so is its end", () => {
  const { told, pass, away, back } = start();
  away();
  pass(1_000);
  back();
  pass(9_000);
  away();
  pass(50_000);
  expect(told).toEqual(["0 away 0", "1000 back 0", "60000 away 0"]);
  pass(3_600_000);
  back();
  expect(told.at(-1)).toBe("3660000 back 0");
});

test("at the end of the agent no timer is left", () => {
  const { outages, pass, away, back, told, isWaiting } = start();
  away();
  back();
  away();
  outages.close();
  expect(isWaiting()).toBe(false);
  pass(60_000);
  expect(told).toHaveLength(2);
});
