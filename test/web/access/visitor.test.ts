// Who sends a request: the headers of proxies are believed from this machine and from trusted ones only.

import { expect, setDefaultTimeout, test } from "bun:test";
import { visitorOf } from "../../../lib/web/access/visitor.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

type Headers = Readonly<Record<string, string>>;

function visitor(peerIp: string, headers: Headers = {}) {
  const request = new Request("http://127.0.0.1/", {
    headers: { host: "127.0.0.1:9000", ...headers },
  });
  return visitorOf(request, peerIp, ["192.0.2.7", "2001:db8::7"]);
}

const forwardedFor = (list: string) => ({ "x-forwarded-for": list });

const clients: readonly [says: string, peer: string, headers: Headers, ip: string][] = [
  ["no proxy", "198.51.100.1", {}, "198.51.100.1"],
  ["IPv4 in IPv6 notation", "::ffff:198.51.100.1", {}, "198.51.100.1"],
  ["a proxy on this machine", "127.0.0.1", forwardedFor("203.0.113.9"), "203.0.113.9"],
  ["a trusted proxy", "192.0.2.7", forwardedFor("203.0.113.9"), "203.0.113.9"],
  ["a trusted proxy over IPv6", "2001:db8::7", forwardedFor("2001:db8::9"), "2001:db8::9"],
  ["somebody else's list", "198.51.100.1", forwardedFor("203.0.113.9"), "198.51.100.1"],
  [
    "a client that made up a list",
    "127.0.0.1",
    forwardedFor("1.1.1.1, 203.0.113.9"),
    "203.0.113.9",
  ],
  ["two proxies", "127.0.0.1", forwardedFor("1.1.1.1, 203.0.113.9,192.0.2.7"), "203.0.113.9"],
  ["no address in the list", "127.0.0.1", forwardedFor("unknown"), "127.0.0.1"],
  ["no address before the proxy", "127.0.0.1", forwardedFor("unknown, 192.0.2.7"), "192.0.2.7"],
];

for (const [says, peer, headers, ip] of clients) {
  test(`${says}: ${ip}`, () => expect(visitor(peer, headers).ip).toBe(ip));
}

test("a forwarded client is never local, whatever it states", () => {
  expect(visitor("127.0.0.1").isLocal).toBe(true);
  expect(visitor("192.0.2.7").isLocal).toBe(false);
  for (const ip of ["127.0.0.1", "::1", "203.0.113.9", "unknown"])
    expect(visitor("127.0.0.1", forwardedFor(ip)).isLocal).toBe(false);
});

test.each(["forwarded", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"])(
  "a request with %s came through a proxy and is not local",
  (header) => expect(visitor("127.0.0.1", { [header]: "http" }).isLocal).toBe(false),
);

test("that a browser speaks TLS is believed from the same proxies only", () => {
  const https = { "x-forwarded-proto": "https" };
  expect(visitor("127.0.0.1", https).overTls).toBe(true);
  expect(visitor("192.0.2.7", https).overTls).toBe(true);
  expect(visitor("198.51.100.1", https).overTls).toBe(false);
  expect(visitor("127.0.0.1", { "x-forwarded-proto": "http" }).overTls).toBe(false);
});

test("a request of another site's page is known by what the browser tells", () => {
  const site = (headers: Headers) => visitor("127.0.0.1", headers).isCrossSite;
  expect(["cross-site", "same-site"].map((one) => site({ "sec-fetch-site": one }))).toEqual([
    true,
    true,
  ]);
  expect(["none", "same-origin"].map((one) => site({ "sec-fetch-site": one }))).toEqual([
    false,
    false,
  ]);
  expect(site({ origin: "http://evil.example" })).toBe(true);
  expect(site({ origin: "http://127.0.0.1:9000" })).toBe(false);
  expect(site({})).toBe(false);
});
