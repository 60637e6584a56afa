// The language of alert rules: one line, one condition, as `temp > 30 until < 28 for 5m`. Reads a rule and says where one is
// wrong. Pure; judges nothing.

import { durationToType, typedDuration } from "../server/duration-text.ts";
import type { Fault, Read } from "../server/labels.ts";

/** How a number is compared with a bound. */
export type Operator = ">" | ">=" | "<" | "<=";

/** A comparison with a bound. */
export type Bound = { readonly operator: Operator; readonly bound: number };

/** What has to hold for a device. */
export type Condition =
  /** It fell silent; `gone`: or it logged off. */
  | { readonly kind: "offline" | "gone" }
  /** It sent no report, or none with this field, for so long, ms. */
  | { readonly kind: "no report"; readonly field: string | null; readonly withinMs: number }
  /** A number that it reports is out of bounds; it is over when `until` holds, or else when `above` does not. */
  | {
      readonly kind: "field";
      readonly field: string;
      readonly above: Bound;
      readonly until: Bound | null;
    }
  | { readonly kind: "command failed" | "device waits" };

/** A rule that was read. */
export type RuleText = {
  readonly condition: Condition;
  /** For how long the condition has to hold, ms. */
  readonly forMs: number;
};

/** The longest rule, in UTF-16 units, and the longest time in one, ms. */
export const ruleCharsMax = 512;
const timeMaxMs = 30 * 86_400_000;
const fieldCharsMax = 128;
const forDefaultMs = 60_000;

const operators: readonly string[] = [">", ">=", "<", "<="];
const phrases =
  "offline, gone, no report, command failed, device waits, or a comparison such as temp > 30";

type Token = { readonly text: string; readonly at: number };

/** Reads a rule. Its words may have any spaces between them; operators need none. */
export function readRule(text: string): Read<RuleText> {
  if (text.length > ruleCharsMax) return failed(ruleCharsMax + 1, "the end");
  const tokens = [...text.matchAll(/[<>]=?|[^\s<>]+/g)].map((match): Token => ({
    text: match[0],
    at: match.index + 1,
  }));
  try {
    return { ok: true, value: ruleIn(new Words(tokens, text.length + 1)) };
  } catch (error) {
    if (error instanceof Misread) return { ok: false, fault: error.fault };
    throw error;
  }
}

/** A rule as text, in its usual form; `readRule` reads the same from it. */
export function ruleText({ condition, forMs }: RuleText): string {
  const words = conditionText(condition);
  return forMs === forOf(condition) ? words : `${words} for ${durationToType(forMs)}`;
}

/** A condition as text. */
export function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case "no report": {
      const of = condition.field === null ? "" : ` of ${condition.field}`;
      return `no report${of} in ${durationToType(condition.withinMs)}`;
    }
    case "field": {
      const { field, above, until } = condition;
      return `${field} ${boundText(above)}${until === null ? "" : ` until ${boundText(until)}`}`;
    }
    case "offline":
    case "gone":
    case "command failed":
    case "device waits":
      return condition.kind;
  }
}

/** A bound as text: `> 30`. */
export function boundText({ operator, bound }: Bound): string {
  return `${operator} ${bound}`;
}

/** Whether a number is out of bounds. */
export function isBeyond({ operator, bound }: Bound, value: number): boolean {
  switch (operator) {
    case ">":
      return value > bound;
    case ">=":
      return value >= bound;
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
  }
}

class Misread extends Error {
  constructor(readonly fault: Fault) {
    super();
  }
}

function failed(at: number, expected: string): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: { at, expected } };
}

/** The words of a rule, taken one after the other. */
class Words {
  #next = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly end: number,
  ) {}

  /** Whether the next words are these; they are taken then. */
  has(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.peek(i) === word)) return false;
    this.#next += words.length;
    return true;
  }

  /** A word without taking it; empty behind the end. */
  peek(ahead = 0): string {
    return this.tokens[this.#next + ahead]?.text ?? "";
  }

  /** A value, if the next word is this one. */
  after<Value>(value: Value, word: string): Value {
    this.take(word, (next) => (next === word ? next : null));
    return value;
  }

  take<Value>(expected: string, read: (word: string) => Value | null): Value {
    const value = this.peek() === "" ? null : read(this.peek());
    if (value === null) throw this.misread(expected);
    this.#next++;
    return value;
  }

  misread(expected: string): Misread {
    return new Misread({ at: this.tokens[this.#next]?.at ?? this.end, expected });
  }
}

function ruleIn(words: Words): RuleText {
  const condition = conditionIn(words);
  const forMs = words.has("for") ? words.take("a time such as 5m, at most 30d", timeOf) : null;
  if (words.peek() !== "") {
    throw words.misread(forMs === null ? "for, as in for 5m, or the end" : "the end");
  }
  return { condition, forMs: forMs ?? forOf(condition) };
}

/** For how long a condition has to hold if the rule does not say. */
function forOf({ kind }: Condition): number {
  return kind === "command failed" || kind === "device waits" ? 0 : forDefaultMs;
}

function conditionIn(words: Words): Condition {
  // A field may have any name.
  if (operators.includes(words.peek(1))) return comparisonIn(words);
  if (words.has("offline")) return { kind: "offline" };
  if (words.has("gone")) return { kind: "gone" };
  if (words.has("command")) return words.after({ kind: "command failed" }, "failed");
  if (words.has("device")) return words.after({ kind: "device waits" }, "waits");
  if (words.has("no")) return words.after(null, "report") ?? silenceIn(words);
  if (words.peek() === "" || words.peek(1) !== "") throw words.misread(phrases);
  words.take("a field", fieldOf);
  throw words.misread("one of > >= < <=");
}

function silenceIn(words: Words): Condition {
  const field = words.has("of") ? words.take("the name of a field", fieldOf) : null;
  if (!words.has("in")) throw words.misread(field === null ? "in, or of" : "in");
  const withinMs = words.take("a time such as 1h, at most 30d", timeOf);
  return { kind: "no report", field, withinMs };
}

function comparisonIn(words: Words): Condition {
  const field = words.take("the name of a field", fieldOf);
  const above = boundIn(words);
  const until = words.has("until") ? endOf(above, words) : null;
  return { kind: "field", field, above, until };
}

/** What ends an alert must be on the other side: else a number could begin and end one at once. */
function endOf(above: Bound, words: Words): Bound {
  const isUp = above.operator.startsWith(">");
  const side = isUp ? "<" : ">";
  if (!words.peek().startsWith(side)) throw words.misread(`${side} or ${side}=`);
  const operator = words.take("", (word) => word as Operator);
  const isIn = (value: number) => (isUp ? value <= above.bound : value >= above.bound);
  const expected = `a number of at ${isUp ? "most" : "least"} ${above.bound}`;
  const bound = words.take(expected, (word) => {
    const value = numberOf(word);
    return value !== null && isIn(value) ? value : null;
  });
  return { operator, bound };
}

function boundIn(words: Words): Bound {
  const operator = words.take("one of > >= < <=", (word) =>
    operators.includes(word) ? (word as Operator) : null,
  );
  return { operator, bound: words.take("a number such as 30 or -2.5", numberOf) };
}

function fieldOf(word: string): string | null {
  return word.length <= fieldCharsMax && !/[,;&|=:"'{}]/.test(word) ? word : null;
}

function numberOf(word: string): number | null {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(word)) return null;
  const value = Number(word);
  return Number.isFinite(value) ? value : null;
}

function timeOf(word: string): number | null {
  const ms = typedDuration(word);
  return ms !== null && ms > 0 && ms <= timeMaxMs ? ms : null;
}
