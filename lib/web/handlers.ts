// Owns what the handler of each route gets and may answer, as the table tells: a route without a handler, or a handler that
// answers what the table does not say, is an error of types. Never handles a request itself.

import type { Endpoint, JsonOf, Media, NamesIn, QueryOf } from "./api/endpoint.ts";
import { type BodyForm, bodyBytesMax, type BodyOf, type ValuesOf } from "./api/forms.ts";
import { type Api, api } from "./api/table.ts";
import { bodyFor } from "./encodings.ts";
import { readBody } from "./request-body.ts";
import type { RoutedRequest, Route } from "./router.ts";

/** What a handler gets. */
export type RouteCall<E extends Endpoint> = {
  readonly request: Request;
  /** The decoded parts of the path. */
  readonly names: Readonly<Record<NamesIn<E["path"]>, string>>;
  /**
   * Reads the query parameters.
   * @throws Problem `bad-parameter`
   */
  readonly parameters: () => ValuesOf<QueryOf<E>>;
  /**
   * Reads the body.
   * @throws Problem `not-json`, `body-too-large`, `bad-body`
   */
  readonly body: () => Promise<E extends { readonly body: infer B } ? BodyOf<B> : never>;
  /** The address that the connection came from. */
  readonly peerIp: string;
};
export type CallOf<Name extends keyof Api> = RouteCall<Api[Name]>;

/** An answer with another status than 200, or with headers. A null has no body. */
export class HttpReply<Status extends number, Body> {
  constructor(
    readonly status: Status,
    readonly body: Body,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

type AnswerWith<Status, C> =
  | (C extends string ? HttpReply<Status & number, null> : never)
  | (C extends Media | readonly (infer _)[] ? Response : never)
  | (Status extends 200 ? JsonOf<C> : HttpReply<Status & number, JsonOf<C>>);

/** What the handler of a route may answer: the value of a 200, a reply with its status, or what is no JSON as a response. */
export type AnswerOf<E extends Endpoint> = {
  [Status in keyof E["answers"]]: AnswerWith<Status, E["answers"][Status]>;
}[keyof E["answers"]];
export type RouteAnswer<Name extends keyof Api> = AnswerOf<Api[Name]>;

/** The handlers of all routes. */
export type Handlers = {
  readonly [Name in keyof Api]: (
    call: CallOf<Name>,
  ) => RouteAnswer<Name> | Promise<RouteAnswer<Name>>;
};

/** All routes of the table, with their handlers. */
export function routesOf(handlers: Handlers): Route[] {
  return (Object.keys(api) as (keyof Api)[]).map((name) => routeOf(name, handlers[name]));
}

/** A route of the table with its handler. */
export function routeOf(name: keyof Api, handler: Handlers[keyof Api]): Route {
  const { method, path, access, query = {}, body, mayTakeLong = false }: Endpoint = api[name];
  // `Handlers` has checked that the handler takes what its route gives.
  const handle = handler as unknown as (call: RoutedRequest & { body(): unknown }) => unknown;
  const answer = async (asked: RoutedRequest) => {
    const ownBody = () => readBody(asked.request, body as BodyForm);
    return responseOf(asked.request, await handle({ ...asked, body: ownBody }));
  };
  const bytesMax = body?.bytesMax ?? bodyBytesMax;
  return { method, path, access, query, bodyBytesMax: bytesMax, mayTakeLong, answer };
}

async function responseOf(request: Request, answer: unknown): Promise<Response> {
  if (answer instanceof Response) return answer;
  const { status, body, headers } =
    answer instanceof HttpReply
      ? (answer as HttpReply<number, unknown>)
      : new HttpReply(200, answer);
  if (body === null) return new Response(null, { status, headers });
  const sent = await bodyFor(request, JSON.stringify(body));
  return jsonBody(sent.body, status, { ...headers, ...sent.headers });
}

/** A response of JSON, which no cache stores. */
export function jsonBody(
  body: string | Uint8Array<ArrayBuffer>,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}
