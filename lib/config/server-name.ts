// Parses the names of a client's servers: each a host name or an IP literal, and a port. Never resolves them.

import { portValue, quoted, usageError } from "./values.ts";

/** A server: a host name or an IP literal without brackets, and a port. */
export type ServerName = { readonly host: string; readonly port: number };

/** Implementation constant. */
const serversMax = 8;

/** `host:port` for people; also the name under which the key is pinned. */
export function serverName({ host, port }: ServerName): string {
  const lower = host.toLowerCase();
  return lower.includes(":") ? `[${lower}]:${port}` : `${lower}:${port}`;
}

/**
 * Parses `host:port` or a list of up to 8 of them, with commas between.
 * @param name the flag or argument, for the error
 * @throws OperatingError `usage`
 */
export function serverNamesValue(name: string, text: string): readonly ServerName[] {
  if (!text.includes(",")) return [serverNameValue(name, text)];
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.includes("")) {
    throw usageError(
      `${name} has an empty entry: ${quoted(text)}.`,
      "Write it as host.example:9000,host2.example:9000.",
    );
  }
  if (entries.length > serversMax) {
    throw usageError(`${name} names ${entries.length} servers.`, `Name ${serversMax} at most.`);
  }
  const servers = entries.map((entry) => serverNameValue(name, entry));
  const names = servers.map(serverName);
  const twice = names.find((each, at) => names.indexOf(each) < at);
  if (twice === undefined) return servers;
  throw usageError(`${name} names ${twice} twice.`, "Name each server once.");
}

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
