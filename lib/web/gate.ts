// Owns access control: checks the host name of a request, its login, and the origin of a change, as in API.md, Who may
// what. Never stores a login.

import { hostOf, isLoopbackHost, isLoopbackIp, isServedHost } from "./host-check.ts";
import type { Logins } from "./logins.ts";
import { Problem } from "./problem.ts";
import type { Route } from "./router.ts";

export const cookieName = "iot_session";

/** What a request may do. */
export type Rights = {
  readonly loggedIn: boolean;
  readonly mayRead: boolean;
  readonly mayChange: boolean;
};

const forwardingHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

export class Gate {
  /** @param names host names to serve besides loopback names and IP addresses, in lower case */
  constructor(
    private readonly logins: Logins,
    private readonly names: readonly string[],
  ) {}

  /**
   * Checks whether a request may use a route.
   * @param peerIp the address that the connection came from
   * @param access what the route requires
   * @throws Problem `foreign-host`, `login-required`, `foreign-origin`, `too-many`
   */
  admit(request: Request, peerIp: string, access: Route["access"]): void {
    this.checkHost(request);
    if (access === "open") {
      // Logging in and out are changes too, so a page of another site must not do it.
      if (request.method !== "GET" && request.method !== "HEAD") checkOrigin(request, false);
      return;
    }
    if (request.headers.get("sec-fetch-site") === "cross-site") {
      throw new Problem("foreign-origin", "Another site's page may not read this.");
    }
    const rights = this.rightsOf(request, peerIp);
    if (access === "read" ? rights.mayRead : rights.mayChange) {
      if (access === "change") checkOrigin(request, cookieOf(request) !== null);
      return;
    }
    throw new Problem(
      "login-required",
      "Log in with the admin token, or open the link of `iot-server open`.",
      { "www-authenticate": 'Bearer realm="iot-server"' },
    );
  }

  /** @throws Problem `foreign-host` */
  checkHost(request: Request): void {
    const host = hostOf(request.headers.get("host") ?? "");
    if (host !== null && isServedHost(host, this.names)) return;
    throw new Problem(
      "foreign-host",
      "Use the address of the server, or the name given to --http.",
    );
  }

  /**
   * What a request may do.
   * @throws Problem `too-many` if its source tried too many wrong tokens
   */
  rightsOf(request: Request, peerIp: string): Rights {
    const loggedIn = this.#isLoggedIn(request, peerIp);
    const local = isLocal(request, peerIp);
    return { loggedIn, mayRead: loggedIn || local, mayChange: loggedIn };
  }

  #isLoggedIn(request: Request, peerIp: string): boolean {
    const [, token] =
      /^Bearer +(\S{1,256})$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    if (token !== undefined) {
      const attempt = this.logins.tryToken(token, peerIp);
      if (attempt === "too-many") throw tooManyAttempts();
      return attempt === "accepted";
    }
    const cookie = cookieOf(request);
    return cookie !== null && this.logins.hasCookie(cookie);
  }
}

/** The answer to a source that tried too many wrong tokens or links. */
export function tooManyAttempts(): Problem {
  return new Problem("too-many", "Too many wrong tokens came from here; wait ten seconds.", {
    "retry-after": "10",
  });
}

/** The session cookie of a request, or null. */
export function cookieOf(request: Request): string | null {
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === cookieName && value !== undefined && value !== "") return value;
  }
  return null;
}

/** Whether a request comes from this machine, names this machine as its host, and has no header of a proxy. */
function isLocal(request: Request, peerIp: string): boolean {
  const { headers } = request;
  const host = hostOf(headers.get("host") ?? "");
  return (
    isLoopbackIp(peerIp) &&
    host !== null &&
    isLoopbackHost(host) &&
    !forwardingHeaders.some((name) => headers.has(name))
  );
}

/**
 * Refuses a change that a page of another host makes; a change by a program that is not a browser passes.
 * @param fromBrowser whether the request has a cookie: then it must state its origin, as every browser does
 * @throws Problem `foreign-origin`
 */
function checkOrigin({ headers }: Request, fromBrowser: boolean): void {
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  const host = headers.get("host")?.toLowerCase();
  const sameOrigin =
    origin !== null && /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, "") === host;
  const fits =
    (origin === null || sameOrigin) &&
    (site === null || site === "same-origin" || (site === "none" && origin === null)) &&
    (!fromBrowser || origin !== null || site === "same-origin");
  if (!fits) throw new Problem("foreign-origin", "This change comes from another site's page.");
}
