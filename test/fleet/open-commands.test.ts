// The open commands in memory: loaded once while they change, kept up to date by the feed, and by what other servers tell of them.

import { expect, setDefaultTimeout, test } from "bun:test";
import { OpenCommands } from "../../lib/fleet/open-commands.ts";
import type { Fact } from "../../lib/server/feed.ts";
import type { CommandRow } from "../../lib/server/rows.ts";
import type { CommandQuery } from "../../lib/server/store-reads.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { commandRow } from "../web/fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

const fact = (command: CommandRow): Fact => ({ kind: "commanded", command, isOwn: true });
const done = { ended: 5, end: "done" } as const;

/** A store of commands, whose reads of lists wait if they are told to. */
function storeOf(...rows: CommandRow[]) {
  const reads: number[] = [];
  const wait = Promise.withResolvers<void>();
  return {
    rows,
    reads,
    release: wait.resolve,
    async commands({ before, limit, state }: CommandQuery) {
      const found = rows.filter(({ number, ended }) => number < before && ended === null);
      expect(state).toBe("open");
      await wait.promise;
      return found.toReversed().slice(0, limit);
    },
    async command(number: number) {
      reads.push(number);
      return rows.find((row) => row.number === number) ?? null;
    },
  };
}

function heardOf(open: OpenCommands): string[] {
  const heard: string[] = [];
  open.listen(({ number, end }) => void heard.push(`${number} ${end ?? "open"}`));
  return heard;
}

test("what changes while the open ones are loaded is newer than what is read", async () => {
  const store = storeOf(commandRow(1, "a"), commandRow(2, "a"), commandRow(3, "b"));
  const open = new OpenCommands(store);
  const heard = heardOf(open);
  open.take([fact(commandRow(9, "z"))]);
  expect([open.size, heard]).toEqual([0, ["9 open"]]);
  const loaded = open.load();
  open.take([fact(commandRow(2, "a", done)), fact(commandRow(4, "c"))]);
  store.release();
  await loaded;
  expect([open.of("a"), open.of("b"), open.of("c"), open.of("d"), open.size]).toEqual([
    1, 1, 1, 0, 3,
  ]);
  open.take([fact(commandRow(1, "a", done)), fact(commandRow(1, "a", { ...done, late: true }))]);
  expect([open.of("a"), open.size]).toEqual([0, 2]);
  expect(heard).toEqual(["9 open", "2 done", "4 open", "1 done", "1 done"]);
});

test("all of many are loaded, page by page", async () => {
  const rows = Array.from({ length: 1_300 }, (_, i) => commandRow(i + 1, `d${i % 7}`));
  const store = storeOf(...rows);
  store.release();
  const open = new OpenCommands(store);
  await open.load();
  expect([open.size, open.of("d0"), open.of("d6")]).toEqual([1_300, 186, 185]);
});

test("what another server tells is looked at, as it may be older than what is known", async () => {
  const store = storeOf(commandRow(1, "a"));
  store.release();
  const open = new OpenCommands(store);
  const heard = heardOf(open);
  await open.load();
  // It has not seen yet that 2 was queued here; but 3 is new, and 1 has ended.
  store.rows.push(commandRow(2, "a"), commandRow(3, "a"));
  open.take([fact(commandRow(2, "a"))]);
  store.rows[0] = commandRow(1, "a", done);
  open.take([{ kind: "commands", id: "a", numbers: "3" }]);
  await new Promise(setImmediate);
  expect(store.reads).toEqual([3, 1, 2]);
  expect(heard).toEqual(["2 open", "3 open", "1 done", "2 open"]);
  expect([open.of("a"), open.size]).toEqual([2, 2]);
  open.take([{ kind: "commands", id: "a", numbers: "2,3" }]);
  await new Promise(setImmediate);
  expect(store.reads.length).toBe(3);
});

test("a read that is older than what another server has told meanwhile is done once more", async () => {
  const store = storeOf(commandRow(1, "a"));
  const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
  store.release();
  const open = new OpenCommands({
    commands: (query) => store.commands(query),
    async command(number) {
      const row = await store.command(number);
      await isReleased;
      return row;
    },
  });
  await open.load();
  store.rows.push(commandRow(2, "a"), commandRow(3, "b"));
  open.take([{ kind: "commands", id: "a", numbers: "1,2" }]);
  store.rows[1] = commandRow(2, "a", done);
  open.take([
    { kind: "commands", id: "a", numbers: "1" },
    { kind: "commands", id: "b", numbers: "3" },
  ]);
  release();
  await new Promise(setImmediate);
  expect([open.of("a"), open.of("b"), store.reads]).toEqual([1, 1, [2, 3, 2]]);
});

test("a load that fails half-way leaves nothing: what ends before the next one is not open", async () => {
  const rows = Array.from({ length: 600 }, (_, i) => commandRow(i + 1, "a"));
  const store = storeOf(...rows);
  store.release();
  let failsBelow = 200;
  const open = new OpenCommands({
    commands: (query) =>
      query.before < failsBelow ? Promise.reject(new Error("away")) : store.commands(query),
    command: (number) => store.command(number),
  });
  expect(await open.load().catch(String)).toBe("Error: away");
  expect(open.size).toBe(0);
  store.rows[599] = commandRow(600, "a", done);
  open.take([fact(commandRow(600, "a", done))]);
  failsBelow = 0;
  await open.load();
  expect([open.of("a"), open.size]).toEqual([599, 599]);
});

test("a store that is away is asked again with the next facts, and by the next load", async () => {
  const store = storeOf();
  let isAway = true;
  const failing = <T>(read: () => Promise<T>) =>
    isAway ? Promise.reject(new Error("away")) : read();
  const open = new OpenCommands({
    commands: (query) => failing(() => store.commands(query)),
    command: (number) => failing(() => store.command(number)),
  });
  store.release();
  expect(await open.load().catch(String)).toBe("Error: away");
  isAway = false;
  await open.load();
  isAway = true;
  open.take([{ kind: "commands", id: "a", numbers: "1" }]);
  await new Promise(setImmediate);
  expect(open.size).toBe(0);
  isAway = false;
  store.rows.push(commandRow(1, "a"));
  open.take([fact(commandRow(7, "b"))]);
  await new Promise(setImmediate);
  expect([open.of("a"), open.size]).toEqual([1, 2]);
});
