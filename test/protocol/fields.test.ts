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
import { forms } from "../../lib/protocol/messages.ts";
import { type MacVector, vectors } from "./vectors.ts";
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
