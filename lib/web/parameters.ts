// The parameters of a request: each is named before it is read, and checked as it is read. What is not named is refused.

import { Problem } from "./problem.ts";

const ageForm = /^(\d{1,9})(s|m|h|d)$/;
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export class Parameters {
  /**
   * @param names what the route knows
   * @param now ms since 1970
   * @throws Problem `bad-parameter`
   */
  constructor(
    private readonly given: URLSearchParams,
    names: readonly string[],
    private readonly now: number,
  ) {
    for (const name of given.keys()) {
      if (!names.includes(name)) throw wrong(`There is no parameter ${shown(name)} here.`);
      if (given.getAll(name).length > 1) throw wrong(`${name} is given more than once.`);
    }
  }

  text(name: string, charsMax: number): string {
    const value = this.given.get(name) ?? "";
    if (value.length > charsMax) throw wrong(`${name} is longer than ${charsMax} characters.`);
    return value;
  }

  /** One of some words. */
  choice<Word extends string, Else>(name: string, words: readonly Word[], otherwise: Else) {
    const value = this.given.get(name);
    if (value === null) return otherwise;
    if (words.includes(value as Word)) return value as Word;
    throw wrong(`${name} is ${shown(value)}, not one of ${words.join(", ")}.`);
  }

  /** A list of some words, with commas; all of `otherwise` where it is not given. */
  words<Word extends string>(name: string, words: readonly Word[], otherwise: readonly Word[]) {
    const value = this.given.get(name);
    if (value === null) return otherwise;
    return value.split(",").map((word) => {
      if (words.includes(word as Word)) return word as Word;
      throw wrong(`${name} has ${shown(word)}, not one of ${words.join(", ")}.`);
    });
  }

  integer(name: string, from: number, to: number, otherwise: number): number {
    const value = this.given.get(name);
    if (value === null) return otherwise;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= from && number <= to) return number;
    throw wrong(`${name} is ${shown(value)}, not a whole number from ${from} to ${to}.`);
  }

  /** A time: RFC 3339, ms since 1970, or an age such as 24h; ms since 1970. */
  time(name: string, otherwise: number): number {
    const value = this.given.get(name);
    if (value === null) return otherwise;
    const [, digits, unit] = ageForm.exec(value) ?? [];
    if (digits !== undefined)
      return this.now - Number(digits) * unitMs[unit as keyof typeof unitMs];
    if (/^\d{1,15}$/.test(value)) return Number(value);
    const at = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN;
    if (!Number.isNaN(at)) return at;
    throw wrong(`${name} is ${shown(value)}; write 2026-11-22T09:00:00Z, or 24h for an age.`);
  }

  /** What `encodeCursor` made, or null where there is none. */
  cursor<Value>(check: (value: unknown) => Value | null): Value | null {
    const text = this.given.get("cursor");
    if (text === null) return null;
    try {
      const value = check(JSON.parse(Buffer.from(text, "base64url").toString()));
      if (value !== null) return value;
    } catch {
      // Said below.
    }
    throw wrong("cursor is none that this list gave out.");
  }
}

/** A place in a list as an opaque word. */
export function encodeCursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A time as the interface writes it. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same of a time that may be missing. */
export function timeTextOrNull(ms: number | null): string | null {
  return ms === null ? null : timeText(ms);
}

function wrong(detail: string): Problem {
  return new Problem("bad-parameter", detail);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
