// Where a PostgreSQL server is and how to speak to it. The password is in it and nowhere else: never in a text for people.

import type { SQL } from "bun";
import type { Host, Hosts } from "./hosts.ts";

/** A database of a PostgreSQL server, as `--store` names it. */
export type PostgresAddress = {
  readonly hosts: Hosts;
  readonly username: string;
  readonly database: string;
  readonly password: string | null;
  readonly tls: "disable" | "prefer" | "verify-ca" | "verify-full" | "require";
  /** The file with the certificates of its authority; null for those of the system. */
  readonly rootCert: string | null;
  /** False behind a pooler that gives each transaction another connection (pgbouncer). */
  readonly prepare: boolean;
};

/** The address for people: without its password. */
export function shownAddress({ hosts, username, database }: PostgresAddress): string {
  return `postgres://${username}@${hosts.all.map(shownHost).join(",")}/${database}`;
}

function shownHost({ hostname, port }: Host): string {
  const host = hostname.startsWith("/") ? encodeURIComponent(hostname) : hostname;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** How long PostgreSQL may work on a statement of a server, ms. */
const statementMsMax = 5_000;
/** How long a connection may take to open, s. */
const connectSeconds = 4;

/**
 * How Bun is to connect. No idleTimeout and no maxLifetime: connections that end by themselves lose queries.
 * @param name shown in PostgreSQL's list of sessions
 * @param onclose called for each connection that ends or could not be opened
 * @param statementMs how long PostgreSQL may work on a statement
 * @param host one of the servers; the one that led last by default
 */
export function connectionOptions(
  address: PostgresAddress,
  name: string,
  max: number,
  onclose: (error: Error | null) => void = () => {},
  statementMs = statementMsMax,
  { hostname, port }: Host = address.hosts.current,
): SQL.Options {
  const { username, database, password, prepare } = address;
  // A pooler refuses what it does not know, and shares connections between sessions: there the deadlines here must do.
  const connection = prepare ? sessionSettings(name, statementMs) : { application_name: name };
  const to = { hostname, port, username, database, password: password ?? "" };
  const options = { adapter: "postgres", tls: tlsOf(address), prepare, max, connection } as const;
  return { ...to, ...options, connectionTimeout: connectSeconds, bigint: false, onclose };
}

function tlsOf({ tls, rootCert }: PostgresAddress) {
  if (rootCert === null || !tls.startsWith("verify")) return tls;
  const ca = Bun.file(rootCert);
  return tls === "verify-ca" ? { ca, checkServerIdentity: () => undefined } : { ca };
}

function sessionSettings(name: string, statementMs: number) {
  return {
    application_name: name,
    statement_timeout: `${statementMs}ms`,
    lock_timeout: "3s",
    idle_in_transaction_session_timeout: "5s",
    synchronous_commit: "on",
    timezone: "UTC",
  };
}
