// Owns the matching of requests to routes: a route has a method, a path with names in braces, and a handler. Never
// checks access: that is the task of AccessControl.

import type { Endpoint } from "./api/endpoint.ts";
import type { Forms } from "./api/forms.ts";
import { Problem } from "./problem.ts";

/** A request as its route receives it. */
export type RoutedRequest = {
  readonly request: Request;
  /** The decoded parts of the path, by the names in braces. */
  readonly names: Readonly<Record<string, string>>;
  /**
   * Reads the query parameters.
   * @throws Problem `bad-parameter`
   */
  readonly parameters: () => Readonly<Record<string, unknown>>;
  /** The address that the connection came from. */
  readonly peerIp: string;
};

export type Route = Pick<Endpoint, "method" | "path" | "access"> & {
  readonly query: Forms;
  /** The longest body that it reads, in bytes. */
  readonly bodyBytesMax: number;
  readonly mayTakeLong: boolean;
  readonly answer: (asked: RoutedRequest) => Response | Promise<Response>;
};

export type FoundRoute = {
  readonly route: Route;
  readonly names: Readonly<Record<string, string>>;
};

export class Router {
  readonly #routes: { readonly route: Route; readonly words: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, words: route.path.split("/") }));
  }

  /**
   * Finds the route of a request. HEAD is treated as GET.
   * @throws Problem `no-such-route`, `method-not-allowed`
   */
  find(method: string, pathname: string): FoundRoute {
    const words = pathname.split("/");
    const allowed = new Set<string>();
    const wanted = method === "HEAD" ? "GET" : method;
    for (const { route, words: pattern } of this.#routes) {
      const names = match(pattern, words);
      if (names === null) continue;
      if (route.method === wanted) return { route, names };
      allowed.add(route.method);
    }
    if (allowed.size === 0) throw new Problem("no-such-route", "There is no such path.");
    if (allowed.has("GET")) allowed.add("HEAD");
    throw new Problem("method-not-allowed", `Use ${[...allowed].join(" or ")}.`, {
      allow: [...allowed].join(", "),
    });
  }
}

function match(pattern: readonly string[], words: readonly string[]) {
  if (pattern.length !== words.length) return null;
  const names: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const word = words[i] as string;
    if (!part.startsWith("{")) {
      if (part !== word) return null;
      continue;
    }
    try {
      names[part.slice(1, -1)] = decodeURIComponent(word);
    } catch {
      return null;
    }
  }
  return names;
}
