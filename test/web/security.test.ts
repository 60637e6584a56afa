// Logins and security headers of a running server, as a browser and a script meet them.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { loginLinkOf } from "../../lib/io/control-calls.ts";
import { newDevice, type RunningTestServer, runServer } from "./running-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

let server: RunningTestServer;

beforeAll(async () => {
  server = await runServer();
});

afterAll(() => server[Symbol.asyncDispose]());

const lan = { host: "192.168.1.2" };
const json = { "content-type": "application/json" };

function logIn(token: string, headers: Record<string, string> = {}) {
  const body = JSON.stringify({ token });
  return server.ask("/api/v1/session", { method: "POST", headers: { ...json, ...headers }, body });
}

/** The cookie that a login sets, as a browser sends it back. */
function cookieIn(headers: Headers): string {
  return (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

test("the token is created once, readable by its owner only, and shown once", () => {
  expect(server.token).toMatch(/^iot_[A-Za-z0-9_-]{43}$/);
  expect(server.tokenFile()).toBe(server.token);
  expect(statSync(`${server.db}.token`).mode & 0o777).toBe(0o600);
});

test("a second start shows no token", async () => {
  const { openAdminToken } = await import("../../lib/io/secrets/admin-token.ts");
  expect(openAdminToken(server.db)).toEqual({ token: server.token, isNew: false });
});

describe("every answer", () => {
  for (const path of ["/", "/healthz", "/api/v1/status", "/api/v1/nothing", "/metrics"]) {
    test(`${path} has the security headers`, async () => {
      const { headers } = await server.ask(path);
      const policy = headers.get("content-security-policy") ?? "";
      for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"])
        expect(policy).toContain(part);
      expect(policy).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("access-control-allow-origin")).toBeNull();
    });
  }
});

test("another Host is refused before anything else", async () => {
  for (const path of ["/", "/healthz", "/api/v1/status", "/api/v1/nothing"]) {
    const { status, body } = await server.ask(path, { headers: { host: "evil.example" } });
    expect([status, (body as { code: string }).code]).toEqual([421, "foreign-host"]);
  }
});

const data = ["/api/v1/status", "/api/v1/devices", "/api/v1/reports?format=csv", "/api/v1/events"];

test("nothing can be read without a login, but the page is served so that one can log in", async () => {
  const asked = data.flatMap((path) => [[path, lan] as const, [path, {}] as const]);
  for (const [path, headers] of [...asked, ["/metrics", lan] as const]) {
    const { status, headers: answered } = await server.ask(path, { headers });
    expect([path, headers, status]).toEqual([path, headers, 401]);
    expect(answered.get("www-authenticate")).toContain("Bearer");
  }
  expect((await server.ask("/", { headers: lan })).status).toBe(200);
  expect((await server.ask("/healthz", { headers: lan })).status).toBe(200);
  const { body } = await server.ask("/api/v1/session", { headers: lan });
  expect(body).toEqual({ loggedIn: false, mayRead: false, mayChange: false, version: "1.2.3" });
});

test("on this machine metrics need no login, and with --http-public-read nothing that is read does", async () => {
  await using open = await runServer(["--http-public-read"]);
  for (const path of ["/metrics", "/healthz", "/"])
    expect((await server.ask(path)).status).toBe(200);
  for (const path of ["/metrics", "/api/v1/status", "/api/v1/reports?format=csv"]) {
    expect((await open.ask(path)).status).toBe(200);
    expect((await open.ask(path, { headers: lan })).status).toBe(401);
    const forwarded = { "x-forwarded-for": "192.168.1.7" };
    expect((await open.ask(path, { headers: forwarded })).status).toBe(401);
  }
  expect((await open.ask("/api/v1/devices/nobody", { method: "DELETE" })).status).toBe(401);
});

test("the token logs in; the cookie reads and changes; logging out ends it", async () => {
  const { status, headers } = await logIn(server.token, lan);
  expect(status).toBe(204);
  const attributes = (headers.get("set-cookie") ?? "").split("; ").slice(1);
  expect(attributes).toEqual(["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=43200"]);
  const cookie = cookieIn(headers);
  expect((await server.ask("/api/v1/status", { headers: { ...lan, cookie } })).status).toBe(200);
  const change = (extra: Record<string, string>) =>
    server.ask("/api/v1/devices/nobody", {
      method: "DELETE",
      headers: { ...lan, cookie, ...extra },
    });
  expect((await change({})).status).toBe(403);
  expect((await change({ origin: "http://evil.example" })).status).toBe(403);
  expect((await change({ origin: "http://192.168.1.2" })).status).toBe(404);
  const out = await server.ask("/api/v1/session", {
    method: "DELETE",
    headers: { ...lan, cookie },
  });
  expect(out.status).toBe(204);
  expect((await server.ask("/api/v1/status", { headers: { ...lan, cookie } })).status).toBe(401);
});

test("behind a TLS proxy the cookie is marked Secure", async () => {
  const { headers } = await logIn(server.token, { "x-forwarded-proto": "https" });
  expect(headers.get("set-cookie")).toEndWith("; Secure");
});

test("a local change needs a login too", async () => {
  const { status, body } = await server.ask("/api/v1/devices/nobody", { method: "DELETE" });
  expect([status, (body as { code: string }).code]).toEqual([401, "login-required"]);
});

test("the link from the control socket logs in, once", async () => {
  const link = (await loginLinkOf(server.db)) ?? "";
  expect(link).toStartWith(`${server.url}/login?code=`);
  const path = link.slice(server.url.length);
  expect((await server.ask(path, { method: "HEAD" })).status).toBe(204);
  const first = await server.ask(path);
  expect([first.status, first.headers.get("location")]).toEqual([303, "./"]);
  const cookie = cookieIn(first.headers);
  expect((await server.ask("/api/v1/status", { headers: { ...lan, cookie } })).status).toBe(200);
  expect((await server.ask(path)).status).toBe(401);
});

describe("a link that was used", () => {
  const browser = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
  /** Uses up a link, on a server of its own, because attempts with wrong links are limited. */
  const useUp = async () => {
    const other = await runServer();
    const path = ((await loginLinkOf(other.db)) ?? "").slice(other.url.length);
    const { headers } = await other.ask(path);
    return Object.assign(other, { path, cookie: cookieIn(headers) });
  };

  test("tells a person what happened and what to do, in the style of the dashboard", async () => {
    await using other = await useUp();
    const { status, headers, body } = await other.ask(other.path, { headers: browser });
    expect(status).toBe(401);
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("set-cookie")).toBeNull();
    const page = body as string;
    for (const words of ["no longer works", "works once", "./iot-server open", 'href="./"'])
      expect(page).toContain(words);
    expect(page).not.toMatch(/<script|<style|\son[a-z]+=|style=|https?:/);
    expect(page).not.toContain(other.path.split("=")[1] as string);
    const named = [...page.matchAll(/<link[^>]*href="([^"]+)"/g)].map(([, name]) => name as string);
    expect(named).toHaveLength(2);
    for (const name of named)
      expect((await other.ask(name.replace(/^\.\//, "/"))).status).toBe(200);
  });

  test("gives a program a problem document", async () => {
    await using other = await useUp();
    for (const accept of ["*/*", "application/json"]) {
      const { status, headers, body } = await other.ask(other.path, { headers: { accept } });
      expect([status, headers.get("content-type")]).toEqual([401, "application/problem+json"]);
      expect(body).toMatchObject({ code: "login-refused" });
    }
  });

  test("leads on to the dashboard if the browser is logged in, and gives no new login", async () => {
    await using other = await useUp();
    const again = await other.ask(other.path, { headers: { ...browser, cookie: other.cookie } });
    expect([again.status, again.headers.get("location")]).toEqual([303, "./"]);
    expect(again.headers.get("set-cookie")).toBeNull();
    const stranger = { ...browser, cookie: `${other.cookie.split("=")[0]}=wrong` };
    expect((await other.ask(other.path, { headers: stranger })).status).toBe(401);
  });

  test("that is tried too often says so, and a right one logs in all the same", async () => {
    await using other = await runServer();
    const path = "/login?code=guess";
    for (let i = 0; i < 5; i++) {
      expect((await other.ask(path, { headers: browser })).status).toBe(401);
    }
    const { status, headers, body } = await other.ask(path, { headers: browser });
    expect([status, headers.get("retry-after")]).toEqual([429, "10"]);
    expect(body).toContain("Too many attempts");
    const link = ((await loginLinkOf(other.db)) ?? "").slice(other.url.length);
    expect((await other.ask(link, { headers: browser })).status).toBe(303);
  });

  test("of another site's page is not counted", async () => {
    await using other = await runServer();
    for (let i = 0; i < 20; i++) {
      const headers = { ...browser, "sec-fetch-site": "cross-site" };
      expect((await other.ask("/login?code=x", { headers })).status).toBe(401);
    }
    expect((await other.ask("/login?code=x", { headers: browser })).status).toBe(401);
  });
});

test("a body that is too large is refused before it is read", async () => {
  const body = JSON.stringify({ token: "x".repeat(20_000) });
  const { status } = await server.ask("/api/v1/session", { method: "POST", headers: json, body });
  expect(status).toBe(413);
});

test("what a device sends is text in JSON, never a page", async () => {
  const html = "<script>alert(1)</script>";
  const device = await newDevice(server, "html", 9);
  await device.register();
  await device.login();
  expect(await device.report(html)).toBe("50");
  const { headers, body } = await server.ask("/api/v1/devices/html", {
    headers: server.login,
  });
  expect(headers.get("content-type")).toBe("application/json");
  expect((body as { lastReport: { message: string } }).lastReport.message).toBe(html);
  const { status, headers: missing } = await server.ask(`/${encodeURIComponent(html)}`);
  expect([status, missing.get("content-type")]).toEqual([404, "application/problem+json"]);
  device.close();
});

test("guesses at the token are counted, and do not shut out the right one", async () => {
  await using other = await runServer();
  const codes: number[] = [];
  const guess = (token: string) =>
    other.ask("/api/v1/session", {
      method: "POST",
      headers: json,
      body: JSON.stringify({ token }),
    });
  for (let i = 0; i < 6; i++) codes.push((await guess(`guess-${i}`)).status);
  expect(codes).toEqual([401, 401, 401, 401, 401, 429]);
  const { status, headers } = await other.ask("/api/v1/status", {
    headers: { authorization: "Bearer guess" },
  });
  expect([status, headers.get("retry-after")]).toEqual([429, "10"]);
  expect((await guess(other.token)).status).toBe(204);
  expect((await other.ask("/api/v1/status", { headers: other.login })).status).toBe(200);
});

test("a TCP port in use is reported in clear words, and nothing is left open", async () => {
  const port = new URL(server.url).port;
  const refusal: unknown = await runServer(["--http", `127.0.0.1:${port}`]).catch((error) => error);
  expect(refusal).toMatchObject({
    code: "http-port-in-use",
    message: `Port ${port}/tcp on 127.0.0.1 is in use.`,
  });
});

test("--no-http serves no HTTP", async () => {
  await using quiet = await runServer(["--no-http"]);
  expect(quiet.url).toBe("");
  expect(await loginLinkOf(quiet.db)).toBeNull();
});
