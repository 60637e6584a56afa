// Owns the query parameters of a request: refuses those that the route does not name, and reads the others by their forms.
// Never applies one.

import { parseIsoTime } from "../protocol/time.ts";
import type { Form, PlainForm, Forms, Places } from "./api/forms.ts";
import { Problem } from "./problem.ts";

const ageForm = /^(\d{1,9})(s|m|h|d)$/;
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Kind<K extends PlainForm["kind"]> = Extract<PlainForm, { readonly kind: K }>;

export class Parameters {
  /**
   * @param forms those that the route accepts
   * @param now ms since 1970
   * @throws Problem `bad-parameter`, as do all methods
   */
  constructor(
    private readonly given: URLSearchParams,
    private readonly forms: Forms,
    private readonly now: number,
  ) {
    for (const name of given.keys()) {
      if (!Object.hasOwn(forms, name)) throw wrong(`There is no parameter ${shown(name)} here.`);
      const form = forms[name] as Form;
      const most = form.kind === "texts" ? form.most : 1;
      if (given.getAll(name).length > most)
        throw wrong(`${name} is given more than ${most === 1 ? "once" : `${most} times`}.`);
    }
  }

  /** The values by the forms of the route, in their order. */
  read(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      Object.entries(this.forms).map(([name, form]) => [name, this.#read(name, form)]),
    );
  }

  #read(name: string, form: Form): unknown {
    const value = this.given.get(name);
    switch (form.kind) {
      case "text":
        return textOf(name, value, form);
      case "texts":
        return textsOf(name, this.given.getAll(name), form);
      case "choice":
        return value === null ? form.otherwise : choiceOf(name, value, form);
      case "choices":
        return value === null ? form.otherwise : choicesOf(name, value, form);
      case "integer":
        return value === null ? form.otherwise : integerOf(name, value, form);
      case "time":
        return value === null ? null : timeOf(name, value, this.now);
      case "cursor":
        return value === null ? null : placeOf(value, form.of);
      case "by":
        return this.#read(name, this.#chosen(form));
    }
  }

  /** The form that fits the value of another parameter. */
  #chosen({ name, forms }: Kind<"by">): Form {
    const choice = this.#read(name, this.forms[name] as Form);
    return forms[choice as string] as Form;
  }
}

/** Encodes a place in a list as an opaque word. */
export function encodeCursor(place: Places[keyof Places]): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** A time, in ms since 1970, in the form of the HTTP interface. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for a time that may be missing. */
export function timeTextOrNull(ms: number | null): string | null {
  return ms === null ? null : timeText(ms);
}

function textOf(
  name: string,
  value: string | null,
  { charsMax, otherwise }: Omit<Kind<"text">, "kind">,
) {
  if (value !== null && value.length > charsMax)
    throw wrong(`${name} is longer than ${charsMax} characters.`);
  return value || otherwise;
}

function textsOf(name: string, values: readonly string[], { charsMax }: Kind<"texts">) {
  return values.map((value) => textOf(name, value, { charsMax, otherwise: "" })).filter(Boolean);
}

function choiceOf(name: string, value: string, { choices }: Kind<"choice">): string {
  if (choices.includes(value)) return value;
  throw wrong(`${name} is ${shown(value)}, not one of ${choices.join(", ")}.`);
}

function choicesOf(name: string, value: string, { choices }: Kind<"choices">): string[] {
  const words = value.split(",");
  const strange = words.find((word) => !choices.includes(word));
  if (strange === undefined) return words;
  throw wrong(`${name} has ${shown(strange)}, not one of ${choices.join(", ")}.`);
}

function integerOf(name: string, value: string, { from, to }: Kind<"integer">): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= from && number <= to) return number;
  throw wrong(`${name} is ${shown(value)}, not a whole number from ${from} to ${to}.`);
}

/**
 * A time as RFC 3339 (UTC if it names no zone), ms since 1970 of 12 to 15 digits, or an age such as 24h. A shorter number
 * has no unit and is refused.
 * @returns ms since 1970, never less than 0
 */
function timeOf(name: string, value: string, now: number): number {
  const [, digits, unit] = ageForm.exec(value) ?? [];
  if (digits !== undefined)
    return Math.max(0, now - Number(digits) * unitMs[unit as keyof typeof unitMs]);
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

/** The place that `encodeCursor` encoded. */
function placeOf<Of extends keyof Places>(text: string, of: Of): Places[Of] {
  try {
    const place = checks[of](JSON.parse(Buffer.from(text, "base64url").toString()));
    if (place !== null) return place;
  } catch {
    // Reported below.
  }
  throw wrong("cursor is not one that this list returned.");
}

const checks: { readonly [Of in keyof Places]: (value: unknown) => Places[Of] | null } = {
  number: (value) => (Number.isSafeInteger(value) ? (value as number) : null),
  device: (value) => {
    const { id, rank } = (value ?? {}) as Partial<Places["device"]>;
    const isRank = rank === null || typeof rank === "number" || typeof rank === "string";
    return typeof id === "string" && isRank ? { id, rank } : null;
  },
};

function wrong(detail: string): Problem {
  return new Problem("bad-parameter", detail);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
