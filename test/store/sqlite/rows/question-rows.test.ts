// Questions and answers on the disk: which are kept, for how long and how many.

import type { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Operation } from "../../operations.ts";
import type { Question } from "../../../../lib/server/rows.ts";
import { OperatorReader } from "../../../../lib/store/sqlite/operator-reader.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { reportOf, startOfTime } from "../../fixtures.ts";
import { newDatabase } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

const question = (device: string, time: string, asked = startOfTime): Question => ({
  device,
  code: "42",
  target: "uptime",
  by: "dashboard",
  time,
  asked,
});
const ask = (device: string, time: string, asked = startOfTime): Operation => ({
  kind: "question",
  question: question(device, time, asked),
});
const hour = { kind: "hour" } as const;

function answer(device: string, time: string, message: string, at = startOfTime): Operation {
  const { report, ...rest } = reportOf(device, message, { at });
  const mayAnswer = { addressed: false, open: 0 };
  return { ...rest, report: { ...report, time }, mayAnswer };
}

function newStore(database = newDatabase()) {
  const store = new SqliteStore(database);
  const reader = new OperatorReader(database, store);
  const list = (device: string) => reader.questions(device, Number.MAX_SAFE_INTEGER, 1_000);
  return { database, store, reader, list };
}

function count(database: Database, table: string): number {
  return (database.query(`SELECT count(*) AS it FROM ${table}`).get() as { it: number }).it;
}

test("a question has its answer, who asked, and when; the answer is no report", () => {
  const { database, store, list, reader } = newStore();
  operate(store, [ask("a", "t1"), ask("a", "t2"), ask("b", "t3")]);
  const outcomes = operate(store, [answer("a", "t1", "up 3 d", startOfTime + 5)]);
  expect(outcomes).toEqual([{ kind: "answer", question: 1, repeated: false }]);
  const common = { device: "a", code: "42", target: "uptime", by: "dashboard", asked: startOfTime };
  const given = { received: startOfTime + 5, code: "01", time: "t1", message: "up 3 d" };
  expect<readonly unknown[]>(list("a")).toEqual([
    { number: 2, time: "t2", ...common, answer: null },
    { number: 1, time: "t1", ...common, answer: given },
  ]);
  expect(count(database, "data")).toBe(0);
  expect(reader.latestOf(["a"])).toEqual([null]);
  expect(reader.questions("a", 2, 10).map(({ number }) => number)).toEqual([1]);
});

test("an answer and its repeat are recognised after a restart; another device's DATA of that time is a report", () => {
  const { database, store } = newStore();
  operate(store, [ask("a", "t1")]);
  const again = newStore(database);
  expect(operate(again.store, [answer("a", "t1", "x"), answer("b", "t1", "x")])).toEqual([
    { kind: "answer", question: 1, repeated: false },
    { kind: "report", sequence: 1, repeated: false },
  ]);
  expect(operate(newStore(database).store, [answer("a", "t1", "x")])).toEqual([
    { kind: "answer", question: 1, repeated: true },
  ]);
  expect([count(database, "question"), count(database, "data")]).toEqual([1, 1]);
});

test("questions are kept for 30 days of service, whatever the wall clock showed when they were asked", () => {
  const { database, store, list } = newStore();
  operate(store, [ask("a", "in 1970", 0), ask("b", "in 2096", startOfTime * 2)]);
  for (let i = 0; i < 719; i++) operate(store, [hour]);
  operate(store, [ask("a", "a month later")]);
  expect(count(database, "question")).toBe(3);
  operate(store, [hour]);
  expect(list("a")).toHaveLength(1);
  expect(list("b")).toEqual([]);
  // Without its question, a DATA with that time is a report again.
  expect(operate(store, [answer("b", "in 2096", "x")])).toMatchObject([{ kind: "report" }]);
});

test("the number of questions is bounded, for a device and in all; the oldest go first", () => {
  const { database, store, list } = newStore();
  operate(
    store,
    Array.from({ length: 130 }, (_, i) => ask("a", `t${i}`)),
  );
  expect(list("a").map(({ number }) => number)).toEqual(
    Array.from({ length: 100 }, (_, i) => 130 - i),
  );
  operate(
    store,
    Array.from({ length: 10_000 }, (_, i) => ask(`d${i}`, `t${i}`)),
  );
  expect(count(database, "question")).toBe(10_000);
  expect<readonly unknown[]>(list("a")).toEqual([]);
  expect(list("d9999")).toHaveLength(1);
  // Neither does what is remembered of them grow without a bound, nor is one that is kept forgotten.
  for (let i = 0; i < 3; i++) {
    operate(
      store,
      Array.from({ length: 8_000 }, (_, n) => ask("b", `t${i} ${n}`)),
    );
  }
  expect(operate(store, [answer("b", "t2 7999", "x"), answer("b", "t2 7899", "x")])).toMatchObject([
    { kind: "answer" },
    { kind: "report" },
  ]);
});

test("further answers to one question count for the bound", () => {
  const { store, list } = newStore();
  operate(store, [ask("a", "t1")]);
  operate(
    store,
    Array.from({ length: 200 }, (_, i) => answer("a", "t1", `reading ${i}`)),
  );
  expect(list("a")).toHaveLength(100);
  expect(list("a")[0]).toMatchObject({ answer: { message: "reading 199" }, target: "uptime" });
});

test("a DATA that is taken for an answer to a question that is gone is stored as a report", () => {
  const { database, store } = newStore();
  operate(store, [ask("a", "t1")]);
  const late = { ...answer("a", "own time", "x"), mayAnswer: { addressed: true, open: 77 } };
  expect(operate(store, [late as Operation])).toMatchObject([{ kind: "report" }]);
  expect(count(database, "data")).toBe(1);
});

test("a batch that fails stores no answer: its repeat is the first one", () => {
  const { database, store } = newStore();
  operate(store, [ask("a", "t1")]);
  database.run("PRAGMA query_only = ON");
  expect(() => operate(store, [answer("a", "t1", "x")])).toThrow();
  database.run("PRAGMA query_only = OFF");
  expect(operate(store, [answer("a", "t1", "x")])).toEqual([
    { kind: "answer", question: 1, repeated: false },
  ]);
});
