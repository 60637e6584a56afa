// The contract of a store for commands: their numbers, who finds them, what becomes of them, how old they grow; and for how long
// it has been in service.

import { expect, test } from "bun:test";
import type { CommandRow, NewCommand } from "../../../lib/server/rows.ts";
import type { Write } from "../../../lib/server/store-port.ts";
import { startOfTime as at } from "../fixtures.ts";
import {
  apply,
  load,
  loading,
  type OpenNew,
  type TestedStore,
  write,
  writing,
} from "./tested-store.ts";

const command = (device: string, more: Partial<NewCommand> = {}): NewCommand => ({
  device,
  macKey: `mac-${device}`,
  message: "set relay=on\tnow\nö",
  origin: "cli",
  request: null,
  created: at,
  expires: at + 1_000,
  due: 1_000,
  ...more,
});

const add = (device: string, more: Partial<NewCommand> = {}): Write => ({
  kind: "add-command",
  command: command(device, more),
});

const end = (
  number: number,
  more: Partial<Extract<Write, { kind: "end-command" }>> = {},
): Write => ({
  kind: "end-command",
  number,
  end: "done",
  at: at + 5,
  code: "01",
  result: "on\0\t",
  ...more,
});

/** A command as it is when it was queued. */
const queued = (number: number, device: string, more: Partial<CommandRow> = {}): CommandRow => ({
  ...command(device),
  number,
  sendings: 0,
  sent: null,
  delivered: null,
  ended: null,
  end: null,
  code: null,
  result: null,
  late: false,
  ...more,
});

const insert = (id: string): Write => {
  const device = { id, mac: `mac-${id}`, ip: `ip-${id}`, port: 1 };
  return { kind: "insert-device", device, hash: "h", at };
};

const numbersOf = (rows: readonly CommandRow[]) => rows.map(({ number }) => number);

async function openOf(store: TestedStore, device: string) {
  return (await load(store, { device, withCommands: true })).commands;
}

