// Selectors: a text that tells which devices are meant, as `area=Kitchen,presence=silent`. Reads one, and tells whether a
// device is meant. Pure; goes through no list of devices.

import { type Fault, keyFault, type Labels, type Read, valueFault } from "./labels.ts";

/** How a device is there: logged in, silent, gone otherwise, or never logged in. */
export type PresenceWord = "online" | "silent" | "left" | "never";

/** What a selector can ask for; `offline` is silent or left. */
export const presenceWords = ["online", "offline", "silent", "left", "never"] as const;

/** What a device must show; `not`: must not show. */
type Term =
  | { readonly kind: "has"; readonly not: boolean; readonly key: string }
  | {
      readonly kind: "label";
      readonly not: boolean;
      readonly key: string;
      readonly values: readonly string[];
    }
  | { readonly kind: "id" | "presence"; readonly not: boolean; readonly values: readonly string[] };

/** A selector that was read. All of its terms apply; none means all devices. */
export type Selector = { readonly text: string; readonly terms: readonly Term[] };

/** What of a device a selector asks for. */
export type Selectable = {
  readonly id: string;
  readonly labels: Labels;
  readonly presence: PresenceWord;
};

/** The longest selector, in UTF-16 units. */
export const selectorCharsMax = 1_024;

const idCharsMax = 64;

/**
 * Reads a selector: terms with commas between them, of which all apply. `k=v`, `k=v|w`: a label with one of these values;
 * `k!=v`: without it, also if there is no such label; `k`, `!k`: whether there is one; `id=th-*`; `presence=silent`.
 */
export function readSelector(text: string): Read<Selector> {
  if (text.length > selectorCharsMax) {
    return failed({ at: selectorCharsMax + 1, expected: "the end" });
  }
  const terms: Term[] = [];
  let at = 1;
  for (const part of text.split(",")) {
    const term = readTerm(part, at);
    if (!term.ok) return term;
    terms.push(term.value);
    at += part.length + 1;
  }
  return { ok: true, value: { text, terms } };
}

/** Whether a device is meant. */
export function isSelected({ terms }: Selector, device: Selectable): boolean {
  return terms.every((term) => shows(term, device) !== term.not);
}

function shows(term: Term, { id, labels, presence }: Selectable): boolean {
  switch (term.kind) {
    case "has":
      return labels.has(term.key);
    case "label":
      return term.values.includes(labels.get(term.key) ?? "") && labels.has(term.key);
    case "id":
      return term.values.some((pattern) => fits(pattern, id));
    case "presence":
      return term.values.some(
        (word) =>
          word === presence ||
          (word === "offline" && (presence === "silent" || presence === "left")),
      );
  }
}

function readTerm(part: string, from: number): Read<Term> {
  const [term, at] = trimmed(part, from);
  if (term === "") return failed({ at, expected: "a term such as area=Kitchen" });
  const equals = term.indexOf("=");
  if (equals < 0) return readPresent(term, at);
  const not = term[equals - 1] === "!";
  const key = term.slice(0, not ? equals - 1 : equals).trimEnd();
  const kind = key === "id" || key === "presence" ? key : "label";
  const fault = kind === "label" ? keyFault(key, at) : null;
  if (fault !== null) return failed(fault);
  const values: string[] = [];
  let next = at + equals + 1;
  for (const one of term.slice(equals + 1).split("|")) {
    const [value, valueAt] = trimmed(one, next);
    const wrong = faultIn[kind](value, valueAt);
    if (wrong !== null) return failed(wrong);
    values.push(value);
    next += one.length + 1;
  }
  return {
    ok: true,
    value: kind === "label" ? { kind, not, key, values } : { kind, not, values },
  };
}

/** `k` or `!k` */
function readPresent(term: string, at: number): Read<Term> {
  const not = term.startsWith("!");
  const [key, keyAt] = trimmed(term.slice(not ? 1 : 0), at + (not ? 1 : 0));
  if (key === "id") return failed({ at: keyAt + key.length, expected: "a value, as in id=th-*" });
  if (key === "presence") {
    return failed({ at: keyAt + key.length, expected: "a value, as in presence=silent" });
  }
  const fault = keyFault(key, keyAt);
  return fault === null ? { ok: true, value: { kind: "has", not, key } } : failed(fault);
}

const faultIn = {
  label: valueFault,
  id: (value: string, at: number): Fault | null => {
    if (value === "") return { at, expected: "an id, or a part of one with *" };
    const strange = /[^A-Za-z0-9._:*-]/.exec(value);
    if (strange !== null) {
      return { at: at + strange.index, expected: "one of A-Z a-z 0-9 . _ : - *" };
    }
    if (value.length <= idCharsMax) return null;
    return { at: at + idCharsMax, expected: `the end of an id of at most ${idCharsMax}` };
  },
  presence: (value: string, at: number): Fault | null =>
    presenceWords.some((word) => word === value)
      ? null
      : { at, expected: `one of ${presenceWords.join(", ")}` },
} as const;

/** Whether an id has the form of a pattern, in which `*` stands for any characters, also none. */
function fits(pattern: string, id: string): boolean {
  const [first, ...rest] = pattern.split("*") as [string, ...string[]];
  const last = rest.pop();
  if (last === undefined) return id === pattern;
  if (!id.startsWith(first)) return false;
  let at = first.length;
  // Each part where it is found first leaves the most for those behind it.
  for (const part of rest) {
    const found = id.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return id.length - at >= last.length && id.endsWith(last);
}

/** A part without the spaces around it, and the position of its first character. */
function trimmed(text: string, at: number): [string, number] {
  const start = text.trimStart();
  return [start.trimEnd(), at + text.length - start.length];
}

function failed(fault: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault };
}
