// Logins at several servers of one host, as a browser meets them: cookies ignore ports, so each server is sent those of all.

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Roster } from "../../lib/fleet/roster.ts";
import { WebServer } from "../../lib/web/web-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { fakePorts } from "./fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

const [token, otherToken] = ["t".repeat(40), "u".repeat(40)];
const minute = 60_000;
const clock = { wall: Date.UTC(2026, 10, 22), monotonic: 1_000 };
const page = {
  identity: new TextEncoder().encode("page"),
  compressed: {},
  type: "text/html",
  tag: '"1"',
  isNamedByContent: false,
};
const servers: WebServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function serve(secret = token): WebServer {
  const ports = fakePorts({ now: () => clock.wall, uptimeMs: () => clock.monotonic });
  const server = new WebServer({
    host: "127.0.0.1",
    port: 0,
    token: secret,
    names: [],
    proxyNames: [],
    trustedProxies: [],
    publicRead: false,
    pages: new Map([["/", page]]),
    ports,
    roster: new Roster(ports.devices, ports.presence),
  });
  servers.push(server);
  return server;
}

function pass(ms: number): void {
  clock.wall += ms;
  clock.monotonic += ms;
}

/** Keeps the cookies of a host, and sends all of them to each of its ports. */
class Browser {
  readonly cookies = new Map<string, string>();

  async ask(
    server: WebServer,
    path: string,
    init: RequestInit = {},
    more: Record<string, string> = {},
  ): Promise<Response> {
    const cookie = Array.from(this.cookies, (pair) => pair.join("=")).join("; ");
    const headers = { origin: server.url, "content-type": "application/json", cookie, ...more };
    const response = await fetch(`${server.url}${path}`, { redirect: "manual", ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] as string).split("=");
      if (line.includes("Max-Age=0")) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  async logIn(server: WebServer, secret = token): Promise<void> {
    const body = JSON.stringify({ token: secret });
    const { status } = await this.ask(server, "/api/v1/session", { method: "POST", body });
    expect(status).toBe(204);
  }

  logOut(server: WebServer): Promise<Response> {
    return this.ask(server, "/api/v1/session", { method: "DELETE" });
  }

  async status(server: WebServer): Promise<number> {
    return (await this.ask(server, "/api/v1/status")).status;
  }

  copy(): Browser {
    const other = new Browser();
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }
}

describe("servers with the same token", () => {
  test("have their logins in common: reading, changing, and what a restart finds", async () => {
    const [here, there] = [serve(), serve()];
    const browser = new Browser();
    expect(await browser.status(there)).toBe(401);
    await browser.logIn(here);
    expect(browser.cookies.size).toBe(1);
    expect([await browser.status(here), await browser.status(there)]).toEqual([200, 200]);
    const change = await browser.ask(there, "/api/v1/devices/nobody", { method: "DELETE" });
    expect(change.status).toBe(404);
    await here.close();
    expect(await browser.status(serve())).toBe(200);
  });

  test("have a logout in common for this browser; a copy of its cookie ends where it logged out", async () => {
    const [here, there] = [serve(), serve()];
    const browser = new Browser();
    await browser.logIn(here);
    const thief = browser.copy();
    expect((await browser.logOut(there)).status).toBe(204);
    expect([await browser.status(here), await browser.status(there)]).toEqual([401, 401]);
    expect([await thief.status(there), await thief.status(here)]).toEqual([401, 200]);
    pass(12 * 60 * minute + 1);
    expect(await thief.status(here)).toBe(401);
  });

  test("each have their own login links and their own count of wrong tokens", async () => {
    const [here, there] = [serve(), serve()];
    const path = here.newLoginLink().slice(here.url.length);
    const browser = new Browser();
    expect((await browser.ask(there, path)).status).toBe(401);
    expect((await browser.ask(here, path)).status).toBe(303);
    expect(await browser.status(there)).toBe(200);
    const guess = async (server: WebServer) => {
      const init = { method: "POST", body: JSON.stringify({ token: "guess" }) };
      return (await browser.ask(server, "/api/v1/session", init)).status;
    };
    for (let i = 0; i < 5; i++) expect(await guess(here)).toBe(401);
    expect([await guess(here), await guess(there)]).toEqual([429, 401]);
  });
});

describe("servers of one host with different tokens", () => {
  test("do not log each other out", async () => {
    const [here, other] = [serve(), serve(otherToken)];
    const browser = new Browser();
    await browser.logIn(here);
    expect(await browser.status(other)).toBe(401);
    await browser.logIn(other, otherToken);
    expect([await browser.status(here), await browser.status(other)]).toEqual([200, 200]);
    for (let i = 0; i < 3; i++) {
      pass(8 * 60 * minute);
      expect([await browser.status(here), await browser.status(other)]).toEqual([200, 200]);
    }
    await browser.logOut(other);
    expect([await browser.status(here), await browser.status(other)]).toEqual([200, 401]);
  });

  test("do not accept a login of the other one under their own name", async () => {
    const [here, other] = [serve(), serve(otherToken)];
    const [browser, own] = [new Browser(), new Browser()];
    await browser.logIn(here);
    await own.logIn(other, otherToken);
    const [[name], [value]] = [[...own.cookies.keys()], [...browser.cookies.values()]];
    own.cookies.set(name as string, value as string);
    expect(await own.status(other)).toBe(401);
  });

  test("as after a new token: all logins have ended", async () => {
    const browser = new Browser();
    await browser.logIn(serve());
    expect(await browser.status(serve(otherToken))).toBe(401);
  });
});

describe("renewal", () => {
  test("goes with an answer that no cache keeps, once in ten minutes", async () => {
    const server = serve();
    const browser = new Browser();
    await browser.logIn(server);
    const renews = async (path: string, init?: RequestInit, more?: Record<string, string>) => {
      const response = await browser.copy().ask(server, path, init, more);
      await response.body?.cancel();
      return response.headers.get("set-cookie");
    };
    expect(await renews("/api/v1/status")).toBeNull();
    pass(10 * minute);
    for (const path of ["status", "session", "events?topics=devices", "reports?format=csv"])
      expect([path, await renews(`/api/v1/${path}`)]).toEqual([path, expect.any(String)]);
    expect(await renews("/api/v1/status", { method: "HEAD" })).toContain("HttpOnly");
    for (const path of ["/", "/api/v1/devices/nobody", "/api/v1/nothing"])
      expect([path, await renews(path)]).toEqual([path, null]);
    const authorization = `Bearer ${token}`;
    expect(await renews("/api/v1/status", {}, { authorization })).toBeNull();
    const secure = await renews("/api/v1/status", {}, { "x-forwarded-proto": "https" });
    expect(secure).toEndWith("; Secure");
  });

  test("gives way to a new login", async () => {
    const server = serve();
    const browser = new Browser();
    await browser.logIn(server);
    const [former] = browser.cookies.values();
    pass(10 * minute);
    await browser.ask(server, server.newLoginLink().slice(server.url.length));
    const [cookie] = browser.cookies.values();
    expect(cookie?.split(".")[0]).not.toBe(former?.split(".")[0]);
  });

  test("does not bring back a login that has ended", async () => {
    const server = serve();
    const browser = new Browser();
    await browser.logIn(server);
    const late = browser.copy();
    pass(10 * minute);
    expect((await browser.logOut(server)).headers.get("set-cookie")).toContain("Max-Age=0");
    const { headers } = await late.ask(server, "/api/v1/session");
    expect(headers.get("set-cookie")).toBeNull();
  });
});
