// Requests to the HTTP API, typed by its table, and their errors. Renders nothing.

import type { NamesIn, QueryOf, ValueOf } from "../api/endpoint.ts";
import type { BodyOf, SentOf } from "../api/forms.ts";
import type { Api } from "../api/table.ts";
import { takeEarlyAnswer } from "./early-answers.ts";

/** A failed request: the server answered with a problem document, or did not answer (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

type Endpoint = Api[keyof Api];
type Method = Endpoint["method"];
type BelowRoot<Path> = Path extends `/api/v1${infer Rest}` ? Rest : never;
/** The paths of the routes with a method, as they are below `root`. */
type PathOf<M extends Method> = BelowRoot<Extract<Endpoint, { readonly method: M }>["path"]>;
type RouteOf<M extends Method, P extends string> = Extract<
  Endpoint,
  { readonly method: M; readonly path: `/api/v1${P}` }
>;
type Sent<E extends Endpoint> = SentOf<QueryOf<E>>;
/** The names in a path, and the parameters of its route; those that are empty are left out. */
type Given<E extends Endpoint> = { readonly [Name in NamesIn<E["path"]>]: string } & {
  readonly [Name in keyof Sent<E>]?: Sent<E>[Name] | "" | null;
};

/** The body that a route is sent; undefined for a route without one. */
type SentTo<E> = E extends { readonly body: infer B } ? BodyOf<B> : undefined;

/** Relative, like all paths of the page: a proxy may serve it below a path. */
const root = "api/v1";
let loginRequired: () => void = () => {};

/** Sets what to do when a GET is refused because nobody is logged in. */
export function onLoginRequired(act: () => void): void {
  loginRequired = act;
}

/** The address of a route that is read. */
export function addressOf<P extends PathOf<"GET">>(
  path: P,
  given: Given<RouteOf<"GET", P>>,
): string {
  return filled(path, given);
}

/**
 * Sends a GET request.
 * @throws Problem
 */
export async function get<P extends PathOf<"GET">>(
  path: P,
  given: Given<RouteOf<"GET", P>>,
  signal?: AbortSignal,
): Promise<ValueOf<RouteOf<"GET", P>>> {
  try {
    const address = addressOf(path, given);
    const early = await takeEarlyAnswer(address);
    if (early !== null) return (await early.json()) as never;
    return (await answerOf("GET", address, undefined, signal)) as never;
  } catch (error) {
    if (error instanceof Problem && error.code === "login-required") loginRequired();
    throw error;
  }
}

/**
 * Sends a POST request.
 * @param key what is sent again with the same key is done once, where the route says so
 * @throws Problem
 */
export async function post<P extends PathOf<"POST">>(
  path: P,
  given: Given<RouteOf<"POST", P>>,
  body: SentTo<RouteOf<"POST", P>>,
  key: string | null = null,
): Promise<ValueOf<RouteOf<"POST", P>>> {
  return (await answerOf("POST", filled(path, given), body, undefined, key)) as never;
}

/**
 * Sends a PUT request.
 * @throws Problem
 */
export async function put<P extends PathOf<"PUT">>(
  path: P,
  given: Given<RouteOf<"PUT", P>>,
  body: SentTo<RouteOf<"PUT", P>>,
): Promise<ValueOf<RouteOf<"PUT", P>>> {
  return (await answerOf("PUT", filled(path, given), body)) as never;
}

/**
 * Sends a PATCH request.
 * @throws Problem
 */
export async function patch<P extends PathOf<"PATCH">>(
  path: P,
  given: Given<RouteOf<"PATCH", P>>,
  body: SentTo<RouteOf<"PATCH", P>>,
): Promise<ValueOf<RouteOf<"PATCH", P>>> {
  return (await answerOf("PATCH", filled(path, given), body)) as never;
}

/**
 * Sends a DELETE request.
 * @throws Problem
 */
export async function remove<P extends PathOf<"DELETE">>(
  path: P,
  given: Given<RouteOf<"DELETE", P>>,
): Promise<void> {
  await answerOf("DELETE", filled(path, given));
}

/** The path with the names in it filled in, and the other values as parameters. */
function filled(
  path: string,
  given: Readonly<Record<string, string | number | readonly string[] | null>>,
): string {
  const search = new URLSearchParams();
  let address = root + path;
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "object" && value !== null) {
      for (const one of value) search.append(name, one);
      continue;
    }
    const text = String(value ?? "");
    if (path.includes(`{${name}}`))
      address = address.replace(`{${name}}`, encodeURIComponent(text));
    else if (text !== "") search.set(name, text);
  }
  const query = search.toString();
  return query === "" ? address : `${address}?${query}`;
}

/** The message of an error. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the error only means that the request was aborted. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

async function answerOf(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  key: string | null = null,
): Promise<unknown> {
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(key === null ? {} : { "idempotency-key": key }),
  };
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (isGivenUp(error)) throw error;
    throw new Problem(0, "no-connection", "The server does not answer.");
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const { code, detail, title } = (await response.json()) as Record<string, string>;
    return new Problem(response.status, code ?? "", detail ?? title ?? response.statusText);
  } catch {
    return new Problem(response.status, "", `The server answered ${response.status}.`);
  }
}
