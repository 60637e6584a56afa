// The text of the filter box: a selector, or a text to be searched for. Pure functions; the server reads selectors.

import { type Label, labelText } from "../labels/device-labels.ts";

/** What the server is asked for with a text: `select`, or `q`. */
export type Search = { readonly q: string; readonly select: string };

/** Whether a text is a selector: `area=Kitchen`, `!area`, `area,floor`. */
export function isSelector(text: string): boolean {
  return /[=!,]/.test(text);
}

/** What to ask the server for. */
export function searchOf(text: string): Search {
  return isSelector(text) ? { q: "", select: text } : { q: text, select: "" };
}

/** A selector that also means a label; without it, if it did. A text that is no selector is replaced. */
export function toggledTerm(text: string, label: Label): string {
  const term = labelText(label);
  if (!isSelector(text)) return term;
  const terms = termsOf(text);
  return (terms.includes(term) ? terms.filter((one) => one !== term) : [...terms, term]).join(",");
}

/** Whether a selector means a label. */
export function hasTerm(text: string, label: Label): boolean {
  return isSelector(text) && termsOf(text).includes(labelText(label));
}

/** What is wrong with a selector: the parts of its text before, at, and after the place, and what was expected there. */
export type Refusal = {
  readonly before: string;
  readonly at: string;
  readonly after: string;
  readonly words: string;
};

/**
 * What the server says of a selector.
 * @param detail as in `select is wrong at position 6, where a key is expected.`
 */
export function refusalOf(text: string, detail: string): Refusal {
  const [, position, expected] = /at position (\d+), where (.+) is expected\.$/.exec(detail) ?? [];
  if (position === undefined) return { before: "", at: "", after: "", words: detail };
  const index = Number(position) - 1;
  const [char = ""] = text.slice(index);
  return {
    before: text.slice(0, index),
    at: char,
    after: text.slice(index + char.length),
    words: `At position ${position}, ${expected} is expected.`,
  };
}

function termsOf(text: string): string[] {
  return text
    .split(",")
    .map((term) => term.trim())
    .filter((term) => term !== "");
}
