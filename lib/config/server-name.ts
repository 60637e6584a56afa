// Parses the name of a client's server: a host name or an IP literal, and a port. Never resolves it.

import { portValue, quoted, usageError } from "./values.ts";

/** A server: a host name or an IP literal without brackets, and a port. */
export type ServerName = { readonly host: string; readonly port: number };

/**
 * Parses `host:port`; an IPv6 address is in brackets.
 * @param name the flag or argument, for the error
 * @throws OperatingError `usage`
 */
export function serverNameValue(name: string, text: string): ServerName {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined) {
    throw usageError(
      `${name} is ${quoted(text)}, not a host and a port.`,
      "Write it as 192.0.2.7:9000, host.example:9000 or [::1]:9000.",
    );
  }
  return { host: hostValue(name, host), port: portValue(`The port of ${name}`, port) };
}

/**
 * Parses a host; an IPv6 address may be in brackets.
 * @param name the flag or argument, for the error
 * @throws OperatingError `usage`
 */
export function hostValue(name: string, text: string): string {
  const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (/^[A-Za-z0-9._:%-]{1,253}$/.test(host)) return host;
  throw usageError(`${name} is ${quoted(host)}, not a host.`, "Give a host name or an IP address.");
}
