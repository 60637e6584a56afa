// What a node tells the others: in bulk, not too often, and again if it could not be sent. Without a database.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { Announcer } from "../../../../lib/store/postgres/nodes/announcer.ts";
import { idCharsAtOnce, type Notice } from "../../../../lib/store/postgres/nodes/notices.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const opened: Announcer[] = [];
afterEach(() => {
  for (const announcer of opened.splice(0)) announcer.stop();
});

function bench(tellMs: number) {
  const sent: Notice[] = [];
  const state = { fails: false };
  const send = async (notice: Notice) => {
    sent.push(notice);
    if (state.fails) throw new Error("away");
  };
  const announcer = new Announcer(send, { tellMs });
  opened.push(announcer);
  return { announcer, sent, state };
}

/** Lets timers that are due run. */
async function someTurns(): Promise<void> {
  let turns = 0;
  await until("some turns", () => ++turns > 5);
}

test("the first change goes at once, the next ones together after a pause", async () => {
  const { announcer, sent } = bench(600_000);
  announcer.tell(["a"]);
  announcer.tell(["b", "a"]);
  await until("the first notice", () => sent.length === 1);
  announcer.tell(["c"]);
  await someTurns();
  announcer.tell(["d"]);
  await someTurns();
  expect(sent).toEqual([{ kind: "changed", ids: ["a", "b"] }]);
  announcer.stop();
  expect(sent[1]).toEqual({ kind: "changed", ids: ["c", "d"] });
  announcer.tell(["e"]);
  await someTurns();
  expect(sent).toHaveLength(2);
});

test("long ids fill several notices", async () => {
  const { announcer, sent } = bench(1);
  const ids = Array.from({ length: 300 }, (_, i) => `${i}`.padStart(64, "0"));
  announcer.tell(ids);
  await until("all", () => sent.length === 3);
  const told = sent.map((notice) => (notice.kind === "changed" ? notice.ids : []));
  expect(told.flat()).toEqual(ids);
  expect(told[0]).toHaveLength(Math.floor(idCharsAtOnce / 65));
});

test("what could not be sent goes again, and too many are all", async () => {
  const { announcer, sent, state } = bench(1);
  state.fails = true;
  announcer.tell(["a"]);
  await until("two attempts", () => sent.length >= 2);
  announcer.tell(Array.from({ length: 100_000 }, (_, i) => `device-${i}`));
  await until("the notice of all", () => sent.at(-1)?.kind === "all");
  const before = sent.length;
  await until("the next attempts", () => sent.length > before + 2);
  expect(new Set(sent.slice(before).map(({ kind }) => kind))).toEqual(new Set(["all"]));
  state.fails = false;
  const attempts = sent.length;
  await until("the last attempt", () => sent.length > attempts);
  announcer.tell(["b"]);
  await until("what comes after it", () => sent.at(-1)?.kind === "changed");
  expect(sent.at(-1)).toEqual({ kind: "changed", ids: ["b"] });
});
