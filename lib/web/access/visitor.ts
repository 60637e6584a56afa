// Owns the answer to who sends a request: through proxies, whose headers are believed only from this machine and from
// trusted ones. Never decides what a visitor may do.

import { canonicalIp, isIp } from "../../protocol/ip.ts";
import { hostOf, isLoopbackHost, isLoopbackIp } from "./host-check.ts";

/** Who sends a request. */
export type Visitor = {
  /** The client's address; behind a proxy that is believed, the one it states. */
  readonly ip: string;
  /** Whether the request comes from this machine, names it as its host, and has no header of a proxy. */
  readonly isLocal: boolean;
  /** Whether the browser speaks TLS, to the proxy. */
  readonly overTls: boolean;
  /** Whether a page of another site caused the request, as browsers tell. */
  readonly isCrossSite: boolean;
};

const forwardingHeaders = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "via",
];

/**
 * Tells who sends a request.
 * @param peerIp the address that the connection came from
 * @param trustedProxies canonical addresses besides loopback whose `X-Forwarded-For` and `-Proto` are believed
 */
export function visitorOf(
  { headers }: Request,
  peerIp: string,
  trustedProxies: readonly string[],
): Visitor {
  const peer = canonicalIp(peerIp);
  const isBelieved = (ip: string) => isLoopbackIp(ip) || trustedProxies.includes(ip);
  const host = hostOf(headers.get("host") ?? "");
  const origin = headers.get("origin");
  const proto = isBelieved(peer) ? headers.get("x-forwarded-proto") : null;
  return {
    ip: isBelieved(peer) ? clientOf(headers.get("x-forwarded-for"), peer, isBelieved) : peer,
    isLocal:
      isLoopbackIp(peer) &&
      host !== null &&
      isLoopbackHost(host) &&
      !forwardingHeaders.some((name) => headers.has(name)),
    overTls: /^\s*https\b/i.test(proto ?? "") || (origin ?? "").startsWith("https://"),
    isCrossSite: isCrossSite(headers.get("sec-fetch-site"), origin, headers.get("host")),
  };
}

/** The last address in the list that is no proxy which is believed: what stands before it, the client can have made up. */
function clientOf(list: string | null, peer: string, isBelieved: (ip: string) => boolean): string {
  let client = peer;
  for (const stated of (list ?? "").split(",").reverse()) {
    const ip = canonicalIp(stated.trim());
    if (!isIp(ip)) return client;
    client = ip;
    if (!isBelieved(ip)) return client;
  }
  return client;
}

function isCrossSite(site: string | null, origin: string | null, host: string | null): boolean {
  if (site !== null) return site === "cross-site" || site === "same-site";
  return origin !== null && origin.replace(/^https?:\/\//, "") !== host?.toLowerCase();
}
