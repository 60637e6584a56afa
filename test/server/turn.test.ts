// One turn: what leaves when. Nothing is sent before the batch is stored, and then at once, before any other work.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Engine } from "../../lib/server/engine.ts";
import type { StepResult, Step } from "../../lib/server/store-port.ts";
import { Turn } from "../../lib/server/turn.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const to = { ip: "192.0.2.10", port: 1994 };

/** Runs a turn whose batch has one operation; `end` ends its commit. Returns what happens, in order. */
function oneTurn() {
  const happened: string[] = [];
  // The reply to a request that needs no disk is there before the commit.
  let replies = ["40"];
  const entries: unknown[] = [{ operation: {} }];
  const engine = {
    endTurn() {},
    batch: { lanes: 1, sizeOf: () => entries.length, take: () => entries.splice(0) },
    complete: () => void replies.push("50"),
    fail: () => void replies.push("95"),
    takeReplies() {
      const taken = replies.map((payload) => ({ payload, to }));
      replies = [];
      return taken;
    },
    takeHashJobs: () => [],
    feed: { publish: () => void happened.push("published") },
  };
  let end: (error?: Error) => void = () => {};
  const store = {
    apply: (_steps: readonly Step[]) => ({
      // oxlint-disable-next-line unicorn/no-thenable -- a promise would not end within the call
      then(onStored: (results: readonly StepResult[]) => void, onFailed: (error: unknown) => void) {
        end = (error) => {
          happened.push(error === undefined ? "stored" : "failed");
          if (error === undefined) onStored([]);
          else onFailed(error);
        };
      },
    }),
    housekeep: () => void happened.push("housekept"),
  };
  const turn = new Turn(engine as unknown as Engine, store, {
    now: () => ({ wall: 0, monotonic: 0 }),
    send: (sent) => void happened.push(...sent.map(({ payload }) => `sent ${String(payload)}`)),
    freeHashers: () => 0,
    hash: () => {},
    onStored: () => {},
    onFailed: () => {},
  });
  turn.commit(() => void happened.push("ended"));
  return { happened, end };
}

test("nothing is sent before the batch is stored; then the replies leave before any other work", () => {
  const { happened, end } = oneTurn();
  // What needs no store does not wait for it.
  expect(happened).toEqual(["sent 40"]);
  end();
  expect(happened.slice(1)).toEqual(["stored", "sent 50", "published", "housekept", "ended"]);
});

test("a batch that could not be stored is answered at once, and nobody is told of it", () => {
  const { happened, end } = oneTurn();
  end(new Error("disk full"));
  expect(happened).toEqual(["sent 40", "failed", "sent 95", "ended"]);
});
