// Labels and selectors as text: what is read, what is refused and where, and whom a selector means. Random texts never throw.

import { expect, setDefaultTimeout, test } from "bun:test";
import { changed, faultWords, labelsIn, labelsText, readChange } from "../../lib/server/labels.ts";
import { isSelected, readSelector, type Selectable } from "../../lib/server/selector.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const change = (text: string) => {
  const read = readChange(text);
  return read.ok ? read.value : faultWords(read.fault);
};

test("a change is k=v or k-", () => {
  const table = [
    ["name=Cold room", { key: "name", value: "Cold room" }],
    ["unit.temp=°C", { key: "unit.temp", value: "°C" }],
    ["note=", { key: "note", value: "" }],
    ["area-", { key: "area", value: null }],
    ["a--", { key: "a-", value: null }],
    ["a-=b", { key: "a-", value: "b" }],
    ["__proto__=x", { key: "__proto__", value: "x" }],
    [`${"k".repeat(32)}=${"😀".repeat(64)}`, { key: "k".repeat(32), value: "😀".repeat(64) }],
  ] as const;
  for (const [text, read] of table) expect(change(text)).toEqual(read);
});

test("a wrong change is told with its position", () => {
  const key = "one of a-z 0-9 . _ -";
  const printable = "a printable character other than , | =";
  const table = [
    ["", "1", "a key"],
    ["area", "5", "="],
    ["=x", "1", "a key"],
    ["-", "1", "a key"],
    ["Area=x", "1", key],
    ["my area=x", "3", key],
    ["k=a,b", "4", printable],
    ["k=a|b", "4", printable],
    ["k=a=b", "4", printable],
    ["k=a\u0007", "4", printable],
    ["k=a\u202e", "4", printable],
    ["k=\ud800", "3", printable],
    ["k= a", "3", "anything but a space"],
    ["k=ab ", "5", "anything but a space"],
    [`${"k".repeat(33)}=x`, "33", "the end of a key of at most 32"],
    [`k=${"v".repeat(65)}`, "67", "the end of a value of at most 64"],
    ["id=x", "1", "a key other than id and presence"],
    ["presence-", "1", "a key other than id and presence"],
  ] as const;
  for (const [text, at, expected] of table) {
    expect(change(text)).toBe(`at position ${at}, where ${expected} is expected`);
  }
});

test("changes apply in order, and labels are the same after a store has kept them", () => {
  const before = new Map([
    ["area", "Kitchen"],
    ["name", "x"],
  ]);
  const after = changed(before, [
    { key: "area", value: null },
    { key: "name", value: "Cold room" },
    { key: "__proto__", value: "odd" },
  ]);
  expect(labelsText(after)).toBe("__proto__=odd,name=Cold room");
  expect(before.size).toBe(2);
  expect(labelsIn('{"__proto__":"odd","name":"Cold room"}')).toEqual(after);
  expect(labelsIn(null).size).toBe(0);
});

const devices: Record<string, Selectable> = {
  freezer: selectable("th-01", "online", { area: "Kitchen", name: "Freezer" }),
  cellar: selectable("th-02", "silent", { area: "Cellar", empty: "" }),
  pump: selectable("pump", "left", { area: "Cellar" }),
  bare: selectable("th-x", "never", {}),
};

function selectable(
  id: string,
  presence: Selectable["presence"],
  labels: Record<string, string>,
): Selectable {
  return { id, presence, labels: new Map(Object.entries(labels)) };
}

