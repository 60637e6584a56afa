// Owns the matching of requests to routes: a route has a method, a path with names in braces, and a handler. Never
// checks access: that is the gate's task.

import type { Parameters } from "./parameters.ts";
import { Problem } from "./problem.ts";

/** A request as its route receives it. */
export type Call = {
  readonly request: Request;
  readonly url: URL;
  /** The decoded parts of the path, by the names in braces. */
  readonly names: Readonly<Record<string, string>>;
  readonly parameters: Parameters;
  /** The address that the connection came from. */
  readonly peerIp: string;
};

export type Route = {
  readonly method: "GET" | "POST" | "DELETE";
  /** For example `/api/v1/devices/{id}`. */
  readonly path: string;
  /** The query parameters that it accepts. */
  readonly query: readonly string[];
  /** Who may use it: everybody, this machine and those who may read, only those, or those who may change. */
  readonly access: "open" | "local" | "read" | "change";
  readonly answer: (call: Call) => Response | Promise<Response>;
};

export type Found = { readonly route: Route; readonly names: Readonly<Record<string, string>> };

export class Router {
  readonly #routes: { readonly route: Route; readonly words: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, words: route.path.split("/") }));
  }

  /**
   * Finds the route of a request. HEAD is treated as GET.
   * @throws Problem `no-such-route`, `method-not-allowed`
   */
  find(method: string, pathname: string): Found {
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

/** A JSON response that no cache stores. */
export function json(value: unknown, status = 200): Response {
  return jsonText(JSON.stringify(value), status);
}

/** The same for a value that is JSON text already. */
export function jsonText(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}
