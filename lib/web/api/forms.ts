// Owns the forms of query parameters and of request bodies, as data: what may be sent, and what a missing parameter means.
// Never reads one.

import type { Infer, Schema } from "./schema.ts";

declare const read: unique symbol;
declare const sent: unique symbol;

/** A place in a list, which a cursor encodes: the number of its last entry, or for the devices their order. */
export type Places = {
  readonly number: number;
  readonly device: { readonly id: string; readonly rank: string | number | null };
};

export type PlainForm = { readonly words?: string } & (
  | {
      readonly kind: "text";
      readonly charsMax: number;
      /** What an empty one means, too. */
      readonly otherwise: string | null;
    }
  | {
      readonly kind: "texts";
      readonly charsMax: number;
      readonly most: number;
    }
  | {
      readonly kind: "choice";
      readonly choices: readonly string[];
      readonly otherwise: string | null;
    }
  | {
      readonly kind: "choices";
      readonly choices: readonly string[];
      readonly otherwise: readonly string[];
    }
  | {
      readonly kind: "integer";
      readonly from: number;
      readonly to: number;
      readonly otherwise: number;
    }
  | { readonly kind: "time" }
  | { readonly kind: "cursor"; readonly of: keyof Places }
  | { readonly kind: "by"; readonly name: string; readonly forms: Readonly<Record<string, Form>> }
);

/** The form of a parameter that is read as a `Value`, and that a client sends as a `Sent`. */
export type Form<Value = unknown, Sent = unknown> = PlainForm & {
  readonly [read]?: Value;
  readonly [sent]?: Sent;
};

export type Forms = Readonly<Record<string, Form>>;
/** What parameters are read as. */
export type ValuesOf<F extends Forms> = {
  readonly [Name in keyof F]: F[Name] extends { readonly [read]?: infer Value } ? Value : never;
};
/** What a client sends: each parameter may be missing. */
export type SentOf<F extends Forms> = {
  readonly [Name in keyof F]?: F[Name] extends { readonly [sent]?: infer Sent } ? Sent : never;
};

/** A text of at most `charsMax` characters; `otherwise` if it is missing or empty. */
export function textForm<Else extends string | null>(
  charsMax: number,
  otherwise: Else,
  words: string,
): Form<string | Else, string> {
  return { kind: "text", charsMax, otherwise, words };
}

/** A parameter that may be given up to `most` times, each time with a text of at most `charsMax` characters; empty ones do not count. */
export function textsForm(
  charsMax: number,
  most: number,
  words: string,
): Form<readonly string[], readonly string[]> {
  return { kind: "texts", charsMax, most, words };
}

/** One of some words; `otherwise` if it is missing. */
export function choice<const Word extends string, const Else extends Word | null>(
  all: readonly Word[],
  otherwise: Else,
  words = "",
): Form<Word | Else, Word> {
  return { kind: "choice", choices: all, otherwise, words };
}

/** Some of some words, separated by commas; `otherwise` if it is missing. */
export function choices<const Word extends string>(
  all: readonly Word[],
  otherwise: readonly Word[],
  words: string,
): Form<readonly Word[], string> {
  return { kind: "choices", choices: all, otherwise, words };
}

/** A whole number from `from` to `to`; `otherwise` if it is missing. */
export function integer(
  from: number,
  to: number,
  otherwise: number,
  words = "",
): Form<number, number> {
  return { kind: "integer", from, to, otherwise, words };
}

/** A time, read as ms since 1970; null if it is missing. */
export function timeForm(words: string): Form<number | null, string | number> {
  return { kind: "time", words };
}

/** A place in a list, as a page of it told; null if it is missing. */
export function cursor<Of extends keyof Places>(of: Of): Form<Places[Of] | null, string> {
  return { kind: "cursor", of, words: "`next` of the previous page; its form can change" };
}

/** A form for each value of another parameter, a choice. */
export function by<Value, Sent>(
  name: string,
  forms: Readonly<Record<string, Form<Value, Sent>>>,
  words: string,
): Form<Value, Sent> {
  return { kind: "by", name, forms, words };
}

/** The form of a body: an object of texts, whole numbers, lists of texts and maps of texts. */
export type BodyForm<Value = unknown> = {
  readonly schema: Schema<Value>;
  /** The longest body, in bytes. */
  readonly bytesMax: number;
  /** What to say of a property that does not fit its schema. */
  readonly wrong: Readonly<Record<string, string>>;
  /** What to say of a property that the schema does not name; null to ignore it. */
  readonly unknown: string | null;
};

/** The type of the bodies of a form. */
export type BodyOf<F> = F extends { readonly schema: infer S } ? Infer<S> : never;

/** Longest body of nearly all requests, in bytes. */
export const bodyBytesMax = 16_384;

/** A form of bodies. */
export function body<Value>(
  schema: Schema<Value>,
  wrong: Readonly<Record<keyof Value, string>>,
  unknown: string | null,
  bytesMax = bodyBytesMax,
): BodyForm<Value> {
  return { schema, bytesMax, wrong, unknown };
}
