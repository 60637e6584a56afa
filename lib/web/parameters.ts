// Owns the query parameters of a request: refuses those that the route does not name, and checks the others when they
// are read. Never applies one.

import { parseIsoTime } from "../protocol/time.ts";
import { Problem } from "./problem.ts";

const ageForm = /^(\d{1,9})(s|m|h|d)$/;
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export class Parameters {
  /**
   * @param names the parameters that the route accepts
   * @param now ms since 1970
   * @throws Problem `bad-parameter`, as do all methods
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

  /** Any text of at most `charsMax` characters; empty if it is missing. */
  text(name: string, charsMax: number): string {
    const value = this.given.get(name) ?? "";
    if (value.length > charsMax) throw wrong(`${name} is longer than ${charsMax} characters.`);
    return value;
  }

  /** One of the words; `otherwise` if it is missing. */
  choice<Word extends string, Else>(name: string, words: readonly Word[], otherwise: Else) {
    const value = this.given.get(name);
    if (value === null) return otherwise;
    if (words.includes(value as Word)) return value as Word;
    throw wrong(`${name} is ${shown(value)}, not one of ${words.join(", ")}.`);
  }

  /** Some of the words, separated by commas; `otherwise` if it is missing. */
  words<Word extends string>(name: string, words: readonly Word[], otherwise: readonly Word[]) {
    const value = this.given.get(name);
    if (value === null) return otherwise;
    return value.split(",").map((word) => {
      if (words.includes(word as Word)) return word as Word;
      throw wrong(`${name} has ${shown(word)}, not one of ${words.join(", ")}.`);
    });
  }

  /** An integer from `from` to `to`; `otherwise` if it is missing. */
  integer(name: string, from: number, to: number, otherwise: number): number {
    const value = this.given.get(name);
    if (value === null) return otherwise;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= from && number <= to) return number;
    throw wrong(`${name} is ${shown(value)}, not a whole number from ${from} to ${to}.`);
  }

  /**
   * A time as RFC 3339 (UTC if it names no zone), ms since 1970 of 12 to 15 digits, or an age such as 24h. A shorter
   * number has no unit and is refused.
   * @returns ms since 1970, never less than 0; `otherwise` if it is missing
   */
  time(name: string, otherwise: number): number {
    const value = this.given.get(name);
    if (value === null) return otherwise;
    const [, digits, unit] = ageForm.exec(value) ?? [];
    if (digits !== undefined)
      return Math.max(0, this.now - Number(digits) * unitMs[unit as keyof typeof unitMs]);
    if (/^\d{12,15}$/.test(value)) return Number(value);
    // Not ms since 1970: in all such times this server did not exist. It may be an age or seconds since 1970.
    if (/^\d{1,11}$/.test(value)) {
      const forms = `${value}s, ${value}h or ${value}d for an age`;
      throw wrong(`${name} is ${shown(value)}, a number without a unit; write ${forms}.`);
    }
    const at = parseIsoTime(value);
    if (at !== null) return Math.max(0, at);
    throw wrong(`${name} is ${shown(value)}; write 2026-11-22T09:00:00Z, or 24h for an age.`);
  }

  /**
   * The value that `encodeCursor` encoded; null if it is missing.
   * @param check returns the value in its type, or null if it is not valid
   */
  cursor<Value>(check: (value: unknown) => Value | null): Value | null {
    const text = this.given.get("cursor");
    if (text === null) return null;
    try {
      const value = check(JSON.parse(Buffer.from(text, "base64url").toString()));
      if (value !== null) return value;
    } catch {
      // Reported below.
    }
    throw wrong("cursor is not one that this list returned.");
  }
}

/** Encodes a position in a list as an opaque word. */
export function encodeCursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A time, in ms since 1970, in the form of the HTTP interface. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for a time that may be missing. */
export function timeTextOrNull(ms: number | null): string | null {
  return ms === null ? null : timeText(ms);
}

function wrong(detail: string): Problem {
  return new Problem("bad-parameter", detail);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
