// Numbers and states in messages: each found alone, among all of its message, and in the bytes of many messages is the same.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { stateFinderOf } from "../../../lib/fleet/states-in-messages.ts";
import { WordCodes, wordColumnReaderOf } from "../../../lib/web/series/word-column.ts";
import { SeededRandom } from "../../e2e/seeded-random.ts";
import { columnReaderOf } from "../../../lib/web/series/number-column.ts";
import { finderOf, numbersIn } from "../../../lib/fleet/numbers-in-messages.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** The field's numbers, read from the bytes of many messages at once. */
function columnOf(field: string, messages: readonly string[]): number[] {
  const values = new Float64Array(messages.length);
  const bytes = Buffer.from(messages.map((message) => `${message}\x1f`).join(""));
  expect(columnReaderOf(field)(bytes, values)).toBe(messages.length);
  return [...values];
}

describe("numbers in a message", () => {
  const rows: readonly [message: string, numbers: Readonly<Record<string, number>>][] = [
    ["21.5", { value: 21.5 }],
    [" -3 ", { value: -3 }],
    ["1e3", { value: 1000 }],
    [".5", { value: 0.5 }],
    ["1e999", {}],
    ["0x10", {}],
    ["", {}],
    ["hello", {}],
    ["21,5", {}],
    ["temp=21.5", { temp: 21.5 }],
    ["temp=21.5 hum=40%", { temp: 21.5, hum: 40 }],
    ["temp=21.5C;hum=40,p=1013hPa", { temp: 21.5, hum: 40, p: 1013 }],
    ["mode=auto temp=-1e-2", { temp: -0.01 }],
    ["date=2026-11-22 n=7", { n: 7 }],
    ["xtemp=1 temp=2", { xtemp: 1, temp: 2 }],
    ["value=9", { value: 9 }],
    ["ver=1.2.3 n=1", { n: 1 }],
    ["n=1234567890123456789", { n: Number("1234567890123456789") }],
    ['{"temp":21.5,"on":true,"name":"7"}', { temp: 21.5 }],
    ['{"in":{"temp":1},"temp":2}', { "in.temp": 1, temp: 2 }],
    ['{"a.b":1,"a":{"c":2}}', { "a.b": 1, "a.c": 2 }],
    ["[1,2.5]", { "0": 1, "1": 2.5 }],
    ['{"temp":1e2}', { temp: 100 }],
    ['{"note":"\\"temp\\":5","temp":6}', { temp: 6 }],
    ['{"a":{"temp":5}}', { "a.temp": 5 }],
    ['{"temp" : 5}', { temp: 5 }],
    ['{"temp": 5}', { temp: 5 }],
    ["{temp=5}", {}],
    ["{ temp=5 }", { temp: 5 }],
    ['{"__proto__":1}', { __proto__: undefined } as never],
    ["temp=21.5°C hum=40 %", { temp: 21.5, hum: 40 }],
    ["temp=1e3;hum=+7", { temp: 1000, hum: 7 }],
    ["temp=5kg/m²s,hum=1.", { temp: 5, hum: 1 }],
    ["temp=5abcdefghi", {}],
    ["temp=x temp=3", { temp: 3 }],
    ["ütemp=1\u00a0temp=2", { ütemp: 1, temp: 2 }],
    ["mode=a\ttemp=.5\nhum=-0", { temp: 0.5, hum: -0 }],
    ['{"on":true,"temp":-3.25 }', { temp: -3.25 }],
    ['{"temp":1,"temp":2}', { temp: 2 }],
    ['{"name":"{","temp":2}', { temp: 2 }],
    ['{"temp":12345678901234567890}', { temp: Number("12345678901234567890") }],
    ["+21.50", { value: 21.5 }],
    ["5\r", { value: 5 }],
    ["5.5.5", {}],
    ["moisture:30.0", { moisture: 30 }],
    ["T:21.5C,H:40%;lat:51.5,lon:-0.12", { T: 21.5, H: 40, lat: 51.5, lon: -0.12 }],
    ["temp:1 hum=2 ütemp:3", { temp: 1, hum: 2, ütemp: 3 }],
    ["temp:hot temp:3", { temp: 3 }],
    ["at 09:15 10.0.0.7:1994 aa:bb:cc:11:22:33 2026-11-22:09 temp:12:30", {}],
    ["temp:21=5 in:temp:4 temp: 5", {}],
    ['{"temp":21.5', {}],
    ["temp=21,5", {}],
    ["temp:21,5", {}],
    ["temp=21,5 hum=40", { hum: 40 }],
    ["hum=-21,5,temp=1,000,000", {}],
    ["temp=21,5 temp=3", { temp: 3 }],
    ["temp=1,2=20,hum=3,a.b=4", { temp: 1, "2": 20, hum: 3, "a.b": 4 }],
    ["temp=21.5,1795338846 hum=40%,5", { temp: 21.5, hum: 40 }],
    ["temp=21,hum:5", { temp: 21, hum: 5 }],
    ["temp=21,5:30", {}],
  ];
  for (const [message, numbers] of rows) {
    test(JSON.stringify(message), () => {
      const found = numbersIn(message);
      if (!message.includes("__proto__")) expect(Object.fromEntries(found)).toEqual({ ...numbers });
      for (const [name, value] of found) {
        expect([name, finderOf(name)(message)]).toEqual([name, value]);
        expect([name, columnOf(name, [message])]).toEqual([name, [value]]);
      }
      for (const name of ["temp", "value", "hum", "a.b", "constructor", "length", "none"]) {
        if (found.some(([known]) => known === name)) continue;
        expect([name, finderOf(name)(message)]).toEqual([name, Number.NaN]);
        expect([name, columnOf(name, [message])]).toEqual([name, [Number.NaN]]);
      }
    });
  }
});

