// The labels of devices, as `area=Kitchen`: what the operator notes of them, in words of their own. Owns their form, and what a
// change makes of them. Pure; devices never send or see one.

import { isPrintable } from "../protocol/fields.ts";

/** The labels of a device: values by keys. */
export type Labels = ReadonlyMap<string, string>;

export const noLabels: Labels = new Map();

/** How many labels a device has at most, and how many characters a key and a value. */
export const labelsMax = 32;
export const keyCharsMax = 32;
export const valueCharsMax = 64;

/** What selectors ask for besides labels: no key can be one of these. */
export const reservedKeys: readonly string[] = ["id", "presence"];

/** A change of a label; null removes it. */
export type LabelChange = { readonly key: string; readonly value: string | null };

/** What is wrong with a text, and where: characters are counted from 1. */
export type Fault = { readonly at: number; readonly expected: string };

/** What was read in a text, or what is wrong with it. */
export type Read<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly fault: Fault };

/** A fault as the end of a sentence: `at position 5, where = is expected`. */
export function faultWords({ at, expected }: Fault): string {
  return `at position ${at}, where ${expected} is expected`;
}

/** Reads a change: `area=Kitchen` sets a label, `area-` removes one. */
export function readChange(text: string): Read<LabelChange> {
  const equals = text.indexOf("=");
  const isRemoval = equals < 0 && text.endsWith("-");
  if (equals < 0 && !isRemoval) {
    const fault = keyFault(text) ?? { at: text.length + 1, expected: "=" };
    return { ok: false, fault };
  }
  const key = text.slice(0, isRemoval ? -1 : equals);
  const value = isRemoval ? null : text.slice(equals + 1);
  const fault = keyFault(key) ?? (value === null ? null : valueFault(value, equals + 2));
  return fault === null ? { ok: true, value: { key, value } } : { ok: false, fault };
}

/** What is wrong with a key; null if nothing is. @param at the position of its first character */
export function keyFault(key: string, at = 1): Fault | null {
  if (key === "") return { at, expected: "a key" };
  const strange = /[^a-z0-9._-]/.exec(key);
  if (strange !== null) return { at: at + strange.index, expected: "one of a-z 0-9 . _ -" };
  if (key.length > keyCharsMax) {
    return { at: at + keyCharsMax, expected: `the end of a key of at most ${keyCharsMax}` };
  }
  if (!reservedKeys.includes(key)) return null;
  return { at, expected: `a key other than ${reservedKeys.join(" and ")}` };
}

/** What is wrong with a value; null if nothing is. @param at the position of its first character */
export function valueFault(value: string, at = 1): Fault | null {
  if (/^\s/.test(value)) return { at, expected: "anything but a space" };
  let chars = 0;
  let index = 0;
  for (const char of value) {
    if (!isPrintable(char, 1) || !char.isWellFormed() || ",|=".includes(char)) {
      return { at: at + index, expected: "a printable character other than , | =" };
    }
    if (++chars > valueCharsMax) {
      return { at: at + index, expected: `the end of a value of at most ${valueCharsMax}` };
    }
    index += char.length;
  }
  return /\s$/.test(value) ? { at: at + value.length - 1, expected: "anything but a space" } : null;
}

/** The labels after some changes, the later ones upon the earlier. They may be too many. */
export function changed(labels: Labels, changes: readonly LabelChange[]): Labels {
  const after = new Map(labels);
  for (const { key, value } of changes) {
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  return after;
}

/** Labels upon others; of more than a device may have, the further ones are left out. */
export function merged(labels: Labels, upon: Labels): Labels {
  const both = new Map([...labels, ...upon]);
  return both.size <= labelsMax ? both : new Map([...both].slice(0, labelsMax));
}

/** Whether two devices have the same labels. */
export function areSame(some: Labels, others: Labels): boolean {
  if (some.size !== others.size) return false;
  for (const [key, value] of some) if (others.get(key) !== value) return false;
  return true;
}

/** The labels as text, in the order of their keys: `area=Kitchen,name=Cold room`. */
export function labelsText(labels: Labels): string {
  return sorted(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** The labels as an object, in the order of their keys. */
export function labelsObject(labels: Labels): Readonly<Record<string, string>> {
  return Object.fromEntries(sorted(labels));
}

/** The labels in an object as JSON, which a store wrote; null is no labels. */
export function labelsIn(json: string | null): Labels {
  if (json === null || json === "{}") return noLabels;
  return new Map(Object.entries(JSON.parse(json) as Record<string, string>));
}

function sorted(labels: Labels): [key: string, value: string][] {
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
}
