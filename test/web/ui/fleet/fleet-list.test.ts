// What the device list shows and asks for: columns that were stored, the text of a field, and queries as the address has them.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { DeviceJson } from "../../../../lib/web/api/shapes.ts";
import { bandsOf, shareWords } from "../../../../lib/web/ui/fleet/availability-strip.ts";
import { fieldNamesOf, fieldTextOf } from "../../../../lib/web/ui/fleet/field-text.ts";
import {
  columnNames,
  columnsIn,
  type Room,
  tracksOf,
} from "../../../../lib/web/ui/fleet/fleet-columns.ts";
import {
  isNarrow,
  noneWords,
  parametersOf,
  queryIn,
} from "../../../../lib/web/ui/fleet/fleet-query.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const said = (message: string | null, labels: Record<string, string> = {}) => ({
  lastReport: message === null ? null : ({ message } as DeviceJson["lastReport"]),
  labels,
});

test.each([
  ["temp=21.5°C hum=40", "temp", "21.5\u00a0°C"],
  ["temp=21.5", "temp", "21.5\u00a0K"],
  ["temp=21.5", "hum", ""],
  ["door=open", "door", "open"],
  ['{"a":{"b":1234}}', "a.b", "1,234"],
  [null, "temp", ""],
])("of %j the field %s is shown as %j", (message, field, shown) => {
  expect(fieldTextOf(field)(said(message, { "unit.temp": "K" }))).toBe(shown);
});

test("the fields that most devices report come first", () => {
  const devices = [said("b=1"), said("a=1 b=2 c=on"), said(null), said("c=1 c=off"), said("b=x")];
  expect(fieldNamesOf(devices)).toEqual(["b", "c", "a"]);
});

test.each([
  [null, []],
  ["text", []],
  [{ shown: "all", fields: [] }, []],
  [
    { shown: ["seen", "nothing", "labels"], fields: ["a", 7, "b", "c", "d", "e"] },
    ["a", "b", "c", "d"],
  ],
])("what was stored as columns may be anything: %j", (stored, fields) => {
  const columns = columnsIn(stored);
  expect(columns.fields).toEqual(fields);
  const usual = columnNames.filter((name) => name !== "source");
  expect(columns.shown).toEqual(fields.length === 0 ? usual : ["labels", "seen"]);
});

test("each column has its track, and the last packet is the last", () => {
  const columns = { shown: columnNames, fields: ["a", "b"] };
  const count = (tracks: string) =>
    tracks.replace(/minmax\((?:[^()]|\([^()]*\))*\)/g, "one").split(" ").length;
  const of = (room: Room, isBare = false) => tracksOf(columns, isBare, room);
  expect(of("wide")).toEndWith("var(--seen)");
  const counts = [of("wide"), of("middle"), of("narrow"), of("wide", true)].map(count);
  expect(counts).toEqual([11, 10, 8, 10]);
});

test.each([
  [null, "Unknown"],
  [0, "0 %"],
  [0.0001, "< 0.1 %"],
  [0.0514, "5.1 %"],
  [0.5049, "50 %"],
  [0.9512, "95.1 %"],
  [0.9999, "> 99.9 %"],
  [1, "100 %"],
])("a share of %p is %s", (share, words) => {
  expect(shareWords(share)).toBe(words);
});

test("a strip has a band for neighbours of one colour", () => {
  expect(bandsOf([null, 0, 0, 0.5, 1, 0.99, 1, 1])).toBe(
    "linear-gradient(to right, transparent 0% 12.5%, var(--strip-none) 12.5% 37.5%, " +
      "color-mix(in srgb, var(--strip-all) 50%, var(--strip-none)) 37.5% 50%, var(--strip-all) 50% 100%)",
  );
});

test.each([
  "",
  "q=a%2Cb&presence=silent",
  "unheard=2h&alerts=firing&sort=-value&field=temp",
  "alerts=firing",
  "sort=status",
])("an address is read and written again: %j", (address) => {
  const query = queryIn(new URLSearchParams(address));
  const written = Object.entries(parametersOf(query)).filter(([, value]) => value !== "");
  expect(new URLSearchParams(written).toString()).toBe(address);
  expect(isNarrow(query)).toBe(/q=|presence=|unheard=|alerts=/.test(address));
});

test("what an address has wrong is left out", () => {
  const query = queryIn(new URLSearchParams("presence=gone&sort=mac&unheard=soon&alerts=none"));
  expect(query).toEqual({ text: "", presence: "", sort: "id", field: "", unheard: "", alerts: "" });
});

test.each([
  ["presence=silent&unheard=2h", "There are no devices that went silent not heard for 2 h."],
  ["alerts=firing&presence=online", "There are no devices with an alert that are online."],
  ["q=x", "No devices have “x” in their name, id, labels, MAC or IP."],
  ["q=area%3Dx&unheard=9h", "No devices not heard for 9h are area=x."],
])("that %s finds nothing is said: %s", (address, words) => {
  expect(noneWords(queryIn(new URLSearchParams(address)))).toBe(words);
});
