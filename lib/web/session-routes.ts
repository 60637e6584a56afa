// Owns the HTTP routes for logging in, by admin token or one-time link, and logging out, and the one that tells what a
// request may do. Never checks a token itself.

import { cookieName, cookieOf, countedSource, type Gate, tooManyAttempts } from "./gate.ts";
import type { Attempt, Logins } from "./logins.ts";
import type { PageFile } from "./pages.ts";
import { Problem } from "./problem.ts";
import { refusedLinkPage, wantsPage } from "./refused-link-page.ts";
import { readJson } from "./request-body.ts";
import { type Call, json, type Route } from "./router.ts";
import type { Visitor } from "./visitor.ts";

const path = "/api/v1/session";
const cookieSeconds = 12 * 3_600;

/**
 * The routes of logins.
 * @param version of the server
 * @param pages the dashboard's files, for the page of a refused link
 */
export function sessionRoutes(
  gate: Gate,
  logins: Logins,
  version: string,
  pages: ReadonlyMap<string, PageFile>,
): Route[] {
  return [
    {
      method: "GET",
      path,
      query: [],
      access: "open",
      answer: ({ request, peerIp }) => json({ ...gate.rightsOf(request, peerIp), version }),
    },
    {
      method: "POST",
      path,
      query: [],
      access: "open",
      answer: async ({ request, peerIp }) => {
        const { token } = await readJson(request);
        if (typeof token !== "string" || token.length > 256) {
          throw new Problem("bad-body", "token must be a text.");
        }
        const visitor = gate.visitorOf(request, peerIp);
        const attempt = logins.tryToken(token.trim(), countedSource(visitor));
        expect(attempt, "This is not the admin token.");
        return withCookie(visitor, logins, new Response(null, { status: 204 }));
      },
    },
    {
      method: "DELETE",
      path,
      query: [],
      access: "open",
      answer: ({ request }) => {
        const cookie = cookieOf(request);
        if (cookie !== null) logins.forgetCookie(cookie);
        const gone = `${cookieName}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
        return new Response(null, { status: 204, headers: { "set-cookie": gone } });
      },
    },
    {
      method: "GET",
      path: "/login",
      query: ["code"],
      access: "open",
      answer: ({ request, parameters, peerIp }: Call) => {
        const code = parameters.text("code", 128);
        const stale =
          "This link was used, or is older than five minutes: run `iot-server open` again.";
        // A HEAD request must not use up the link.
        if (request.method === "HEAD") return new Response(null, { status: 204 });
        // Relative: a proxy may serve the dashboard below a path.
        const headers = { location: "./", "cache-control": "no-store" };
        const home = new Response(null, { status: 303, headers });
        const cookie = cookieOf(request);
        const visitor = gate.visitorOf(request, peerIp);
        try {
          expect(logins.tryLink(code, countedSource(visitor)), stale);
        } catch (error) {
          // The link is reloaded in a browser that it has logged in already.
          if (cookie !== null && logins.hasCookie(cookie)) return home;
          if (error instanceof Problem && wantsPage(request)) return refusedLinkPage(error, pages);
          throw error;
        }
        return withCookie(visitor, logins, home);
      },
    },
  ];
}

function expect(attempt: Attempt, refusal: string): void {
  if (attempt === "too-many") throw tooManyAttempts();
  if (attempt === "refused") throw new Problem("login-refused", refusal);
}

function withCookie({ overTls }: Visitor, logins: Logins, response: Response): Response {
  // If a TLS proxy is in front, the browser must send the cookie over TLS only.
  response.headers.set(
    "set-cookie",
    `${cookieName}=${logins.newCookie()}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${cookieSeconds}${overTls ? "; Secure" : ""}`,
  );
  return response;
}
