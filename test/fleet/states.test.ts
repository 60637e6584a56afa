// States in messages: which words are states, and that each is found alone as it is among all.

import { expect, setDefaultTimeout, test } from "bun:test";
import { numbersIn } from "../../lib/fleet/numbers-in-messages.ts";
import { stateFinderOf, statesIn } from "../../lib/fleet/states-in-messages.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const longest = "w".repeat(32);
const rows: readonly [message: string, states: Readonly<Record<string, string>>][] = [
  ["open", { value: "open" }],
  [" true\n", { value: "true" }],
  ["the door is open", {}],
  ["21.5", {}],
  ["", {}],
  ["door=open temp=21.5", { door: "open" }],
  ["door:closed,mode=auto;n=7", { door: "closed", mode: "auto" }],
  ["date=2026-11-22 ver=v1.2 http://x", { ver: "v1.2" }],
  ["12:open", {}],
  ["12=open", { "12": "open" }],
  ["mac=aa:bb:cc", {}],
  [`a=${longest} b=${longest}w`, { a: longest }],
  ["tür=geöffnet", { tür: "geöffnet" }],
  ["door=3 door=open", { door: "open" }],
  [
    '{"door":true,"in":{"mode":"heating up"},"temp":21.5,"at":"2026-11-22"}',
    { door: "true", "in.mode": "heating up" },
  ],
  ['{"a.b":"x","a":{"b":1,"c":false}}', { "a.b": "x", "a.c": "false" }],
  ['{"a":null,"b":"","c":"x\\u0000","d":"7"}', {}],
  ["[true]", { "0": "true" }],
  ['{"door":', {}],
];

test.each(rows)("%j", (message, states) => {
  const found = statesIn(message);
  expect(Object.fromEntries(found)).toEqual({ ...states });
  for (const name of ["door", "value", "in.mode", "a.b", "a", "b", "12", "", "constructor"]) {
    const own = found.find(([known]) => known === name)?.[1];
    expect([name, stateFinderOf(name)(message)]).toEqual([name, own]);
  }
});

test("of any characters", () => {
  const random = new SeededRandom(15);
  const parts = [
    "door",
    "=",
    ":",
    " ",
    ",",
    "1",
    "open",
    "ü",
    "{",
    '"',
    "value",
    "\n",
    "x".repeat(30),
    ";",
  ];
  const fields = ["door", "value", "open", "1", "x"].map(
    (name) => [name, stateFinderOf(name)] as const,
  );
  for (let i = 0; i < 20_000; i++) {
    const message = Array.from({ length: random.below(10) }, () => random.pick(parts)).join("");
    const found = statesIn(message);
    for (const [name, find] of fields) {
      const own = found.find(([known]) => known === name)?.[1];
      expect([message, name, find(message)]).toEqual([message, name, own]);
      // A word is no number: of one pair there is only one of both.
      if (own !== undefined && !message.includes(name, message.indexOf(name) + 1)) {
        expect([message, numbersIn(message).some(([known]) => known === name)]).toEqual([
          message,
          false,
        ]);
      }
    }
  }
});
