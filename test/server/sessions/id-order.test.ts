// The order of ids against a plain sorted list: after any additions and removals the pages are the same.

import { expect, setDefaultTimeout, test } from "bun:test";
import { IdOrder } from "../../../lib/server/sessions/id-order.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** Numbers of a sequence that does not repeat within its length (a full-period linear congruential generator). */
function scattered(count: number): number[] {
  const numbers: number[] = [];
  for (let i = 0, at = 1; i < count; i++, at = (at * 1_103_515_245 + 12_345) % 2 ** 31)
    numbers.push(at);
  return numbers;
}

test("it is a sorted list, readable from any id on, whether present or not", () => {
  const order = new IdOrder(["m"]);
  const plain = new Set(["m"]);
  for (const [i, number] of scattered(20_000).entries()) {
    const id = (number % 5_000).toString(36);
    if (plain.delete(id)) order.remove(id);
    else {
      plain.add(id);
      order.add(id);
    }
    if (i % 1_000 !== 0) continue;
    const sorted = [...plain].sort();
    expect([...order.after(null)]).toEqual(sorted);
    for (const after of ["", "0", "m", "zzzz", id]) {
      expect([...order.after(after)]).toEqual(sorted.filter((each) => each > after));
    }
  }
});

test("it can be emptied and filled again, in ascending and descending order", () => {
  const ids = Array.from({ length: 3_000 }, (_, i) => `${i}`.padStart(5, "0"));
  const order = new IdOrder(ids.toReversed());
  expect([...order.after(null)]).toEqual(ids);
  for (const id of ids) order.remove(id);
  expect([...order.after(null)]).toEqual([]);
  for (const id of ids) order.add(id);
  expect([...order.after(null)]).toEqual(ids);
  for (const id of ids.toReversed()) order.remove(id);
  for (const id of ids.toReversed()) order.add(id);
  expect([...order.after(null)]).toEqual(ids);
});

test("removing an absent id changes nothing", () => {
  const order = new IdOrder(["b"]);
  for (const id of ["a", "c"]) order.remove(id);
  expect([...order.after(null)]).toEqual(["b"]);
});
