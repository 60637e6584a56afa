// The bounded map: which entry it forgets, by both of its orders, and whom it tells.

import { expect, setDefaultTimeout, test } from "bun:test";
import { BoundedMap } from "../lib/bounded-map.ts";
import { testTimeoutMs } from "./e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("the first one added is forgotten first, also if it was set again", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  expect([...map]).toEqual([
    ["b", 2],
    ["c", 4],
  ]);
});

test("the one renewed longest ago is forgotten first", () => {
  const map = new BoundedMap<string, number>(2);
  for (const [i, key] of ["a", "b", "a", "c"].entries()) map.renew(key, i);
  expect([...map]).toEqual([
    ["a", 2],
    ["c", 3],
  ]);
});

test("an entry that was deleted leaves room for another one", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2).delete("a");
  map.set("c", 3);
  expect([...map.keys()]).toEqual(["b", "c"]);
});

test("it tells which values the bound drops, and of no others", () => {
  const forgotten: string[] = [];
  const map = new BoundedMap<number, string>(2, (value) => forgotten.push(value));
  map.set(1, "one").set(2, "two").set(2, "two again");
  map.renew(1, "one again");
  map.delete(2);
  map.set(3, "three");
  expect(forgotten).toEqual([]);
  map.set(4, "four");
  expect(forgotten).toEqual(["one again"]);
  map.clear();
  expect(forgotten).toEqual(["one again"]);
});
