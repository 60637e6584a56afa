// Several fields of a message at once: each number is the one that is found for its field alone.

import { expect, setDefaultTimeout, test } from "bun:test";
import { FieldNumbers } from "../../lib/fleet/field-numbers.ts";
import { finderOf } from "../../lib/fleet/numbers-in-messages.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const fields = ["temp", "hum", "value", "in.deep", "a=b", "e", "temp2", "0", "ü"];

function expectSame(message: string): void {
  const numbers = new FieldNumbers(fields);
  // What was read before leaves nothing.
  numbers.read("temp=1 hum=2 in.deep=3 e=4");
  numbers.read(message);
  const alone = fields.map((field) => finderOf(field)(message));
  expect([message, ...numbers.values]).toEqual([message, ...alone]);
  // A number that is too large is found, and is none.
  const found = [...numbers.found.subarray(0, numbers.count)].filter(
    (place) => !Number.isNaN(numbers.values[place]),
  );
  const places = [...alone.keys()].filter((place) => !Number.isNaN(alone[place]));
  expect(found.toSorted((a, b) => a - b)).toEqual(places);
}

test.each([
  "21.5",
  "temp:21.5 hum:40% 0:3 ü:4 in.deep:5",
  "temp=21,5 hum=40,value:3",
  "temp:1,0=2 a=b:3",
  " -3 ",
  "temp=21.5",
  "temp=21.5°C hum=40%",
  "hum=40,temp=-1e3;in.deep=7&e=2",
  "temp=hot temp=3 temp=4",
  "temp=1e999 temp=3",
  "a=b=3 b=4",
  "=5 temp= temp==3",
  "xtemp=1 temp2=2",
  "temp\u00a0=1\u2028temp=2",
  "ü=3",
  '{"temp":1,"in":{"deep":2},"value":"x"}',
  '{"in.deep":5}',
  "[7]",
  '{"temp":',
  "",
  "ok",
])("%j", expectSame);

test("of any characters", () => {
  const random = new SeededRandom(11);
  const parts = [
    "temp",
    "hum",
    "=",
    " ",
    ",",
    ";",
    "1",
    "-2.5",
    "°C",
    "e",
    "{",
    "}",
    '"',
    ":",
    "\u00a0",
    "ü",
    "&",
    "|",
    "\n",
    ",5",
    "0",
  ];
  for (let i = 0; i < 20_000; i++) {
    expectSame(Array.from({ length: random.below(12) }, () => random.pick(parts)).join(""));
  }
});

test("the number is the one that its text is, to the last bit", () => {
  const random = new SeededRandom(12);
  const digits = (most: number) =>
    Array.from({ length: random.below(most + 1) }, () => String(random.below(10))).join("");
  const numbers = new FieldNumbers(["n"]);
  for (let i = 0; i < 20_000; i++) {
    const text = `${random.pick(["", "-", "+"])}${random.below(10)}${digits(18)}.${digits(18)}${random.pick(["", "", "e-3", "E12"])}`;
    numbers.read(`n=${text}`);
    expect([text, numbers.values[0]]).toEqual([text, Number(text)]);
  }
});