test("each message gives the same number in a column as alone, whatever its neighbours are", () => {
  let seed = 11;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const parts = [
    "temp",
    "=",
    "1",
    "2.5",
    " ",
    ",",
    "-",
    "e3",
    "°C",
    "%",
    "x",
    ".",
    "value",
    "\t",
    "é",
    ":",
    ",5",
  ];
  for (let round = 0; round < 600; round++) {
    const messages = Array.from({ length: 20 }, () =>
      Array.from({ length: random(11) }, () => parts[random(parts.length)]).join(""),
    );
    for (const field of ["temp", "value", "x"]) {
      const found = messages.map((message) => finderOf(field)(message));
      expect([messages, columnOf(field, messages)]).toEqual([messages, found]);
      const named = messages.map((message) => numbersIn(message).find(([name]) => name === field));
      expect([messages, found]).toEqual([messages, named.map((it) => it?.[1] ?? Number.NaN)]);
    }
  }
});

test("messages that contain the separator byte are detected by their number", () => {
  const read = columnReaderOf("value");
  expect(read(Buffer.from("1\x1f2\x1f3\x1f"), new Float64Array(2))).toBe(3);
  expect(read(new Uint8Array(0), new Float64Array(2))).toBe(0);
  expect(() => read(Buffer.from("1\x1f2"), new Float64Array(2))).toThrow("no end");
});

test("each message gives the same state in a column as alone, whatever its neighbours are", () => {
  const random = new SeededRandom(15);
  const parts = [
    "door",
    "=",
    ":",
    "open",
    "shut",
    "up",
    " ",
    ",",
    "1",
    "-",
    "\t",
    "é",
    "\u00a0",
    "value",
    '"',
  ];
  const whole = [
    "open",
    "shut",
    "open shut",
    " open",
    '{"door":"open up"}',
    '{"value":true}',
    "[]",
    "door=open up",
  ];
  for (const field of ["door", "value", "é", "o"]) {
    const words = new WordCodes(0);
    const read = wordColumnReaderOf(field, words);
    const find = stateFinderOf(field);
    for (let round = 0; round < 300; round++) {
      const messages = Array.from({ length: 20 }, () =>
        random.below(3) === 0
          ? random.pick(whole)
          : Array.from({ length: random.below(9) }, () => random.pick(parts)).join(""),
      );
      const values = new Float64Array(messages.length);
      const bytes = Buffer.from(messages.map((message) => `${message}\x1f`).join(""));
      expect(read(bytes, values)).toBe(messages.length);
      const found = Array.from(values, (code) => (code > 0 ? words.wordOf(code) : undefined));
      expect([messages, found]).toEqual([messages, messages.map(find)]);
    }
  }
});
