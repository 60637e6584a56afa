// Who is admitted: the request matrix of API.md, row by row, without a network.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AccessControl } from "../../../lib/web/access/access-control.ts";
import {
  hostOf,
  isLoopbackHost,
  isLoopbackIp,
  isServedHost,
} from "../../../lib/web/access/host-check.ts";
import { DashboardLogins } from "../../../lib/web/access/dashboard-logins.ts";
import { Problem } from "../../../lib/web/problem.ts";
import type { Route } from "../../../lib/web/router.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const token = "iot_0123456789abcdef0123456789abcdef";
const now = 1_000_000;

type Case = {
  readonly says: string;
  readonly peer?: string;
  readonly host?: string;
  readonly method?: string;
  readonly access?: Route["access"];
  readonly publicRead?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly login?: "bearer" | "cookie" | "wrong";
  /** The code of the problem, or "in" for an admitted request. */
  readonly expected: string;
};

const lan = { peer: "192.168.1.7", host: "192.168.1.2:9000" } as const;
const open = { publicRead: true } as const;
const change = { method: "DELETE", access: "change" } as const;
const own = { origin: "http://127.0.0.1:9000", "sec-fetch-site": "same-origin" } as const;

const cases: readonly Case[] = [
  { says: "local reading", expected: "login-required" },
  { says: "local reading with the token", login: "bearer", expected: "in" },
  { says: "local reading, public", ...open, expected: "in" },
  { says: "local change, reading is public", ...change, ...open, expected: "login-required" },
  { says: "from the LAN, local reading is public", ...lan, ...open, expected: "login-required" },
  { says: "by name", host: "localhost:9000", ...open, expected: "in" },
  { says: "through a forwarded port", host: "localhost:18000", ...open, expected: "in" },
  { says: "over IPv6", peer: "::1", host: "[::1]:9000", ...open, expected: "in" },
  { says: "IPv4 in IPv6 notation", peer: "::ffff:127.0.0.1", ...open, expected: "in" },
  { says: "metrics, local", access: "local", expected: "in" },
  { says: "metrics from the LAN", ...lan, access: "local", expected: "login-required" },
  {
    says: "metrics from the LAN with the token",
    ...lan,
    access: "local",
    login: "bearer",
    expected: "in",
  },
  {
    says: "metrics through a proxy on this machine",
    access: "local",
    headers: { "x-real-ip": "10.1.1.1" },
    expected: "login-required",
  },
  {
    says: "local, with a LAN address as Host",
    host: "192.168.1.2",
    ...open,
    expected: "login-required",
  },
  { says: "from the LAN", ...lan, expected: "login-required" },
  {
    says: "from the LAN with a loopback Host",
    peer: lan.peer,
    ...open,
    expected: "login-required",
  },
  { says: "from the LAN with the token", ...lan, login: "bearer", expected: "in" },
  { says: "from the LAN with a cookie", ...lan, login: "cookie", expected: "in" },
  { says: "from the LAN with a wrong token", ...lan, login: "wrong", expected: "login-required" },
  {
    says: "through a proxy on this machine",
    ...open,
    headers: { "x-forwarded-for": "10.1.1.1" },
    expected: "login-required",
  },
  {
    says: "through a proxy that sends Forwarded",
    ...open,
    headers: { forwarded: "for=10.1.1.1" },
    expected: "login-required",
  },
  { says: "another name (rebinding)", host: "evil.example", expected: "foreign-host" },
  {
    says: "another name with the token",
    host: "evil.example:9000",
    login: "bearer",
    expected: "foreign-host",
  },
  {
    says: "a name that only begins like localhost",
    host: "localhost.evil.example",
    expected: "foreign-host",
  },
  { says: "a name that ends like ours", host: "notiot.example", expected: "foreign-host" },
  { says: "the configured name", host: "IOT.example:9000", expected: "login-required" },
  { says: "no Host", host: "", expected: "foreign-host" },
  { says: "two hosts in one", host: "127.0.0.1,evil.example", expected: "foreign-host" },
  { says: "a user before the host", host: "a@127.0.0.1", expected: "foreign-host" },
  {
    says: "another site's page reading",
    headers: { "sec-fetch-site": "cross-site" },
    expected: "foreign-origin",
  },
  { says: "local change", ...change, expected: "login-required" },
  { says: "change with the token", ...change, login: "bearer", expected: "in" },
  {
    says: "change with the token from the LAN",
    ...change,
    ...lan,
    login: "bearer",
    expected: "in",
  },
  { says: "change from our page", ...change, login: "cookie", headers: own, expected: "in" },
  {
    says: "change from our page, an older browser",
    ...change,
    login: "cookie",
    headers: { origin: own.origin },
    expected: "in",
  },
  {
    says: "a change with a cookie and no Origin",
    ...change,
    login: "cookie",
    expected: "foreign-origin",
  },
  {
    says: "another origin with our cookie",
    ...change,
    login: "cookie",
    headers: { origin: "http://evil.example" },
    expected: "foreign-origin",
  },
  {
    says: "another port of this host with our cookie",
    ...change,
    login: "cookie",
    headers: { origin: "http://127.0.0.1:8080", "sec-fetch-site": "same-site" },
    expected: "foreign-origin",
  },
  {
    says: "an opaque origin",
    ...change,
    login: "cookie",
    headers: { origin: "null" },
    expected: "foreign-origin",
  },
  {
    says: "same Origin, but the browser says same-site",
    ...change,
    login: "bearer",
    headers: { origin: own.origin, "sec-fetch-site": "same-site" },
    expected: "foreign-origin",
  },
  {
    says: "logging in from another site's page",
    method: "POST",
    access: "open",
    headers: { origin: "http://evil.example" },
    expected: "foreign-origin",
  },
  {
    says: "a change through a proxy that changes Host",
    ...change,
    login: "cookie",
    headers: { origin: "https://dash.example" },
    expected: "in",
  },
  {
    says: "a change through a proxy that leaves the port out of Host",
    ...change,
    login: "cookie",
    host: "dash.example",
    headers: { origin: "https://dash.example:8443", "sec-fetch-site": "same-origin" },
    expected: "in",
  },
  {
    says: "a change from another port of the proxy",
    ...change,
    login: "cookie",
    host: "dash.example",
    headers: { origin: "https://dash.example:8443" },
    expected: "foreign-origin",
  },
  { says: "logging in from a script", method: "POST", access: "open", expected: "in" },
  { says: "the page itself from the LAN", ...lan, access: "open", expected: "in" },
];

