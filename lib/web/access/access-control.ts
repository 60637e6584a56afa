// Owns access control: checks the host name of a request, its login, and the origin of a change, as in API.md, Who may
// what. Never stores a login.

import type { Endpoint } from "../api/endpoint.ts";
import type { Rights } from "../api/server-shapes.ts";
import { hostOf, isServedHost } from "./host-check.ts";
import type { DashboardLogins } from "./dashboard-logins.ts";
import { Problem } from "../problem.ts";
import { type Visitor, visitorOf } from "./visitor.ts";

export type AccessOptions = {
  readonly logins: DashboardLogins;
  /** Host names to serve besides loopback names, IP addresses and `proxyNames`, in lower case. */
  readonly names: readonly string[];
  /** The names under which proxies serve the dashboard, in lower case. */
  readonly proxyNames: readonly string[];
  /** Addresses of proxies besides loopback whose headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Whether everybody on this machine may read without a login. */
  readonly publicRead: boolean;
};

export class AccessControl {
  constructor(private readonly options: AccessOptions) {}

  /**
   * Checks whether a request, whose host is checked, may use a route.
   * @param peerIp the address that the connection came from
   * @param access what the route requires
   * @throws Problem `login-required`, `foreign-origin`, `too-many`
   */
  admit(request: Request, peerIp: string, access: Endpoint["access"]): void {
    if (access === "open") {
      // Logging in and out are changes too, so a page of another site must not do it.
      if (request.method !== "GET" && request.method !== "HEAD") this.#checkOrigin(request, false);
      return;
    }
    if (request.headers.get("sec-fetch-site") === "cross-site") {
      throw new Problem("foreign-origin", "Another site's page may not read this.");
    }
    if (access === "local" && this.visitorOf(request, peerIp).isLocal) return;
    const rights = this.rightsOf(request, peerIp);
    if (access === "change" ? rights.mayChange : rights.mayRead) {
      if (access === "change") this.#checkOrigin(request, this.#cookieOf(request) !== null);
      return;
    }
    throw new Problem(
      "login-required",
      "Log in with the admin token, or open the link of `iot-server open`.",
      { "www-authenticate": 'Bearer realm="iot-server"' },
    );
  }

  /** Checks that a request names a host that this server is; the first check of all. @throws Problem `foreign-host` */
  checkHost(request: Request): void {
    const host = hostOf(request.headers.get("host") ?? "");
    const { names, proxyNames } = this.options;
    if (host !== null && isServedHost(host, [...names, ...proxyNames])) return;
    throw new Problem(
      "foreign-host",
      "Use the address of the server, or a name given to --http or --http-name.",
    );
  }

  /**
   * What a request may do.
   * @throws Problem `too-many` if its source tried too many wrong tokens
   */
  rightsOf(request: Request, peerIp: string): Omit<Rights, "version"> {
    const visitor = this.visitorOf(request, peerIp);
    const loggedIn = this.#isLoggedIn(request, visitor);
    const mayRead = loggedIn || (this.options.publicRead && visitor.isLocal);
    return { loggedIn, mayRead, mayChange: loggedIn };
  }

  /** Who sends a request. */
  visitorOf(request: Request, peerIp: string): Visitor {
    return visitorOf(request, peerIp, this.options.trustedProxies);
  }

  /**
   * Renews the cookie of a request that has used it.
   * @returns the value of `Set-Cookie`, or null if there is nothing to renew yet
   */
  renewedCookie(request: Request, peerIp: string): string | null {
    const cookie = request.headers.has("authorization") ? null : this.#cookieOf(request);
    if (cookie === null) return null;
    const { overTls } = this.visitorOf(request, peerIp);
    return this.options.logins.cookies.renewed(cookie, overTls);
  }

  #isLoggedIn(request: Request, visitor: Visitor): boolean {
    const { logins } = this.options;
    const [, token] =
      /^Bearer +(\S{1,256})$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    if (token !== undefined) {
      const attempt = logins.tryToken(token, countedSource(visitor));
      if (attempt === "too-many") throw tooManyAttempts();
      return attempt === "accepted";
    }
    const cookie = this.#cookieOf(request);
    return cookie !== null && logins.cookies.isValid(cookie);
  }

  #cookieOf(request: Request): string | null {
    return cookieOf(request, this.options.logins.cookies.name);
  }

  /**
   * Refuses a change that a page of another host makes; a change by a program that is not a browser passes.
   * @param fromBrowser whether the request has a cookie: then it must state its origin, as every browser does
   * @throws Problem `foreign-origin`
   */
  #checkOrigin({ headers }: Request, fromBrowser: boolean): void {
    const origin = headers.get("origin");
    const site = headers.get("sec-fetch-site");
    const fits =
      (origin === null || this.#isOwn(origin, headers.get("host"), site)) &&
      (site === null || site === "same-origin" || (site === "none" && origin === null)) &&
      (!fromBrowser || origin !== null || site === "same-origin");
    if (!fits) throw new Problem("foreign-origin", "This change comes from another site's page.");
  }

  /** Whether an origin is the dashboard's. A proxy may have changed `Host`, and left out the port. */
  #isOwn(origin: string, host: string | null, site: string | null): boolean {
    const [, authority] = /^https?:\/\/(.*)$/.exec(origin) ?? [];
    if (authority === undefined) return false;
    if (authority === host?.toLowerCase()) return true;
    // Another port of the same name can be another program: only the browser can tell.
    const name = site === "same-origin" ? hostOf(authority) : authority;
    return name !== null && this.options.proxyNames.includes(name);
  }
}

/** To whom a wrong token or link is counted: another site's page can make a browser send any number of them. */
export function countedSource({ ip, isCrossSite }: Visitor): string | null {
  return isCrossSite ? null : ip;
}

/** The answer to a source that tried too many wrong tokens or links. */
export function tooManyAttempts(): Problem {
  return new Problem(
    "too-many",
    "Too many wrong tokens came from here. The right one works at any time.",
    {
      "retry-after": "10",
    },
  );
}

/** The cookie of a request with a name, or null. */
export function cookieOf(request: Request, wanted: string): string | null {
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === wanted && value !== undefined && value !== "") return value;
  }
  return null;
}
