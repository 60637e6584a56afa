// Single fields: every field in the table has a rule, and MACs are compared as clause 2.12 says.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  comparableMac,
  fieldRules,
  isId,
  isMac,
  isPort,
  isTime,
} from "../../lib/protocol/fields.ts";
import { type AnyForm, type Fields, forms } from "../../lib/protocol/messages.ts";
import { type MacVector, specification, vectors } from "./vectors.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

for (const { name, clause, left, right, same } of vectors<MacVector>("mac.json")) {
  test(`${clause} ${name}`, () => {
    expect(comparableMac(left) === comparableMac(right)).toBe(same);
    expect(isMac(left) && isMac(right)).toBe(true);
  });
}

test("each field of the table has a rule, and its description starts with the field's name", () => {
  for (const form of Object.values(forms)) {
    for (const name of [...form.fields, ...(form.addressed ?? []), form.optional ?? "id"]) {
      expect(Object.hasOwn(fieldRules, name)).toBe(true);
      expect(fieldRules[name].says).toStartWith(name);
    }
  }
});

test("the table of verbs is that of clause 2.1", () => {
  const rows = Object.entries(forms).flatMap(([verb, { fields, addressed, optional }]) => {
    const last = optional === undefined ? "" : `; then ${optional}, on 9x codes only`;
    const plain = `${fields.join(", ")}${last}`;
    if (addressed === undefined) return [[verb, plain]];
    return [
      [`${verb}, plain`, plain],
      [`${verb}, addressed`, addressed.join(", ")],
    ];
  });
  const table = specification.split("### 2.1 Types")[1]?.split("### ")[0] ?? "";
  const told = [...table.matchAll(/^\| ([A-Z]{3}[^|]*?) *\| ([^|]*?) *\|/gm)].map(
    ([, ...row]) => row,
  );
  expect(rows).toEqual(told);
});

/** The names of the values that a message is built from. */
function readBy({ build }: AnyForm): string[] {
  const read: string[] = [];
  const recorder = { get: (_: object, name: string) => read.push(name) };
  build(new Proxy({}, recorder) as Fields);
  return read.sort();
}

test("each message is built from exactly the fields of its forms", () => {
  for (const [verb, form] of Object.entries(forms)) {
    const { fields, addressed = fields, optional = [] } = form;
    const sent = new Set<string>([...fields, ...[optional].flat()]);
    // The length is that of the message, and the ip and port after the id are one value.
    sent.delete("length");
    if (addressed.length > fields.length) sent.add("address");
    expect([verb, readBy(form)]).toEqual([verb, [...sent].sort()]);
  }
});

test("no field except the message accepts a control character or the empty text", () => {
  for (const [name, rule] of Object.entries(fieldRules)) {
    if (name === "message") continue;
    expect(rule.test("")).toBe(false);
    for (let code = 0; code < 0xa0; code++) {
      if (code >= 0x20 && code < 0x7f) continue;
      const character = String.fromCharCode(code);
      for (const text of ["1", "00", "a", "127.0.0.1", "a".repeat(63)]) {
        expect(rule.test(text + character)).toBe(false);
        expect(rule.test(character + text)).toBe(false);
      }
    }
  }
});

test("exactly 65,535 texts are a port", () => {
  let ports = 0;
  for (let port = 0; port <= 100_000; port++) if (isPort(String(port))) ports++;
  expect(ports).toBe(65_535);
  expect(isPort("1") && isPort("65535")).toBe(true);
});

test("a lone surrogate does not break the checks", () => {
  for (const half of ["\ud800", "\udfff"]) {
    expect(isId(half)).toBe(false);
    expect(isTime(half.repeat(32))).toBe(true);
    expect(isTime(half.repeat(33))).toBe(false);
  }
});
