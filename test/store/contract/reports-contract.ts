// The contract of a store for reports: each is stored once, in order, and read back as it was sent; and how a DATA becomes
// the answer to a question.

import { describe, expect, test } from "bun:test";
import type { MayAnswer, ReportStep } from "../../../lib/server/store-port.ts";
import type { QuestionRow, Report, ReportRow } from "../../../lib/server/rows.ts";
import { startOfTime } from "../fixtures.ts";
import { originOf } from "../report-origin.ts";
import { type OpenNew, reading, report, type TestedStore, write } from "./tested-store.ts";

const at = startOfTime;
const everything = { low: 0, high: Number.MAX_SAFE_INTEGER };

/** Stores a report; returns its number. */
async function sequenceOf(store: TestedStore, step: ReportStep): Promise<number> {
  const [stored] = await report(store, step);
  return stored?.kind === "report" ? stored.sequence : 0;
}

/** Runs the contract on a store. */
export function reportsContract(openNew: OpenNew): void {
  test("the numbers of a batch are in the order of its reports, also where one comes twice", async () => {
    const store = await openNew();
    const [a, b, c] = [reading("a", "1"), reading("a", "2"), reading("a", "3")];
    const stored = await report(store, a, b, a, c, b);
    const numbers = stored.map((one) => (one.kind === "report" ? one.sequence : 0));
    const [first, second, , third] = numbers as [number, number, number, number];
    expect(numbers).toEqual([first, second, first, third, second]);
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
  });

  test("a repeat gets the number of the first, in its batch, later, and after a restart", async () => {
    const store = await openNew();
    const [first, again] = await report(store, reading("a", "x"), reading("a", "x"));
    expect(first).toMatchObject({ kind: "report", repeated: false });
    expect(again).toEqual({ ...(first as object), repeated: true } as typeof first);
    const reopened = await store.reopened();
    expect(await report(reopened, reading("a", "x"))).toEqual([again as never]);
    expect(await reopened.reads.count()).toBe(1);
  });

  test.each([
    ["another device", reading("b", "x")],
    ["another message", reading("a", "y")],
    ["another code", reading("a", "x", { code: "02" })],
    ["another time", reading("a", "x", { time: "u" })],
    ["the same with another key", { ...reading("a", "x"), key: 1, origin: originOf("another") }],
  ])("%s is another report, with a higher number", async (_, other) => {
    const store = await openNew();
    const [one, two] = (await report(store, reading("a", "x"), other)) as { sequence: number }[];
    expect((two?.sequence ?? 0) > (one?.sequence ?? 0)).toBe(true);
  });

  test.each([
    ["NUL and control characters", "a\0b\x1f\r\n\t"],
    ["1,200 bytes", "m".repeat(1_200)],
    ["characters of four bytes", "🌡️".repeat(100)],
    ["nothing", ""],
  ])("a message is read back as it was sent: %s", async (_, message) => {
    const store = await openNew();
    const device = "d".repeat(64);
    const sent = reading(device, message, { at: at - 5, received: at, time: "own time" });
    const sequence = await sequenceOf(store, sent);
    const [latest] = await store.reads.latestOf([device]);
    expect(latest).toEqual({ sequence, ...sent.report });
    expect(await store.reads.reportsAt([sequence, 999_999])).toEqual([
      { sequence, ...sent.report },
      null,
    ]);
  });

  test("scans give the reports of a range, of one device or all, in both orders", async () => {
    const store = await openNew();
    const sent = Array.from({ length: 40 }, (_, i) =>
      reading(i % 3 === 0 ? "a" : "b", `${i}`, { at: at + (i % 7) * 1_000, received: at + i }),
    );
    const stored = (await report(store, ...sent)) as { sequence: number }[];
    const numbers = stored.map(({ sequence }) => sequence);
    const rows = sent.map(({ report: one }, i): ReportRow =>
      Object.assign({ sequence: numbers[i] as number }, one),
    );
    for (const id of ["a", "b", "nobody", null]) {
      for (const order of ["newest", "oldest"] as const) {
        for (const range of [
          everything,
          { low: numbers[5] as number, high: numbers[30] as number },
          { ...everything, from: at + 2_000, to: at + 4_000 },
        ]) {
          const {
            low,
            high,
            from = -Infinity,
            to = Infinity,
          } = { from: undefined, to: undefined, ...range };
          const expected = rows.filter(
            (row) =>
              (id === null || row.device === id) &&
              row.sequence >= low &&
              row.sequence < high &&
              row.at >= from &&
              row.at <= to,
          );
          if (order === "newest") expected.reverse();
          const scan = store.reads.scan(id, range, order);
          const found: unknown[] = [];
          while (!scan.done) found.push(...(await scan.next(7)));
          expect(found).toEqual(expected);
        }
      }
    }
  });

  test("messages of a device come with their places, oldest first, and their times in bulk", async () => {
    const store = await openNew();
    const sent = Array.from({ length: 50 }, (_, i) =>
      reading(i % 2 ? "a" : "b", `m${i}`, { at: at + i }),
    );
    await report(store, ...sent);
    const scan = store.reads.messages("a", 0, await store.reads.end());
    const found: string[] = [];
    const times: number[] = [];
    while (!scan.done) {
      const { base, places, bytes } = await scan.next(8);
      found.push(...Buffer.from(bytes).toString().split("\x1f").slice(0, -1));
      times.push(...(await store.reads.timesAt("a", base, places)));
    }
    const own = sent.filter(({ report: { device } }) => device === "a");
    expect(found).toEqual(own.map(({ report: { message } }) => message));
    expect(times).toEqual(own.map(({ report: one }) => one.at));
  });

  test("where times begin among a device's reports of an ordered chunk, many at once", async () => {
    const store = await openNew();
    const sent = Array.from({ length: 300 }, (_, i) =>
      // The times of the two devices do not ascend together, but those of each do.
      reading(i % 3 === 0 ? "b" : "a", `${i}`, { at: at + (i % 3 === 0 ? 0 : i * i) }),
    );
    const stored = (await report(store, ...sent)) as { sequence: number }[];
    const [chunk] = await store.reads.chunks(at, at + 300 ** 2);
    expect(chunk?.isOrdered).toBe(true);
    const base = (chunk?.number ?? 0) * 65_536;
    const own = sent.flatMap(({ report: one }, i) =>
      one.device === "a" ? [{ at: one.at, place: (stored[i]?.sequence ?? 0) - base }] : [],
    );
    const places = Uint16Array.from(own, ({ place }) => place);
    const times = Float64Array.of(0, at, ...own.flatMap((one) => [one.at, one.at + 1]), at + 1e9);
    const found = await store.reads.firstsFrom("a", base, places, times.sort());
    const firstFrom = (time: number) => own.filter((one) => one.at < time).length;
    expect([...(found ?? [])]).toEqual(Array.from(times, firstFrom));
    await report(store, reading("a", "late", { at }));
    expect(await store.reads.chunks(at, at)).toMatchObject([{ isOrdered: false }]);
  });

  test("its numbers: the first, the next, how many, and which chunks a time is in", async () => {
    const store = await openNew();
    expect([await store.reads.first(), await store.reads.count()]).toEqual([
      await store.reads.end(),
      0,
    ]);
    const sequence = await sequenceOf(store, reading("a", "x", { at }));
    expect([await store.reads.first(), await store.reads.count()]).toEqual([sequence, 1]);
    expect(await store.reads.end()).toBe(sequence + 1);
    const number = Math.floor(sequence / 65_536);
    expect(await store.reads.chunks(at, at)).toMatchObject([{ number }]);
    expect(await store.reads.chunks(at + 1, at + 9)).toEqual([]);
  });

  describe("a DATA that may be an answer", () => {
    const question = {
      device: "a",
      code: "42",
      target: "t",
      by: "cli",
      time: "t1",
      asked: at,
    } as const;

    async function asked(): Promise<{ store: TestedStore; number: number }> {
      const store = await openNew();
      await write(store, { kind: "add-question", question: { ...question, device: "b" } });
      await write(store, { kind: "add-question", question });
      const number = await write(store, {
        kind: "add-question",
        question: { ...question, time: "t2" },
      });
      return { store, number };
    }

    /** A DATA with a rule that notes what it is asked. */
    function data(time: string, addressed: boolean, decide: MayAnswer["decide"]): ReportStep {
      return { ...reading("a", "fine", { time }), mayAnswer: { addressed, open: 0, decide } };
    }

    test("its rule gets the kept questions, newest first; what it decides is stored, and no report", async () => {
      const { store, number } = await asked();
      const seen: (readonly QuestionRow[])[] = [];
      const answer = ({ received, code, time, message }: Report) => ({
        received,
        code,
        time,
        message,
      });
      const decide: MayAnswer["decide"] = (it, _, questions) => {
        seen.push(questions);
        return {
          outcome: { kind: "answer", question: number, repeated: false },
          writes: [{ kind: "answer-question", number, answer: answer(it) }],
        };
      };
      expect(await report(store, data("t2", false, decide))).toEqual([
        { kind: "answer", question: number, repeated: false },
      ]);
      expect(seen.map((them) => them.map(({ time }) => time))).toEqual([["t2", "t1"]]);
      expect(await store.reads.count()).toBe(0);
      const [kept] = await store.reads.questions("a", 1e9, 1);
      expect(kept?.answer).toMatchObject({ message: "fine", time: "t2" });
    });

    test("is a report if its rule says so, and the rule can ask whether it was one before", async () => {
      const { store } = await asked();
      const before: boolean[] = [];
      const decide: MayAnswer["decide"] = (_, __, ___, isReported) => {
        before.push(isReported());
        return null;
      };
      const step = data("t1", true, decide);
      expect(await report(store, step, step)).toMatchObject([
        { kind: "report", repeated: false },
        { kind: "report", repeated: true },
      ]);
      expect(before).toEqual([false, true]);
    });
  });
}
