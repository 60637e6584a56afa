// Owns the handlers for logging in, by admin token or one-time link, and logging out, and the one that tells what a request
// may do. Never checks a token itself.

import {
  cookieOf,
  countedSource,
  type AccessControl,
  tooManyAttempts,
} from "../access/access-control.ts";
import { type RouteAnswer, type CallOf, type Handlers, HttpReply } from "../handlers.ts";
import type { TokenCheck, DashboardLogins } from "../access/dashboard-logins.ts";
import type { PageFile } from "../pages.ts";
import { Problem } from "../problem.ts";
import { refusedLinkPage, wantsPage } from "../access/refused-link-page.ts";
import type { Visitor } from "../access/visitor.ts";

type Pages = ReadonlyMap<string, PageFile>;

/**
 * The handlers of logins.
 * @param version of the server
 * @param pages the dashboard's files, for the page of a refused link
 */
export function sessionHandlers(
  access: AccessControl,
  logins: DashboardLogins,
  version: string,
  pages: Pages,
): Pick<Handlers, "rights" | "logIn" | "logOut" | "openLink"> {
  return {
    rights: ({ request, peerIp }) => ({ ...access.rightsOf(request, peerIp), version }),
    logIn: async ({ request, peerIp, body }) => {
      const { token } = await body();
      const visitor = access.visitorOf(request, peerIp);
      const attempt = logins.tryToken(token.trim(), countedSource(visitor));
      expect(attempt, "This is not the admin token.");
      return new HttpReply(204, null, newLogin(visitor, logins));
    },
    logOut: ({ request }) => {
      const { cookies } = logins;
      const cookie = cookieOf(request, cookies.name);
      if (cookie !== null) cookies.end(cookie);
      const gone = `${cookies.name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
      return new HttpReply(204, null, { "set-cookie": gone });
    },
    openLink: (call) => openLink(access, logins, pages, call),
  };
}

function openLink(
  access: AccessControl,
  logins: DashboardLogins,
  pages: Pages,
  { request, parameters, peerIp }: CallOf<"openLink">,
): RouteAnswer<"openLink"> {
  const { code } = parameters();
  const stale = "This link was used, or is older than five minutes: run `iot-server open` again.";
  // A HEAD request must not use up the link.
  if (request.method === "HEAD") return new HttpReply(204, null);
  // Relative: a proxy may serve the dashboard below a path.
  const home = { location: "./", "cache-control": "no-store" };
  const cookie = cookieOf(request, logins.cookies.name);
  const visitor = access.visitorOf(request, peerIp);
  try {
    expect(logins.tryLink(code, countedSource(visitor)), stale);
  } catch (error) {
    // The link is reloaded in a browser that it has logged in already.
    if (cookie !== null && logins.cookies.isValid(cookie)) return new HttpReply(303, null, home);
    if (error instanceof Problem && wantsPage(request)) return refusedLinkPage(error, pages);
    throw error;
  }
  return new HttpReply(303, null, { ...home, ...newLogin(visitor, logins) });
}

function expect(attempt: TokenCheck, refusal: string): void {
  if (attempt === "too-many") throw tooManyAttempts();
  if (attempt === "refused") throw new Problem("login-refused", refusal);
}

/** The header that sets the cookie of a new login. */
function newLogin({ overTls }: Visitor, logins: DashboardLogins) {
  // If a TLS proxy is in front, the browser must send the cookie over TLS only.
  return { "set-cookie": logins.cookies.begin(overTls) };
}