describe("the request matrix", () => {
  for (const row of cases) {
    test(`${row.says}: ${row.expected}`, () => {
      expect(admit(row)).toBe(row.expected);
    });
  }
});

function loginsAt(monotonic: () => number): DashboardLogins {
  return new DashboardLogins(token, { wall: () => now, monotonic });
}

function admit(row: Case): string {
  const logins = loginsAt(() => now);
  const headers = new Headers({ host: row.host ?? "127.0.0.1:9000", ...row.headers });
  if (row.login === "bearer") headers.set("authorization", `Bearer ${token}`);
  if (row.login === "wrong") headers.set("authorization", `Bearer ${token.slice(1)}`);
  if (row.login === "cookie") headers.set("cookie", `a=b; ${logins.cookies.begin(false)}`);
  const request = new Request("http://127.0.0.1/", { method: row.method ?? "GET", headers });
  const gate = new AccessControl({
    logins,
    names: ["iot.example"],
    proxyNames: ["dash.example"],
    trustedProxies: [],
    publicRead: row.publicRead ?? false,
  });
  try {
    gate.checkHost(request);
    gate.admit(request, row.peer ?? "127.0.0.1", row.access ?? "read");
    return "in";
  } catch (error) {
    return error instanceof Problem ? error.code : String(error);
  }
}

describe("hosts", () => {
  const rows: readonly [authority: string, host: string | null][] = [
    ["127.0.0.1:9000", "127.0.0.1"],
    ["LOCALHOST", "localhost"],
    ["[::1]:80", "::1"],
    ["::1", null],
    ["a b", null],
    ["host:123456", null],
    ["host/path", null],
  ];
  for (const [authority, host] of rows) {
    test(`of ${authority}`, () => expect(hostOf(authority)).toBe(host));
  }

  test("only loopback addresses and hosts count as loopback", () => {
    for (const ip of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
      expect(isLoopbackIp(ip)).toBe(true);
    for (const ip of ["128.0.0.1", "10.0.0.1", "::2", "", "127.evil.example"])
      expect(isLoopbackIp(ip)).toBe(false);
    expect(isLoopbackHost("iot.localhost")).toBe(true);
    expect(isLoopbackHost("127.0.0.1.evil.example")).toBe(false);
    expect(isServedHost("127.0.0.1.evil.example", [])).toBe(false);
  });
});

describe("logins", () => {
  test("wrong tokens are counted per source, and lock out no right one", () => {
    let at = now;
    const logins = loginsAt(() => at);
    const tries = Array.from({ length: 6 }, () => logins.tryToken("wrong", "10.0.0.1"));
    expect(tries).toEqual([...Array(5).fill("refused"), "too-many"]);
    expect(logins.tryToken(token, "10.0.0.1")).toBe("accepted");
    expect(logins.tryLink(logins.newLink(), "10.0.0.1")).toBe("accepted");
    expect(logins.tryToken("wrong", "10.0.0.2")).toBe("refused");
    expect(logins.tryToken("wrong", null)).toBe("refused");
    at += 10_001;
    expect(logins.tryToken("wrong", "10.0.0.1")).toBe("refused");
  });

  test("a login link works once, and for five minutes", () => {
    let at = now;
    const logins = loginsAt(() => at);
    const code = logins.newLink();
    expect(logins.tryLink(code, "a")).toBe("accepted");
    expect(logins.tryLink(code, "a")).toBe("refused");
    const late = logins.newLink();
    at += 5 * 60_000 + 1;
    expect(logins.tryLink(late, "a")).toBe("refused");
  });
});