test("a selector means the devices that show all its terms", () => {
  const table = [
    ["area=Kitchen", "freezer"],
    ["area=Kitchen|Cellar", "freezer cellar pump"],
    ["area = Kitchen | Cellar , name", "freezer"],
    ["area!=Kitchen", "cellar pump bare"],
    ["area!=Kitchen|Cellar", "bare"],
    ["area!=Cellar,area", "freezer"],
    ["!area", "bare"],
    ["! area", "bare"],
    ["name", "freezer"],
    ["empty=", "cellar"],
    ["name=", ""],
    ["empty=x|", "cellar"],
    ["area=kitchen", ""],
    ["id=th-*", "freezer cellar bare"],
    ["id=*", "freezer cellar pump bare"],
    ["id=*-0*", "freezer cellar"],
    ["id=*h-*1", "freezer"],
    ["id=th-01|pump", "freezer pump"],
    ["id=th-01*th-01", ""],
    ["id!=th-*", "pump"],
    ["id=TH-*", ""],
    ["presence=online", "freezer"],
    ["presence=offline", "cellar pump"],
    ["presence=silent", "cellar"],
    ["presence!=never", "freezer cellar pump"],
    ["presence=left|never,area", "pump"],
    ["constructor", ""],
  ] as const;
  for (const [text, meant] of table) {
    const read = readSelector(text);
    if (!read.ok) throw new Error(`${text}: ${faultWords(read.fault)}`);
    const found = Object.keys(devices).filter((name) =>
      isSelected(read.value, devices[name] as Selectable),
    );
    expect(`${text}: ${found.join(" ")}`).toBe(`${text}: ${meant}`);
  }
});

test("a wrong selector is told with its position", () => {
  const term = "a term such as area=Kitchen";
  const table = [
    ["", 1, term],
    ["area=Kitchen,", 14, term],
    ["a,,b", 3, term],
    ["  ,b", 3, term],
    ["!", 2, "a key"],
    ["a b", 2, "one of a-z 0-9 . _ -"],
    ["area=Kitchen,Name=x", 14, "one of a-z 0-9 . _ -"],
    ["=x", 1, "a key"],
    ["!=x", 1, "a key"],
    ["a=b=c", 4, "a printable character other than , | ="],
    ["a=b|c\u0000", 6, "a printable character other than , | ="],
    ["id", 3, "a value, as in id=th-*"],
    ["x,!presence", 12, "a value, as in presence=silent"],
    ["id=", 4, "an id, or a part of one with *"],
    ["id=a|", 6, "an id, or a part of one with *"],
    ["id=th_ü", 7, "one of A-Z a-z 0-9 . _ : - *"],
    ["presence=asleep", 10, "one of online, offline, silent, left, never"],
    ["a".repeat(1_025), 1_025, "the end"],
    ["a".repeat(33), 33, "the end of a key of at most 32"],
  ] as const;
  for (const [text, at, expected] of table) {
    const read = readSelector(text);
    expect(read).toEqual({ ok: false, fault: { at, expected } });
  }
});

const seed = 0x5e1ec7;
const texts = 100_000;

test(`${texts} random selectors and changes, seed ${seed}: read or refused at a place in them`, () => {
  const random = randomFrom(seed);
  const pieces =
    "a area id presence silent online th-* * ** ! != = | , - . _ é 😀 \u0000 \ud800 Kitchen x"
      .split(" ")
      .concat(" ", "k".repeat(33), "id=", "presence=", ",!", "__proto__");
  let taken = 0;
  for (let i = 0; i < texts; i++) {
    const text = Array.from({ length: random(9) }, () => pieces[random(pieces.length)]).join("");
    const selector = readSelector(text);
    for (const read of [selector, readChange(text)]) {
      if (read.ok) continue;
      const { at, expected } = read.fault;
      if (at < 1 || at > text.length + 1 || expected === "") throw new Error(JSON.stringify(text));
    }
    if (!selector.ok) continue;
    taken++;
    for (const device of Object.values(devices)) {
      // A term and its opposite never mean the same device, and one of them does.
      const [one] = selector.value.terms as [(typeof selector.value.terms)[number]];
      const meant = isSelected({ text, terms: [one] }, device);
      const opposite = isSelected({ text, terms: [{ ...one, not: !one.not }] }, device);
      if (meant === opposite) throw new Error(JSON.stringify(text));
    }
    const again = readSelector(` ${text.replaceAll(",", " , ")} `);
    if (!again.ok || !Bun.deepEquals(again.value.terms, selector.value.terms)) {
      throw new Error(`${JSON.stringify(text)} is read otherwise with spaces`);
    }
  }
  expect(taken).toBeGreaterThan(texts / 50);
});

test("no pattern of an id takes long", () => {
  const read = readSelector(`id=${"*a".repeat(31)}*b`);
  if (!read.ok) throw new Error(faultWords(read.fault));
  const device = selectable("a".repeat(64), "never", {});
  for (let i = 0; i < 10_000; i++) expect(isSelected(read.value, device)).toBe(false);
});

function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
