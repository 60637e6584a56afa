// Which host names are served: a page of another site that lets its name point here (DNS rebinding) is turned away.
// Addresses need no list: nobody can rebind a number.

import { isIp } from "../protocol/ip.ts";

/** The host of a Host header or an origin: without its port and brackets, lower case; null where it is none. */
export function hostOf(authority: string): string | null {
  const parts = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(
    authority,
  );
  const host = parts?.[1] ?? parts?.[2];
  return host === undefined ? null : host.toLowerCase();
}

/** Whether a host name or address means this machine only. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || isLoopbackIp(host);
}

/** Whether an address is of the loopback interface. */
export function isLoopbackIp(ip: string): boolean {
  const plain = ip.startsWith("::ffff:") ? ip.slice(7) : ip;
  return plain === "::1" || (isIp(plain) && plain.startsWith("127."));
}

/**
 * Whether a host is served.
 * @param names what else is served: the configured host, the machine's name; lower case
 */
export function isServedHost(host: string, names: readonly string[]): boolean {
  return isLoopbackHost(host) || isIp(host) || names.includes(host);
}
