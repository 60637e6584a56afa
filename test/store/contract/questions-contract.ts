// The contract of a store for the operator's questions: their numbers, answers, bounds and age.

import { expect, test } from "bun:test";
import type { Question } from "../../../lib/server/rows.ts";
import { startOfTime as at } from "../fixtures.ts";
import { apply, type OpenNew, write, writing } from "./tested-store.ts";

/** Runs the contract on a store. */
export function questionsContract(openNew: OpenNew): void {
  const question = (device: string, time: string): Question => ({
    device,
    code: "42",
    target: "uptime",
    by: "cli",
    time,
    asked: at,
  });
  const add = (device: string, time: string) =>
    ({ kind: "add-question", question: question(device, time) }) as const;
  const given = { received: at + 1, code: "01", time: "t", message: "up\0 3 d" };

  test("have numbers, are read newest first, and get their answers", async () => {
    const store = await openNew();
    const one = await write(store, add("a", "t1"));
    await write(store, add("b", "t2"));
    const two = await write(store, add("a", "t3"));
    await write(store, { kind: "answer-question", number: one, answer: given });
    await write(store, {
      kind: "answer-question",
      number: one,
      answer: { ...given, code: "09" },
    });
    await write(store, { kind: "answer-question", number: 999, answer: given });
    const kept = await store.reads.questions("a", two + 1, 10);
    expect(kept).toEqual([
      { ...question("a", "t3"), number: two, answer: null },
      { ...question("a", "t1"), number: one, answer: given },
    ]);
    expect(await store.reads.questions("a", two, 10)).toHaveLength(1);
    expect(await store.reads.questions("a", two + 1, 1)).toHaveLength(1);
  });

  test("a further answer is a row of its own; only the latest 100 of a device are kept", async () => {
    const store = await openNew();
    const number = await write(store, add("a", "t1"));
    await write(store, add("b", "t1"));
    for (let i = 0; i < 98; i++) await write(store, add("a", `t${i}`));
    await write(store, { kind: "answer-again", number, answer: given });
    const kept = await store.reads.questions("a", 1e9, 1_000);
    expect(kept).toHaveLength(100);
    expect(kept[0]).toMatchObject({ time: "t1", answer: given });
    await write(store, add("a", "one more"));
    const later = await store.reads.questions("a", 1e9, 1_000);
    expect(later).toHaveLength(100);
    expect(later.some((row) => row.number === number)).toBe(false);
    expect(await store.reads.questions("b", 1e9, 10)).toHaveLength(1);
  });

  test("grow old by hours of service, whatever the clock showed", async () => {
    const store = await openNew();
    await write(store, add("a", "first"));
    await apply(store, ...Array.from({ length: 719 }, () => writing({ kind: "count-hour" })));
    await write(store, add("a", "later"));
    const again = await store.reopened();
    expect(await again.reads.questions("a", 1e9, 10)).toHaveLength(2);
    await write(again, { kind: "count-hour" });
    const kept = await again.reads.questions("a", 1e9, 10);
    expect(kept.map(({ time }) => time)).toEqual(["later"]);
  });
}
