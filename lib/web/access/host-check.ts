// Owns the check of host names against DNS rebinding: a page of another site whose name was made to point to this
// server is refused. IP addresses need no list, because they cannot be rebound. Never resolves a name.

import { canonicalIp, isIp } from "../../protocol/ip.ts";

/** The host in a Host header, without port and brackets, in lower case; null if it is malformed. */
export function hostOf(authority: string): string | null {
  const parts = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(
    authority,
  );
  const host = parts?.[1] ?? parts?.[2];
  return host === undefined ? null : host.toLowerCase();
}

/** Whether a host name or address always means this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || isLoopbackIp(host);
}

/** Whether an address is a loopback address, IPv4-mapped ones included. */
export function isLoopbackIp(ip: string): boolean {
  const plain = canonicalIp(ip);
  return plain === "::1" || (isIp(plain) && plain.startsWith("127."));
}

/**
 * Whether a request for this host is answered.
 * @param names host names to serve besides loopback names and IP addresses, in lower case
 */
export function isServedHost(host: string, names: readonly string[]): boolean {
  return isLoopbackHost(host) || isIp(host) || names.includes(host);
}