/** Runs the contract on a store. */
export function commandsContract(openNew: OpenNew): void {
  test("have numbers that ascend, and are found by device, number and request", async () => {
    const store = await openNew();
    await write(store, insert("a"), insert("b"));
    const one = await write(store, add("a"));
    const other = await write(store, add("b", { request: "r" }));
    const two = await write(store, add("a", { request: "r", due: 7 }));
    expect(one < other && other < two).toBe(true);
    const first = queued(one, "a");
    const second = queued(two, "a", { request: "r", due: 7 });
    expect(await openOf(store, "a")).toEqual([first, second]);
    expect((await load(store, { device: "a", command: { number: two } })).command).toEqual(second);
    const byRequest = { command: { device: "a", request: "r" } };
    expect((await load(store, { device: "a", ...byRequest })).command).toEqual(second);
    expect((await load(store, { command: { device: "c", request: "r" } })).command).toBeNull();
    expect((await load(store, { command: { number: two + 500 } })).command).toBeNull();
    const none = await load(store, { device: "a" });
    expect(none).toMatchObject({ commands: [], command: null, openCommands: [], service: null });
    expect((await store.openCommands()).open).toEqual([
      first,
      queued(other, "b", { request: "r" }),
      second,
    ]);
  });

  test("two that end and begin in one batch are seen by the steps that follow", async () => {
    const store = await openNew();
    await write(store, insert("a"));
    const number = await write(store, add("a"));
    const keys = { device: "a", withCommands: true, withService: true, command: { number } };
    const results = await apply(store, writing(end(number)), writing(add("a")), loading(keys));
    const { outcome } = results[2] as { outcome: Awaited<ReturnType<typeof load>> };
    expect(outcome.commands).toHaveLength(1);
    expect(outcome.command).toMatchObject({ end: "done", result: "on\0\t" });
    expect(outcome.service?.open).toBe(1);
  });

  test("those that are open are counted with each step of a batch, and a batch that fails counts for nothing", async () => {
    const store = await openNew();
    await write(store, insert("a"));
    const number = await write(store, add("a"));
    await write(store, add("a"));
    const count = loading({ device: "a", withCommands: true, withService: true });
    const openIn = (result: unknown) =>
      (result as { outcome: Awaited<ReturnType<typeof load>> }).outcome.service?.open;
    const steps = [end(number), end(number), add("a"), add("a"), end(number + 500)];
    const results = await apply(store, ...steps.flatMap((step) => [writing(step), count]));
    expect(results.filter((_, i) => i % 2 === 1).map(openIn)).toEqual([1, 1, 2, 3, 3]);
    const failing = apply(store, count, writing(add("a")), {
      kind: "rule",
      keys: {},
      decide: () => {
        throw new Error("no");
      },
    });
    expect(await failing.catch(() => null)).toBeNull();
    expect((await load(store, { device: "a", withService: true })).service?.open).toBe(3);
    expect((await store.openCommands()).service.open).toBe(3);
  });

  test("end once; a result that comes later is kept once", async () => {
    const store = await openNew();
    const one = await write(store, add("a"));
    const two = await write(store, add("a"));
    await write(store, end(one), end(one, { end: "failed", code: "15", result: "no" }));
    await write(store, end(two, { end: "expired", code: null, result: null, at: at + 9 }));
    const late = { kind: "keep-late-result", code: "01" } as const;
    await write(
      store,
      { ...late, number: one, result: "x" },
      { ...late, number: two, result: "y\0" },
    );
    await write(store, { ...late, number: two, result: "z" });
    const done = queued(one, "a", { ended: at + 5, end: "done", code: "01", result: "on\0\t" });
    const expired = {
      ended: at + 9,
      end: "expired",
      code: "01",
      result: "y\0",
      late: true,
    } as const;
    const page = { device: "a", before: Infinity, limit: 10 };
    const expected = [queued(two, "a", expired), done];
    expect(await store.reads.commands({ ...page, state: "ended" })).toEqual(expected);
    expect(await openOf(store, "a")).toEqual([]);
    const again = await store.reopened();
    expect(await again.reads.commands({ ...page, state: "all" })).toEqual(expected);
    expect((await again.openCommands()).open).toEqual([]);
    expect(await write(again, add("a"))).toBeGreaterThan(two);
  });

  test("touches change only open ones, and are there after a restart", async () => {
    const store = await openNew();
    const one = await write(store, add("a"));
    const two = await write(store, add("b"));
    await write(store, end(one));
    const heard = { sendings: 3, sent: at + 1, delivered: at + 2 };
    const touches = [
      { number: two, ...heard },
      { number: one, ...heard },
    ];
    await write(store, { kind: "touch-commands", touches });
    const again = await store.reopened();
    expect((await again.openCommands()).open).toEqual([queued(two, "b", heard)]);
    expect(await again.reads.command(one)).toMatchObject({ sendings: 0, end: "done" });
    await write(again, {
      kind: "touch-commands",
      touches: [{ number: two, sendings: 4, sent: null, delivered: null }],
    });
    expect(await again.reads.command(two)).toEqual(queued(two, "b", { sendings: 4 }));
    expect(await again.reads.command(two + 500)).toBeNull();
  });

  test("are listed newest first, in pages", async () => {
    const store = await openNew();
    const numbers: number[] = [];
    for (const device of ["a", "b", "a", "b"]) numbers.push(await write(store, add(device)));
    await write(store, end(numbers[2] as number));
    const listed = async (device: string | null, state: "open" | "all", before = Infinity) => {
      return numbersOf(await store.reads.commands({ device, state, before, limit: 2 }));
    };
    const [w, x, y, z] = numbers as [number, number, number, number];
    expect(await listed(null, "all")).toEqual([z, y]);
    expect(await listed(null, "all", y)).toEqual([x, w]);
    expect(await listed(null, "open", z)).toEqual([x, w]);
    expect(await listed("a", "open")).toEqual([w]);
    expect(await listed("a", "all")).toEqual([y, w]);
  });

  test("those that are due are found by the time of service, which only grows", async () => {
    const store = await openNew();
    const never = (await load(store, { withService: true })).service;
    expect(never).toMatchObject({ ms: 0, wall: null, open: 0 });
    const late = await write(store, add("a", { due: 900 }));
    const soon = await write(store, add("b", { due: 300 }));
    await write(store, add("a", { due: 901 }));
    const due = (limit: number) => load(store, { openCommands: { due: 900, limit } });
    expect(numbersOf((await due(10)).openCommands).toSorted((a, b) => a - b)).toEqual([late, soon]);
    expect((await due(1)).openCommands).toHaveLength(1);
    expect(
      (await load(store, { openCommands: { due: null, limit: 9 } })).openCommands,
    ).toHaveLength(3);
    expect(await write(store, { kind: "note-service", ms: 500, wall: at })).toBe(500);
    expect(await write(store, { kind: "note-service", ms: 400, wall: at + 1 })).toBe(500);
    const again = await store.reopened();
    const { service } = await again.openCommands();
    expect(service).toMatchObject({ ms: 500, open: 3 });
    expect(service.wall).not.toBeNull();
  });

  test("ended ones grow old by hours of service, open ones do not", async () => {
    const store = await openNew();
    const [one, open] = [await write(store, add("a")), await write(store, add("a"))];
    await write(store, end(one));
    const hours = (count: number) =>
      Array.from({ length: count }, () => writing({ kind: "count-hour" }));
    await apply(store, ...hours(719));
    const two = await write(store, add("a"));
    await write(store, end(two));
    const all = { device: null, state: "all", before: Infinity, limit: 10 } as const;
    expect(numbersOf(await store.reads.commands(all))).toEqual([two, open, one]);
    await apply(store, ...hours(1));
    expect(numbersOf(await store.reads.commands(all))).toEqual([two, open]);
    await apply(store, ...hours(719));
    expect(numbersOf(await store.reads.commands(all))).toEqual([open]);
  });

  test("a batch that fails leaves none, and one request is queued once", async () => {
    const store = await openNew();
    await write(store, add("a", { request: "r" }));
    const failing = apply(store, writing(add("a")), {
      kind: "rule",
      keys: {},
      decide: () => {
        throw new Error("no");
      },
    });
    expect(failing).rejects.toThrow();
    await failing.catch(() => {});
    expect(await openOf(store, "a")).toHaveLength(1);
  });
}
