// Owns what is to be told of a route of the HTTP interface, and the types that follow from it. Knows no route.

import type { BodyForm, Forms } from "./forms.ts";
import type { ProblemCode } from "./problem-codes.ts";
import { type Infer, type Schema, text } from "./schema.ts";

/** A body that is no JSON value of a shape: text, a stream, a page. */
export class Media {
  constructor(
    readonly type: string,
    readonly schema: Schema = text,
    /** The events of a stream of events. */
    readonly events: Readonly<Record<string, Schema>> | null = null,
  ) {}
}

/** A body with a shape, or other ones; or no body, and what that means. */
export type Content = Schema | Media | readonly (Schema | Media)[] | string;

/** All that is to be told of a route, except its handler. */
export type Endpoint = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With names in braces. */
  readonly path: string;
  /** Who may use it: everybody, this machine and those who may read, only those, or those who may change. */
  readonly access: "open" | "local" | "read" | "change";
  readonly summary: string;
  readonly details?: string;
  /** Whether an answer may take longer than a connection may be idle. */
  readonly mayTakeLong?: boolean;
  /** The query parameters, in the order in which they are read; others are refused. */
  readonly query?: Forms;
  readonly body?: BodyForm;
  /** The answers, by their status. */
  readonly answers: Readonly<Record<number, Content>>;
  /** The problems besides those that follow from the rest, as `bad-parameter` from parameters. */
  readonly problems?: readonly ProblemCode[];
};

/** The names in braces of a path. */
export type NamesIn<Path> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
/** The forms of the query parameters of a route. */
export type QueryOf<E> = E extends { readonly query: infer Q extends Forms } ? Q : {};
/** The type of the JSON values that a route answers with if it does what is asked. */
export type ValueOf<E> = E extends { readonly answers: infer A }
  ? JsonOf<A[keyof A & (200 | 201 | 202)]>
  : never;
/** The type of the JSON values of an answer. */
export type JsonOf<C> = C extends Media | string
  ? never
  : C extends readonly (infer One)[]
    ? JsonOf<One>
    : Infer<C>;
